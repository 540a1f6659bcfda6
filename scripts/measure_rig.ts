/** What the measurements share: a producer, a worker seen from outside, and time. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import RdKafka from "@confluentinc/kafka-javascript";
import { CpuClock } from "./cpu_clock.ts";

const brokers = process.env.TASKC_BROKERS!;
export const folder = mkdtempSync(join(tmpdir(), "measure-"));
const executable = join(import.meta.dirname!, "..", "dist", "taskc");
const PARTITIONS = "4";

/** Wall clock with a fraction, the same in all processes of one machine. */
export const now = () => performance.timeOrigin + performance.now();
export const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
export const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
export const percentile = (values: number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!;

type Producer = InstanceType<typeof RdKafka.Producer>;

/** `lingerMs`: how long messages are gathered; librdkafka's own default is 5. */
function openProducer(lingerMs: number): Promise<Producer> {
  return new Promise((resolve, reject) => {
    const client = new RdKafka.Producer({
      "bootstrap.servers": brokers,
      "linger.ms": lingerMs,
      "queue.buffering.max.messages": 3_000_000,
      "queue.buffering.max.kbytes": 1_000_000,
      "dr_cb": lingerMs === 0,
    });
    client.connect({ timeout: 10_000 }, (error) => {
      if (error) return reject(error);
      // Reports come as events: a timer of a millisecond would be in the way of what is measured.
      client.setPollInBackground(true);
      resolve(client);
    });
  });
}

const producer = await openProducer(5);
const prompt = await openProducer(0);

export function send(topic: string, partition: number | null, value: unknown): void {
  producer.produce(topic, partition, Buffer.from(JSON.stringify(value)));
}

/** Milliseconds from each `sendAtOnce` to the broker's acknowledgement. */
export const acknowledged: number[] = [];
prompt.on("delivery-report", (error, report) => {
  if (error) throw error;
  acknowledged.push(now() - report.opaque);
});

/** Sends one message at once, gathering nothing. */
export function sendAtOnce(topic: string, partition: number | null, value: unknown): void {
  prompt.produce(topic, partition, Buffer.from(JSON.stringify(value)), null, null, now());
}

export function flush(): Promise<void> {
  return new Promise((resolve, reject) =>
    producer.flush(120_000, (error: unknown) => error ? reject(error) : resolve())
  );
}

export function writeModule(name: string, text: string): string {
  const file = join(folder, `${name}.ts`);
  writeFileSync(
    file,
    `import { task, z } from "taskc";\nimport { appendFileSync } from "node:fs";\n${text}`,
  );
  return file;
}

interface Stats {
  type: string;
  rssBytes: number;
  peakRssBytes: number;
  peakInFlight: number;
  fetchedBytes: number;
  totals: { done: number };
  topics: { lag: number | null }[];
}

export class Worker {
  readonly stats: Stats[] = [];
  readonly exited: Promise<number | null>;
  readonly pid: number;
  readonly cpu: CpuClock;
  readonly #child;

  constructor(module: string, args: string[]) {
    this.#child = spawn(executable, ["run", module, "--stats", "json", ...args], {
      cwd: folder,
      env: { ...process.env, TASKC_BROKERS: brokers },
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.pid = this.#child.pid!;
    this.cpu = new CpuClock(this.pid);
    let rest = "";
    this.#child.stderr.on("data", (chunk) => {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line.startsWith('{"type":"stats"') || line.startsWith('{"type":"summary"')) {
          this.stats.push(JSON.parse(line));
        } else if (!line.startsWith("{")) process.stderr.write(`${line}\n`);
      }
    });
    this.exited = new Promise((resolve) => this.#child.on("exit", resolve));
  }

  async stop(): Promise<Stats> {
    this.#child.kill("SIGTERM");
    await this.exited;
    return this.stats.at(-1)!;
  }

  residentBytes(): number {
    return Number(readFileSync(`/proc/${this.pid}/statm`, "utf8").split(" ")[1]) * 4096;
  }
}

export const GROUP = () => `measure-${Math.random().toString(36).slice(2)}`;

export async function makeTopics(module: string): Promise<void> {
  const worker = new Worker(module, [
    "--create-topics",
    "--partitions",
    PARTITIONS,
    "--drain",
    "--group",
    GROUP(),
  ]);
  if (await worker.exited !== 0) throw new Error(`Cannot make the topics of ${module}`);
}

export async function waitFor(ready: () => boolean): Promise<void> {
  while (!ready()) await sleep(2);
}
