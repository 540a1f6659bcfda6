/** The time limit: the attempt has failed, its slot stays taken, and a late success does not count. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TimeoutError } from "../../src/task/signals.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const RETRY = { attempts: 2, min: "1s", max: "1s", jitter: "none" } as const;

async function running(options: { timeout?: string | number; concurrency?: number } = {}) {
  const work = manualTask({ topic: "work", retry: RETRY, timeout: "30s", ...options });
  const bench = new Bench({ work: work.task });
  bench.consumer.append("work", 0, 1);
  await bench.assign(P0);
  return { bench, work };
}

describe("at its time limit", () => {
  test("an attempt's signal is aborted with a TimeoutError, once, and an event tells", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    const { signal } = work.run(1).context;
    await bench.advance(29_999);
    assert.equal(signal.aborted, false);
    await bench.advance(1);
    assert.ok(signal.reason instanceof TimeoutError);
    assert.equal(signal.reason.message, 'Task "work" reached its time limit of 30000 ms');
    await bench.turn(3);
    assert.deepEqual(bench.stats.of("timed-out"), [
      { event: "timed-out", task: "work", ...P0, offset: 0 },
    ]);
  });

  test("the slot stays taken until the promise settles; then the next attempt waits its turn", async () => {
    const { bench, work } = await running({ concurrency: 1 });
    await using _ = bench;
    bench.consumer.append("work", 0, 2);
    await bench.advance(30_000);
    await bench.advance(9999);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
    assert.deepEqual(work.inputs(), [1]);
    work.run(1).fail(work.run(1).context.signal.reason);
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 2], "another message takes the slot");
    work.run(2).finish();
    await bench.turn(2);
    await bench.advance(1000, 3);
    assert.deepEqual(work.inputs(), [1, 2, 1]);
    assert.equal(work.run(1).context.attempt, 2);
  });

  test("an attempt that ignores its signal is abandoned 10 s later", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    await bench.advance(30_000);
    await bench.advance(10_000);
    assert.equal(bench.worker.runner.slots.inFlight, 0);
    const abandoned = { event: "abandoned", task: "work", ...P0, offset: 0, attempt: 1 };
    assert.deepEqual(bench.stats.of("abandoned"), [abandoned]);
    assert.equal(bench.stats.counts.get("work")!.abandoned, 1);
    await bench.advance(1000, 3);
    assert.equal(work.runs.length, 2);
    // The first one settles while the second runs: that is nobody's outcome any more.
    work.runs[0]!.finish();
    await bench.turn(3);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
    work.runs[1]!.finish();
    await bench.turn(3);
    const { started, done, failed, retried } = bench.stats.counts.get("work")!;
    assert.deepEqual([started, done, failed, retried], [2, 1, 1, 1]);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.equal(bench.stats.of("abandoned").length, 1, "it is told once");
  });

  test("each attempt that is abandoned is counted; the last one's message is a dead letter", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    for (const _attempt of [1, 2]) {
      await bench.advance(30_000, 3);
      await bench.advance(10_000, 3);
      await bench.advance(1000, 3);
    }
    assert.equal(bench.stats.of("dead").length, 1);
    assert.deepEqual(bench.stats.of("abandoned").map(({ attempt }) => attempt), [1, 2]);
    // Neither their success nor their failure counts any more.
    work.runs[0]!.finish();
    work.runs[1]!.fail(new Error("late"));
    await bench.turn(3);
    const { done, failed, retried, dead, abandoned } = bench.stats.counts.get("work")!;
    assert.deepEqual([done, failed, retried, dead, abandoned], [0, 2, 1, 1, 2]);
    assert.equal(bench.producer.sent.length, 1);
  });

  test("an attempt of a lost partition that ignores its signal is abandoned too", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    bench.consumer.change("lost", P0);
    await bench.turn(2);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
    await bench.advance(10_000, 3);
    assert.equal(bench.worker.runner.slots.inFlight, 0);
    assert.equal(bench.stats.of("abandoned").length, 1);
    work.run(1).finish();
    await bench.turn(3);
    assert.equal(bench.stats.counts.get("work")!.done, 0);
  });

  test("a late success does not count", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    await bench.advance(30_000);
    work.run(1).finish();
    await bench.turn(3);
    const { done, failed, retried } = bench.stats.counts.get("work")!;
    assert.deepEqual([done, failed, retried], [0, 1, 1]);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("a success that the loop only had no time to see counts", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(1).finish();
    await Promise.resolve();
    await bench.advance(60_000);
    assert.equal(bench.stats.counts.get("work")!.done, 1);
    assert.equal(bench.stats.of("timed-out").length, 0);
  });

  test("the last attempt's message goes to the dead letters with the TimeoutError", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    for (const attempt of [1, 2]) {
      await bench.until(`attempt ${attempt}`, () => {
        bench.clock.advance(500);
        return work.runs.length === attempt;
      });
      await bench.advance(30_000);
      work.run(1).fail(new Error("AbortError"));
      await bench.turn(2);
    }
    await bench.turn(2);
    const [dead] = bench.stats.of("dead");
    assert.equal(dead?.error, 'Task "work" reached its time limit of 30000 ms');
    assert.equal(dead?.attempts, 2);
  });

  test("the run time told is that of the whole attempt", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    await bench.advance(30_000);
    bench.clock.advance(500);
    work.run(1).fail(new Error("aborted"));
    await bench.turn(3);
    assert.deepEqual(bench.stats.counts.get("work")!.runMs, [30_500]);
  });

  test('"none" means none', async () => {
    const { bench, work } = await running({ timeout: "none" });
    await using _ = bench;
    await bench.advance(365 * 86_400_000);
    assert.equal(work.run(1).context.signal.aborted, false);
    work.run(1).finish();
    await bench.turn(3);
    assert.equal(bench.stats.counts.get("work")!.done, 1);
  });

  test("each attempt has its own, from its own start", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    await bench.advance(20_000);
    bench.consumer.append("work", 0, 2);
    await bench.turn(3);
    await bench.advance(10_000);
    assert.equal(work.run(1).context.signal.aborted, true);
    assert.equal(work.run(2).context.signal.aborted, false);
    await bench.advance(20_000);
    assert.equal(work.run(2).context.signal.aborted, true);
  });
});
