/** Every message runs, and its offset is committed once it is finished and not before. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const P1 = { topic: "work", partition: 1 };

describe("a worker", () => {
  test("runs every message and commits one past the last", async () => {
    const seen: unknown[] = [];
    const work = task({ topic: "work", run: (input: unknown) => void seen.push(input) });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1, 2, 3);
    bench.consumer.append("work", 1, 4, 5);
    await bench.assign(P0, P1);
    await bench.advance(1000);
    assert.deepEqual(seen, [1, 2, 3, 4, 5]);
    assert.deepEqual([...bench.consumer.committed], [["work/0", 3], ["work/1", 2]]);
    assert.equal(bench.stats.receivedCount, 5);
    assert.equal(bench.stats.counts.get("work")!.done, 5);
  });

  test("commits the lowest unfinished offset, whatever is finished above it", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 10, 11, 12, 13);
    await bench.assign(P0);
    for (const [input, watermark] of [[12, 0], [10, 1], [11, 3], [13, 4]] as const) {
      run(input).finish();
      await bench.turn(2);
      await bench.advance(1000);
      assert.equal(bench.consumer.committed.get("work/0") ?? 0, watermark, `after ${input}`);
    }
  });

  test("commits past control records at the end of a partition", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1, null, null);
    await bench.assign(P0);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 0);
    run(1).finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });

  test("starts where the group stands", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1, 2, 3);
    bench.consumer.committed.set("work/0", 2);
    await bench.assign(P0);
    assert.deepEqual(inputs(), [3]);
  });

  test("commits not before the interval is over, and nothing that is committed already", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work }, { commitIntervalMs: 1000 });
    await bench.assign(P0);
    await bench.advance(1000);
    const { length } = bench.consumer.commits;
    bench.consumer.append("work", 0, 1);
    await bench.advance(999, 5);
    assert.equal(bench.consumer.commits.length, length);
    await bench.advance(1, 5);
    assert.deepEqual(bench.consumer.commits.slice(length), [[{ ...P0, offset: 1 }]]);
    await bench.advance(10_000, 5);
    assert.equal(bench.consumer.commits.length, length + 1);
  });

  test("has one commit in flight, however long its answer takes", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    bench.consumer.commitAnswers = "on command";
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(1000);
    assert.equal(bench.consumer.commits.length, 1);
    bench.consumer.append("work", 0, 2);
    await bench.advance(5000, 5);
    // The fake refuses a second one by an assertion.
    assert.equal(bench.consumer.commits.length, 1);
    assert.equal([...bench.worker.assignments.partitions][0]!.committed, 0);
    bench.consumer.answerCommit();
    await bench.turn();
    assert.equal([...bench.worker.assignments.partitions][0]!.committed, 1);
    await bench.advance(1000);
    assert.deepEqual(bench.consumer.commits.at(-1), [{ ...P0, offset: 2 }]);
    bench.consumer.commitAnswers = "at once";
    bench.consumer.answerCommit();
  });

  test("repeats a refused commit, with what is finished by then", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.refuseCommit = () => ({ code: 29, message: "Broker: Topic authorization failed" });
    consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(1000);
    assert.equal(consumer.committed.get("work/0"), 0);
    assert.deepEqual(bench.stats.of("commit-refused").at(0), {
      event: "commit-refused",
      ...P0,
      offset: 1,
      reason: "Broker: Topic authorization failed",
    });
    consumer.refuseCommit = () => null;
    consumer.append("work", 0, 2);
    await bench.turn(2);
    await bench.advance(1000);
    assert.deepEqual(consumer.commits.at(-1), [{ ...P0, offset: 2 }]);
    assert.equal(consumer.committed.get("work/0"), 2);
  });

  test("repeats soon, and tells only when it goes on, a refusal that a rebalance brings along", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    const { consumer, stats } = bench;
    consumer.refuseCommit = () => ({ code: 27, message: "Broker: Group rebalance in progress" });
    consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(1000);
    const before = consumer.commits.length;
    await bench.advance(100);
    assert.equal(consumer.commits.length, before + 1, "not a whole interval later");
    await bench.advance(9000);
    assert.equal(stats.of("commit-refused").length, 0);
    await bench.advance(1000);
    await bench.advance(1000);
    assert.equal(stats.of("commit-refused").length, 1);
    consumer.refuseCommit = () => null;
    await bench.advance(1000);
    assert.equal(consumer.committed.get("work/0"), 1);
    consumer.refuseCommit = () => ({ code: 27, message: "Broker: Group rebalance in progress" });
    consumer.append("work", 0, 2);
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(stats.of("commit-refused").length, 1, "a commit in between counts");
    consumer.refuseCommit = () => null;
  });

  test("asks again 100 ms after a refusal that will pass, without waiting for the interval", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.refuseCommit = () => ({ code: 27, message: "no" });
    consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(1000);
    const { length } = consumer.commits;
    await bench.advance(99, 5);
    assert.equal(consumer.commits.length, length);
    await bench.advance(1);
    assert.equal(consumer.commits.length, length + 1);
    consumer.refuseCommit = () => null;
  });

  test("a refusal of one partition holds up no other's", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.refuseCommit = ({ partition }) =>
      partition === 0 ? { code: 3, message: "Broker: Unknown topic or partition" } : null;
    consumer.append("work", 0, 1);
    consumer.append("work", 1, 1);
    await bench.assign(P0, P1);
    await bench.advance(1000, 5);
    const confirmed = () =>
      [...bench.worker.assignments.partitions].map(({ committed }) => committed);
    assert.deepEqual(confirmed(), [0, 1]);
    assert.deepEqual(bench.stats.of("commit-refused").map(({ partition }) => partition), [0]);
    const sent = consumer.commits.flat().filter(({ partition }) => partition === 1).length;
    await bench.advance(1000, 5);
    const again = consumer.commits.flat().filter(({ partition }) => partition === 1).length;
    assert.equal(again, sent, "what was taken is not sent again with what is refused");
    consumer.refuseCommit = () => null;
    await bench.advance(1000, 5);
    assert.deepEqual(confirmed(), [1, 1]);
    assert.deepEqual([...consumer.committed].sort(), [["work/0", 1], ["work/1", 1]]);
  });

  test("a topic that refuses its commits keeps no other from starting", async () => {
    const seen: unknown[] = [];
    const run = (input: unknown) => void seen.push(input);
    const tasks = { work: task({ topic: "work", run }), other: task({ topic: "other", run }) };
    await using bench = new Bench(tasks);
    const { consumer } = bench;
    consumer.refuseCommit = ({ topic }) =>
      topic === "work" ? { code: 29, message: "Broker: Topic authorization failed" } : null;
    consumer.append("work", 0, 1);
    consumer.append("work", 1, 1);
    consumer.append("other", 0, 2);
    await bench.assign(P0, { topic: "other", partition: 0 }, P1);
    await bench.advance(1000, 8);
    assert.deepEqual(seen.filter((input) => input === 2), [2]);
    assert.equal(consumer.committed.get("other/0"), 1);
    for (let second = 0; second < 20; second++) await bench.advance(1000, 8);
    const ofOther = consumer.commits.filter((entries) =>
      entries.some(({ topic }) => topic === "other")
    );
    assert.ok(ofOther.length <= 4, `${ofOther.length} commits of it`);
    assert.ok(bench.stats.of("commit-refused").every(({ topic }) => topic === "work"));
    consumer.refuseCommit = () => null;
    // It is tried less and less often, twice a minute in the end.
    for (let second = 0; second < 31; second++) await bench.advance(1000, 4);
    assert.equal(consumer.committed.get("work/0"), 1);
  });

  test("goes on when a commit cannot even be sent", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    bench.consumer.throwOnCommit = new Error("Local: Erroneous state");
    await bench.advance(1000);
    assert.equal(bench.stats.of("commit-refused")[0]!.reason, "Local: Erroneous state");
    bench.consumer.throwOnCommit = null;
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("commits no unfinished offset, in whatever order its messages end", async () => {
    const orders = fc.integer({ min: 1, max: 20 }).chain((count) => {
      const inputs = Array.from({ length: count }, (_, index) => index);
      return fc.shuffledSubarray(inputs, { minLength: count });
    });
    await fc.assert(
      fc.asyncProperty(orders, fc.infiniteStream(fc.boolean()), async (order, pauses) => {
        const { task: work, run } = manualTask({ topic: "work" });
        await using bench = new Bench({ work });
        const { committed } = bench.consumer;
        bench.consumer.append("work", 0, ...order.map((_, index) => index));
        await bench.assign(P0);
        const open = new Set(order);
        for (const input of order) {
          run(input).finish();
          open.delete(input);
          if (!pauses.next().value) continue;
          await bench.turn();
          await bench.advance(1000);
          assert.equal(committed.get("work/0") ?? 0, Math.min(order.length, ...open));
        }
        await bench.turn();
        await bench.advance(1000);
        assert.equal(committed.get("work/0"), order.length);
      }),
      { numRuns: 40 },
    );
  });
});
