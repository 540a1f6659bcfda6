/**
 * Figures of the main job, each from the compiled executable and a real broker, seen from outside: the
 * producer is this process, and the tasks write what they saw to files. Run by scripts/measure.
 */
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import {
  acknowledged,
  flush,
  folder,
  GROUP,
  makeTopics,
  median,
  now,
  percentile,
  send,
  sendAtOnce,
  sleep,
  waitFor,
  Worker,
  writeModule,
} from "./measure_rig.ts";
import { WireSender } from "./measure_wire.ts";

const tell = (what: string, figure: string) => {
  process.stdout.write(`${what.padEnd(58)} ${figure}\n`);
};

/** 6,000 jobs of 5 s and 4,000 of none: from the first send to the last completion. */
async function jobs(): Promise<void> {
  const done = join(folder, "jobs.done");
  const module = writeModule(
    "jobs",
    `let done = 0;
export const job = task({ schema: z.object({ ms: z.number(), of: z.number() }), run: async ({ ms, of }) => {
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms));
  if (++done === of) { appendFileSync("${done}", (performance.timeOrigin + performance.now()) + "\\n"); done = 0; }
} });`,
  );
  await makeTopics(module);
  const worker = new Worker(module, [
    "--concurrency",
    "6000",
    "--group",
    GROUP(),
    "--from",
    "latest",
  ]);
  await sleep(3000);
  let ends = 0;
  const round = async (count: number, ms: number): Promise<number> => {
    const start = now();
    for (let n = 0; n < count; n++) send("job", n % 4, { ms, of: count });
    ends++;
    await waitFor(() =>
      existsSync(done) && readFileSync(done, "utf8").trim().split("\n").length === ends
    );
    return Number(readFileSync(done, "utf8").trim().split("\n").at(-1)) - start;
  };
  await round(4000, 0);
  for (
    const [count, label] of [[500, "100×5"], [1000, "200×5"], [2000, "200×10"], [
      4000,
      "200×20",
    ]] as const
  ) {
    const times: number[] = [];
    for (let n = 0; n < 9; n++) {
      times.push(await round(count, 0));
      await sleep(200);
    }
    tell(
      `${count} jobs without I/O (${label}): min, median, max`,
      [
        Math.min(...times),
        median(times),
        Math.max(...times),
      ].map((ms) => `${ms.toFixed(0)} ms`).join(", "),
    );
  }
  const waits: number[] = [];
  for (let n = 0; n < 3; n++) waits.push(await round(6000, 5000));
  tell(
    "6,000 jobs of 5 s: min, median, max",
    [
      Math.min(...waits),
      median(waits),
      Math.max(...waits),
    ].map((ms) => `${(ms / 1000).toFixed(3)} s`).join(", "),
  );
  const last = await worker.stop();
  tell("  in flight at most", String(last.peakInFlight));
}

/** 100,000 jobs of 5 s at once in one process. */
async function many(): Promise<void> {
  const module = writeModule(
    "many",
    `export const many = task({ schema: z.object({ n: z.number() }), run: () => new Promise<void>((resolve) => setTimeout(resolve, 5000)) });`,
  );
  await makeTopics(module);
  const count = 100_000;
  for (let n = 0; n < count; n++) send("many", n % 4, { n });
  await flush();
  const worker = new Worker(module, [
    "--concurrency",
    String(count),
    "--max-bytes",
    "1GiB",
    "--drain",
    "--group",
    GROUP(),
  ]);
  const started = now();
  await worker.exited;
  const last = worker.stats.at(-1)!;
  tell(
    "100,000 jobs of 5 s, queued: from start to exit",
    `${((now() - started) / 1000).toFixed(2)} s`,
  );
  tell("  in flight at most", String(last.peakInFlight));
  tell("  peak memory", `${(last.peakRssBytes / 2 ** 20).toFixed(0)} MiB`);
}

/** Messages before anything is measured. */
const WARM_UP = 60_000;

/** An idle worker's share of a core, and how soon a message starts its task. */
async function idle(): Promise<void> {
  const starts = join(folder, "idle.starts");
  const module = writeModule(
    "idle",
    `export const idle = task({ run: ({ at }: { at: number }) => appendFileSync("${starts}", (performance.timeOrigin + performance.now() - at) + "\\n") });`,
  );
  await makeTopics(module);
  const worker = new Worker(module, ["--group", GROUP()]);
  await sleep(5000);
  // A broker that has just started is slow, until its own code is compiled.
  for (let n = 0; n < WARM_UP; n++) {
    sendAtOnce("idle", n % 4, { at: now() });
    if (n % 2 === 0) await sleep(1);
  }
  // The broker may be behind by seconds.
  await waitFor(() => acknowledged.length === WARM_UP);
  await sleep(5000);
  acknowledged.length = 0;
  const before = worker.cpu.seconds();
  await sleep(30_000);
  tell(
    "idle: share of a core over 30 s",
    `${((worker.cpu.seconds() - before) / 0.3).toFixed(2)} %`,
  );
  const count = 500;
  const latencies = async (send: (n: number) => void) => {
    rmSync(starts, { force: true });
    for (let n = 0; n < count; n++) {
      send(n);
      await sleep(100 + Math.random() * 50);
    }
    await sleep(500);
    return readFileSync(starts, "utf8").trim().split("\n").map(Number);
  };
  const sent = await latencies((n) => sendAtOnce("idle", n % 4, { at: now() }));
  tell(
    `send to start, ${sent.length} messages by a client: p50, p99, max`,
    describeLatencies(sent),
  );
  tell("  the broker's acknowledgement of the same", describeLatencies(acknowledged));
  const sender = await WireSender.open(process.env.TASKC_BROKERS!);
  const written = await latencies((n) => sender.send("idle", n % 4, (at) => ({ at })));
  tell(`  the same, ${written.length} messages straight on the wire`, describeLatencies(written));
  tell("  the broker's acknowledgement of the same", describeLatencies(sender.answeredMs));
  sender.close();
  await worker.stop();
}

