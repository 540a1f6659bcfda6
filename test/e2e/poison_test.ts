/** Messages that end their worker: each is found, ends in the dead letters, and its neighbours run. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  brokerTest,
  consumeAll,
  deadLetterTopic,
  json,
  lag,
  produce,
  type Project,
  project,
  runWorker,
  topic,
  until,
  type Worker,
} from "./harness.ts";

const MESSAGES = 30;
const KILLER = 13;

const WAYS = {
  "calls process.exit": "process.exit(0);",
  "ends in a segmentation fault": "(await import('bun:ffi')).read.u8(1, 0);",
  "takes memory until it is killed": `
      const held = [];
      for (;;) held.push(new Uint8Array(16 << 20).fill(1));`,
};

/** The newer protocol once, where a killed member is missed after the broker's own time. */
const CASES = [
  ...Object.keys(WAYS).map((way) => ({ way: way as keyof typeof WAYS, protocol: "classic" })),
  { way: "calls process.exit", protocol: "consumer" },
] as const;

for (const { way, protocol } of CASES) {
  const code = WAYS[way];
  const name = `a task that ${way}: its message is a dead letter, its neighbours run (${protocol})`;
  brokerTest(name, async () => {
    const from = await topic({ partitions: 1 });
    using folder = project({
      "tasks.ts": `import { task } from "taskc";
import { finished, started } from "./ledger.ts";

export const work = task({
  topic: ${JSON.stringify(from)},
  run: async (id) => {
    started(id);
    if (id === ${KILLER}) { ${code} }
    await new Promise((resolve) => setTimeout(resolve, 20));
    finished(id);
  },
});
`,
    });
    await produce(from, json(Array.from({ length: MESSAGES }, (_, id) => id)));
    const deaths = await runUntilDone(folder, from, protocol);

    const dead = await consumeAll(deadLetterTopic(deaths.group, from));
    assert.deepEqual(dead.map(({ value }) => String(value)), [String(KILLER)]);
    const headers = Object.fromEntries(
      dead[0]!.headers.map(([name, value]) => [name, String(value)]),
    );
    assert.equal(headers["taskc-error-name"], "WorkerKilled");
    assert.equal(headers["taskc-origin"], `${from}/0/${KILLER}`);
    assert.equal(folder.finishedCount(), MESSAGES - 1, "all the others ran to their end");
    // Three ends at one offset, one while it ran alone in its partition, one while it ran alone altogether;
    // before that some that moved the watermark.
    assert.ok(deaths.count >= 5 && deaths.count <= 10, `${deaths.count} workers ended`);
    assert.equal(folder.ledger().get(String(KILLER))!.started, deaths.count);
  });
}

/** Starts workers one after another, as a supervisor does, until nothing is left to do. */
async function runUntilDone(
  folder: Project,
  from: string,
  protocol: string,
): Promise<{ group: string; count: number }> {
  const args = ["--group-protocol", protocol, ...protocol === "classic" ? SESSION : []];
  const told: string[] = [];
  for (let count = 0;; count++) {
    assert.ok(count <= 10, `workers end again and again:\n${told.join("\n")}`);
    await using worker = runWorker(folder, args);
    if (await done(worker, from)) return { group: worker.group, count };
    told.push(worker.events());
  }
}

const MOST_MEMORY = 1 << 30;

/** What a container's memory limit does. */
function killAbove(worker: Worker, bytes: number): void {
  try {
    const status = readFileSync(`/proc/${worker.pid}/status`, "utf8");
    const kib = Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    if (kib * 1024 > bytes) worker.kill("SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A killed member is missed after its session. */
const SESSION = ["-X", "session.timeout.ms=1500", "-X", "heartbeat.interval.ms=300"];

async function done(worker: Worker, from: string): Promise<boolean> {
  let ended = false;
  void worker.waitForExit().then(() => ended = true);
  await until(
    "the end of the worker, or of its work",
    async () => {
      killAbove(worker, MOST_MEMORY);
      return ended || await lag(worker.group, from) === 0;
    },
  );
  return !ended;
}
