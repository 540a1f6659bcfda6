/** Commits of many partitions, some of which the broker refuses for good: what that costs the others. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CommitParts } from "../../src/worker/commit_parts.ts";
import { Partition } from "../../src/worker/partition.ts";
import { P0 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const partitionsOf = (topic: string, count: number) =>
  Array.from({ length: count }, (_, partition) => ({ topic, partition }));

/** A task of one partition beside one whose 60 partitions are refused from now on, unless it is accepted. */
async function besideRefused(code: number) {
  const work = manualTask({ topic: "work" });
  const gone = manualTask({ topic: "gone" });
  const bench = new Bench({ work: work.task, gone: gone.task });
  const { consumer } = bench;
  const refused = partitionsOf("gone", 60);
  for (const { partition } of refused) consumer.append("gone", partition, 1);
  consumer.append("work", 0, ...Array.from({ length: 400 }, (_, at) => at));
  await bench.assign(P0, ...refused);
  await bench.turn(6);
  for (const run of gone.runs) run.finish();
  consumer.refuseCommit = ({ topic }) => topic === "gone" ? { code, message: "no" } : null;
  return { bench, consumer, work };
}

describe("partitions that are refused", () => {
  for (const code of [29, 3]) {
    test(`keep no other's commits waiting (${code})`, async () => {
      const { bench, consumer, work } = await besideRefused(code);
      await using _ = bench;
      consumer.commitAnswers = "on command";
      let last = -1;
      let movedAt = 0;
      let longest = 0;
      for (let ms = 0; ms < 40_000; ms += 100) {
        work.run(ms / 100).finish();
        // Each answer takes 100 ms.
        if (consumer.commitInFlight) consumer.answerCommit();
        await bench.advance(100, 1);
        const now = consumer.committed.get("work/0") ?? -1;
        if (now === last) continue;
        longest = Math.max(longest, ms - movedAt);
        [last, movedAt] = [now, ms];
      }
      assert.ok(longest <= 1500, `${longest} ms without a commit`);
    });

    test(`do not delay the last commit of one that is revoked (${code})`, async () => {
      const { bench, consumer, work } = await besideRefused(code);
      await using _ = bench;
      consumer.commitAnswers = "on command";
      for (let ms = 0; ms < 3000; ms += 100) {
        if (consumer.commitInFlight) consumer.answerCommit();
        await bench.advance(100, 1);
      }
      for (const run of work.runs) run.finish();
      await bench.turn(2);
      consumer.change("revoke", P0);
      await bench.turn(1);
      for (let ms = 0; !consumer.answers.some(({ kind }) => kind === "unassign"); ms += 100) {
        if (consumer.commitInFlight) consumer.answerCommit();
        await bench.advance(100, 1);
        assert.ok(ms < 5000);
      }
      assert.equal(consumer.committed.get("work/0"), 400);
    });

    test(`do not hold up one of their own topic that is revoked (${code})`, async () => {
      const work = manualTask({ topic: "work" });
      await using bench = new Bench({ work: work.task });
      const { consumer } = bench;
      const all = partitionsOf("work", 64);
      for (const { partition } of all) consumer.append("work", partition, partition);
      await bench.assign(...all);
      await bench.turn(6);
      for (const run of work.runs) if (run.input !== 63) run.finish();
      await bench.turn(1);
      consumer.refuseCommit = ({ partition }) => partition === 40 ? { code, message: "no" } : null;
      consumer.commitAnswers = "on command";
      await bench.advance(1000, 2);
      work.run(63).finish();
      await bench.turn(1);
      consumer.change("revoke", all[63]!);
      for (let ms = 0; !consumer.answers.some(({ kind }) => kind === "unassign"); ms += 100) {
        if (ms % 300 === 200 && consumer.commitInFlight) consumer.answerCommit();
        await bench.advance(100, 1);
        assert.ok(ms < 5000);
      }
      assert.equal(consumer.committed.get("work/63"), 1);
    });
  }

  for (const code of [30, 29]) {
    test(`make no storm of commits when they are all there is (${code})`, async () => {
      const work = manualTask({ topic: "work" });
      await using bench = new Bench({ work: work.task });
      const { consumer } = bench;
      const all = partitionsOf("work", 200);
      for (const { partition } of all) consumer.append("work", partition, 1);
      await bench.assign(...all);
      await bench.turn(6);
      for (const run of work.runs) run.finish();
      await bench.turn(2);
      consumer.refuseCommit = () => ({ code, message: "no" });
      const before = consumer.commits.length;
      for (let second = 0; second < 10; second++) await bench.advance(1000, 100);
      assert.ok(consumer.commits.length - before <= 30, `${consumer.commits.length - before}`);
    });
  }
});

describe("CommitParts", () => {
  test("leaves nothing out of a group that has no room in one part", () => {
    const parts = new CommitParts(4095);
    const lane = { id: 0, topic: "t".repeat(200), tasks: [] } as never;
    const all = Array.from({ length: 100 }, (_, number) => {
      const partition = new Partition(lane, number, number as never);
      partition.tracker.restore(0);
      return partition;
    });
    const first = parts.next(all, [], 0)!;
    assert.equal(first.partitions.length, 100);
    for (let times = 0; times < 10; times++) parts.shrink();
    parts.divide(first.partitions);
    const sent = new Set<Partition>();
    for (let part = parts.next([], [], 1); part; part = parts.next([], [], 1)) {
      for (const partition of part.partitions) {
        sent.add(partition);
        partition.commits.confirm(1);
      }
    }
    assert.equal(sent.size, 100);
    assert.equal(parts.pending, false);
  });
});
