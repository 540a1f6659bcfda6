/** What a killed worker has finished does not run again, and what Kafka has lost is told. */
import assert from "node:assert/strict";
import { decodeMetadata } from "../../src/core/commit_metadata.ts";
import {
  brokerTest,
  commitAs,
  committed,
  deleteRecords,
  deleteTopic,
  groupOf,
  json,
  lag,
  produce,
  project,
  runWorker,
  topic,
  until,
  workModule,
} from "./harness.ts";

const QUICK = 5000;

function finishedIn(metadata: ReturnType<typeof decodeMetadata>): number {
  assert.ok(metadata && !("problem" in metadata));
  return metadata.finished.reduce((sum, { from, to }) => sum + to - from, 0);
}

brokerTest("one long task at the head, killed: of those behind it none runs again", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  const quick = Array.from({ length: QUICK }, (_, index) => ({ id: index + 1 }));
  await produce(from, json([{ id: 0, ms: 600_000 }, ...quick]));
  {
    await using first = runWorker(folder, ["--commit-interval", "200ms"]);
    await until("all behind the head to be done", () => folder.finishedCount() === QUICK);
    await until("the broker to know", async () => {
      const { offset, metadata } = (await committed(first.group, from)).get(0)!;
      const read = decodeMetadata(offset, metadata);
      if (offset > 0 || finishedIn(read) < QUICK) return false;
      assert.ok(read && !("problem" in read) && read.epoch >= 0, "the leader epoch is known");
      return true;
    });
    first.kill("SIGKILL");
    await first.waitForExit();
  }
  await using second = runWorker(folder);
  const { finished, takenOver } = await second.waitForEvent("resumed");
  assert.equal(finished, QUICK);
  assert.deepEqual(takenOver, [{ topic: from, partition: 0, offset: 0, takeovers: 1 }]);
  await until("the head to run again", () => folder.ledger().get("0")!.started === 2);
  const again = [...folder.ledger()].filter(([id, { started }]) => id !== "0" && started > 1);
  assert.deepEqual(again, []);
});

brokerTest("metadata of another program: told, and all from the offset on runs", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([0, 1, 2, 3].map((id) => ({ id }))));
  const group = groupOf(folder);
  await commitAs(group, [{
    topic: from,
    partition: 0,
    offset: 2,
    metadata: "t1;forged;o;0;;;;0;;r____;x",
  }]);
  await using worker = runWorker(folder);
  const { offset, reason } = await worker.waitForEvent("metadata-ignored");
  assert.equal(offset, 2);
  assert.match(String(reason), /check does not match/);
  await until("the rest to be done", () => folder.finishedCount() === 2);
  assert.deepEqual([...folder.ledger().keys()], ["2", "3"]);
});

brokerTest("messages deleted before they ran are told, with how many are gone", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  const group = groupOf(folder);
  await produce(from, json([0, 1, 2, 3, 4, 5].map((id) => ({ id }))));
  await commitAs(group, [{ topic: from, partition: 0, offset: 1 }]);
  await deleteRecords(from, 0, 4);
  await using worker = runWorker(folder);
  const { from: at, to, lost, reason } = await worker.waitForEvent("offset-reset");
  assert.deepEqual({ at, to, lost, reason }, { at: 1, to: 4, lost: 3, reason: "deleted" });
  await until("the rest to be committed", async () => await lag(group, from) === 0);
  assert.deepEqual([...folder.ledger().keys()], ["4", "5"]);
});

brokerTest("a commit beyond the end of the log is told, and what comes next runs", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  const group = groupOf(folder);
  await produce(from, json([0, 1, 2].map((id) => ({ id }))));
  await commitAs(group, [{ topic: from, partition: 0, offset: 10 }]);
  await using worker = runWorker(folder);
  const { from: at, to, lost, reason } = await worker.waitForEvent("offset-reset");
  assert.deepEqual({ at, to, lost, reason }, { at: 10, to: 3, lost: 7, reason: "truncated" });
  await produce(from, json([3, 4].map((id) => ({ id }))));
  await until("the next ones to be committed", async () => await lag(group, from) === 0);
  assert.deepEqual([...folder.ledger().keys()], ["3", "4"]);
  assert.equal((await committed(group, from)).get(0)?.offset, 5);
});

brokerTest("retention that overtakes a slow worker is told while it works", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: 0, ms: 2000 }, { id: 1, ms: 2000 }]));
  // Room for one message in flight, and for few of those fetched ahead.
  const args = ["--concurrency", "1", "--max-bytes", "1MiB"];
  await using worker = runWorker(folder, args);
  await until("the first to run", () => folder.ledger().has("0"));
  const large = "x".repeat(100_000);
  await produce(from, json(Array.from({ length: 40 }, (_, index) => ({ id: 2 + index, large }))));
  await deleteRecords(from, 0, 40);
  const { lost, reason } = await worker.waitForEvent("offset-reset");
  assert.equal(reason, "deleted");
  assert.ok(Number(lost) > 0 && Number(lost) < 40, `${lost} lost`);
  await until("all to be committed", async () => await lag(worker.group, from) === 0);
  const ran = folder.finishedCount();
  assert.equal(ran + Number(lost), 42);
});

brokerTest("a topic that was made again is read from its beginning", async () => {
  const from = await topic({ partitions: 1 });
  using folder = project({ "tasks.ts": workModule(from) });
  const group = groupOf(folder);
  await produce(from, json([0, 1, 2].map((id) => ({ id }))));
  {
    await using first = runWorker(folder);
    await until("all to be committed", async () => await lag(group, from) === 0);
    first.kill("SIGTERM");
    await first.waitForExit();
  }
  const before = (await committed(group, from)).get(0)!;
  await deleteTopic(from);
  await topic({ name: from, partitions: 1 });
  await produce(from, json([10, 11, 12, 13, 14].map((id) => ({ id }))));
  // Brokers forget a group's offsets of a deleted topic; this one remembers, as an older or a copied one may.
  await commitAs(group, [{ topic: from, partition: 0, ...before }]);
  await using second = runWorker(folder);
  const { reason } = await second.waitForEvent("offset-reset");
  assert.equal(reason, "recreated");
  await until("all of the new one to be done", () => folder.finishedCount() === 8);
});