/** 50th and 99th percentile, and the maximum. */
function describeLatencies(latencies: number[]): string {
  return [percentile(latencies, 0.5), percentile(latencies, 0.99), Math.max(...latencies)]
    .map((ms) => `${ms.toFixed(2)} ms`).join(", ");
}

/** 2,000,000 messages: memory on the way, lag at the end. */
async function long(): Promise<void> {
  const memory = join(folder, "long.memory");
  const module = writeModule(
    "long",
    `
let done = 0;
export const long = task({
  schema: z.object({ id: z.number(), name: z.string(), ok: z.boolean() }),
  run: async () => {
    if (++done % 20_000 !== 0) return;
    const { heapUsed, rss } = process.memoryUsage();
    appendFileSync("${memory}", JSON.stringify({ heapUsed, rss }) + "\\n");
  },
});`,
  );
  await makeTopics(module);
  const count = 2_000_000;
  for (let id = 0; id < count; id++) {
    send("long", id % 4, { id, name: `name-${id}-${"x".repeat(50)}`, ok: true });
    if (id % 100_000 === 0) await sleep(1);
  }
  await flush();
  const group = GROUP();
  const worker = new Worker(module, ["--drain", "--group", group]);
  const started = now();
  let cpu = 0;
  const cpuTimer = setInterval(() => {
    try {
      cpu = worker.cpu.seconds();
    } catch { /* it has just ended */ }
  }, 50);
  const code = await worker.exited;
  clearInterval(cpuTimer);
  const last = worker.stats.at(-1)!;
  tell("2,000,000 messages: done, exit code", `${last.totals.done}, ${code}`);
  tell("  lag at the end", String(last.topics.map(({ lag }) => lag)));
  tell(
    "  rate, CPU seconds per million",
    `${(count / (now() - started)).toFixed(0)} thousand/s, ${(cpu / 2).toFixed(2)}`,
  );
  const samples: { heapUsed: number; rss: number }[] = readFileSync(memory, "utf8").trim()
    .split("\n").map((line) => JSON.parse(line));
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  // Ten samples each.
  const parts = Array.from({ length: 10 }, (_, n) => samples.slice(n * 10, (n + 1) * 10));
  const resident = parts.map((part) => mib(median(part.map(({ rss }) => rss))));
  tell("  resident in each 200,000, medians", `${resident.join(", ")} MiB`);
  tell(
    "  resident at 200,000, at most after it, at the end",
    [samples[9]!.rss, Math.max(...samples.slice(10).map(({ rss }) => rss)), samples.at(-1)!.rss]
      .map((bytes) => `${mib(bytes)} MiB`).join(", "),
  );
  const least = parts.map((part) => mib(Math.min(...part.map(({ heapUsed }) => heapUsed))));
  tell("  the runtime's heap, least in each 200,000", `${least.join(", ")} MiB`);
}

/** A stuck task with 500,000 messages queued beside one that gets 5,000 a second, and without. */
async function stuck(): Promise<void> {
  for (const queued of [0, 500_000]) {
    const name = `beside${queued}`;
    const seen = join(folder, `${name}.seen`);
    const module = writeModule(
      name,
      `export const stuck = task({ topic: "stuck${queued}", concurrency: 10, timeout: "none", run: () => new Promise<void>(() => {}) });
let delays: number[] = [];
export const live = task({ topic: "${name}", run: ({ at }: { at: number }) => { delays.push(performance.timeOrigin + performance.now() - at); } });
setInterval(() => { if (delays.length) appendFileSync("${seen}", JSON.stringify(delays) + "\\n"); delays = []; }, 1000);`,
    );
    await makeTopics(module);
    for (let n = 0; n < queued; n++) send(`stuck${queued}`, n % 4, { n, filling: "x".repeat(80) });
    await flush();
    const worker = new Worker(module, ["--group", GROUP(), "--grace", "1s"]);
    await sleep(4000);
    const start = performance.now();
    for (let sent = 0; sent < 50_000;) {
      const due = Math.min(50_000, Math.floor((performance.now() - start) * 5));
      for (; sent < due; sent++) send(name, sent % 4, { at: now() });
      await sleep(2);
    }
    await sleep(1500);
    const resident = worker.residentBytes();
    const last = await worker.stop();
    const delays: number[] = readFileSync(seen, "utf8").trim().split("\n")
      .flatMap((line) => JSON.parse(line));
    tell(
      `5,000/s for 10 s beside ${queued} stuck: run, delay p50, p99`,
      `${delays.length}, ${percentile(delays, 0.5).toFixed(2)} ms, ${
        percentile(delays, 0.99).toFixed(2)
      } ms`,
    );
    tell(
      "  bytes received, resident",
      `${(last.fetchedBytes / 1e6).toFixed(1)} MB, ${(resident / 2 ** 20).toFixed(0)} MiB`,
    );
  }
}

const all = { jobs, many, idle, long, stuck };
const chosen = process.argv.slice(2);
for (const [name, measure] of Object.entries(all)) {
  if (chosen.length === 0 || chosen.includes(name)) await measure();
}
process.exit(0);
