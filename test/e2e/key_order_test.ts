/**
 * `order: "key"` on a real broker: keys of every kind, some of their messages fail first, the worker is
 * killed without warning. In each worker, what starts of a key is in the order of the log.
 */
import assert from "node:assert/strict";
import {
  brokerTest,
  committed,
  lag,
  type Outgoing,
  produce,
  project,
  runWorker,
  topic,
  until,
} from "./harness.ts";

const PARTITIONS = 3;
const KEYS = 40;
const PER_KEY = 15;

/** Starts are told with partition and offset, so that their order can be compared with the log. */
const tasks = (from: string, options = "") => `
import { task } from "taskc";
import { finished, started } from "./ledger.ts";

export const work = task({
  topic: ${JSON.stringify(from)},
  order: "key",
  retry: { attempts: 3, min: "20ms", max: "50ms" },
  ${options}
  run: async ({ ms, failures }: { ms: number; failures: number }, { attempt, key, partition, offset }) => {
    const id = \`\${key}|\${partition}|\${offset}\`;
    started(id);
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (attempt <= failures) throw new Error(\`attempt \${attempt} failed\`);
    finished(id);
  },
});
`;

interface Line {
  kind: string;
  pid: number;
  key: string;
  partition: number;
  offset: number;
}

function readLines(text: string): Line[] {
  return text.split("\n").slice(0, -1).map((line) => {
    const [kind, pid, id] = line.split(" ");
    const [key, partition, offset] = id!.split("|");
    return {
      kind: kind!,
      pid: Number(pid),
      key: key!,
      partition: Number(partition),
      offset: Number(offset),
    };
  });
}

/** What a worker did with each key: nothing starts before all before it has finished or was given up. */
function assertOrder(lines: Line[]): void {
  const byKey = Map.groupBy(
    lines,
    ({ pid, partition, key }) => JSON.stringify([pid, partition, key]),
  );
  for (const [name, ofKey] of byKey) {
    const starts = ofKey.filter(({ kind }) => kind === "start").map(({ offset }) => offset);
    assert.deepEqual(starts, starts.toSorted((a, b) => a - b), `starts of ${name}`);
    for (const [at, { kind, offset }] of ofKey.entries()) {
      const before = ofKey[at - 1];
      if (kind !== "start" || !before || before.offset === offset) continue;
      assert.equal(
        before.kind,
        "finish",
        `${name}: ${offset} started before ${before.offset} ended`,
      );
    }
  }
}

brokerTest(
  "the messages of a key start in the order of the log, across retries and a kill",
  async () => {
    const from = await topic({ partitions: PARTITIONS });
    using folder = project({ "tasks.ts": tasks(from) });
    const messages: Outgoing[] = [];
    for (let round = 0; round < PER_KEY; round++) {
      for (let key = 0; key < KEYS; key++) {
        messages.push({
          key: `key-${key}`,
          partition: key % PARTITIONS,
          value: JSON.stringify({
            ms: (key + round) % 20,
            failures: (key + round) % 5 === 0 ? 2 : 0,
          }),
        });
      }
    }
    await produce(from, messages);
    const args = ["--commit-interval", "200ms", "--concurrency", "100"];
    // Here a killed member is missed sooner; under KIP-848 the broker decides when.
    args.push("--group-protocol", "classic", "-X", "session.timeout.ms=6000");
    await using victim = runWorker(folder, args);
    await until("half of the work", () => folder.finishedCount() > messages.length / 2);
    victim.kill("SIGKILL");
    await victim.waitForExit();
    await using worker = runWorker(folder, args);
    await until("all to be committed", async () => await lag(worker.group, from) === 0);
    worker.kill("SIGTERM");
    assert.equal((await worker.waitForExit()).code, 0);

    const lines = readLines(folder.read("ledger.txt"));
    assert.equal(folder.finishedCount(), messages.length);
    assert.deepEqual([...new Set(lines.map(({ pid }) => pid))], [victim.pid, worker.pid]);
    assertOrder(lines);
    // Two at once of different keys, or this would prove nothing.
    let open = 0;
    let most = 0;
    for (const { kind, pid } of lines) {
      if (pid !== worker.pid) continue;
      open += kind === "start" ? 1 : -1;
      most = Math.max(most, open);
    }
    assert.ok(most > 5, `${most} at once`);
  },
);

brokerTest(
  "a key that is blocked by its dead letter stays so until the next worker tries it anew",
  async () => {
    const from = await topic();
    const options = 'onDead: "block",';
    using folder = project({ "tasks.ts": tasks(from, options) });
    const message = (key: string, failures: number) => ({
      key,
      value: JSON.stringify({ ms: 1, failures }),
    });
    await produce(from, [message("bad", 3), message("bad", 0), message("good", 0)]);
    await using first = runWorker(folder);
    await first.waitForEvent("dead");
    await produce(from, [message("good", 0)]);
    await until("what is good", () => folder.finishedCount() === 2);
    first.kill("SIGTERM");
    assert.equal((await first.waitForExit()).code, 0);
    assert.equal((await committed(first.group, from)).get(0)?.offset ?? 0, 0);
    assert.ok(!folder.ledger().has("bad|0|1"));

    // The next deployment has learnt to do it.
    folder.write({ "tasks.ts": tasks(from, options).replace("attempt <= failures", "false") });
    await using second = runWorker(folder);
    await until("all to be committed", async () => await lag(second.group, from) === 0);
    assert.equal(folder.finishedCount(), 4);
    assertOrder(readLines(folder.read("ledger.txt")).filter(({ pid }) => pid === second.pid));
  },
);
