/** A broker whose disk takes no more dead letters: none is lost, the trouble is told, and all goes on. */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  deadLetterTopic,
  fetchBytes,
  produceBytes,
  project,
  Worker,
} from "./harness.ts";

const LETTERS = 120;

brokerTest("dead letters wait for a broker whose disk is full", async () => {
  await using cluster = await Cluster.startWithFilesUpTo(12);
  const address = await cluster.address();
  // Its own segments stay small, so that only what is produced by the worker meets the limit.
  await cluster.do("topics", "create", "work", "--config", "segment.bytes=1048576");
  const padding = "x".repeat(120_000);
  using folder = project({
    "tasks.ts": `import { DeadLetter, task } from "taskc";
export const work = task({
  topic: "work",
  run: () => { throw new DeadLetter("for the test"); },
});
`,
  });
  for (let id = 0; id < LETTERS; id++) {
    await produceBytes("work", [{ value: JSON.stringify({ id, padding }) }], { address });
  }
  await using worker = new Worker(folder, "full", [], { env: { TASKC_BROKERS: address } });
  await worker.waitForEvent("broker-down");
  await cluster.do("restart", "1");
  await worker.waitForEvent("broker-up");
  const dead = new Set<number>();
  const letters = deadLetterTopic("full", "work");
  while (dead.size < LETTERS) {
    for (const { value } of await fetchBytes(letters, { address })) {
      dead.add(JSON.parse(String(value)).id);
    }
  }
  worker.kill();
  assert.equal((await worker.waitForExit()).code, 0, worker.events());
  const told = worker.lines.stderr.filter((line) => /kafka-error|refused|broker-/.test(line));
  assert.ok(told.length <= 10, `not one line for each letter:\n${worker.events()}`);
});
