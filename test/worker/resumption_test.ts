/** What one owner has finished, the next does not run again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeMetadata } from "../../src/core/commit_metadata.ts";
import { KafkaError } from "../../src/errors.ts";
import { P0, RETRY } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import type { FakeConsumer } from "./support/fake_consumer.ts";
import { manualTask } from "./support/manual_task.ts";

/** A worker on the broker that another one has left behind, in whatever state. */
function successor(before: FakeConsumer, exports: Record<string, unknown>, options = {}) {
  const bench = new Bench(exports, options);
  bench.consumer.inherit(before);
  return bench;
}

describe("a new owner", () => {
  test("runs only what was unfinished, after an owner that ended without leaving", async () => {
    const first = manualTask({ topic: "work" });
    const second = manualTask({ topic: "work" });
    await using before = new Bench({ work: first.task });
    before.consumer.append("work", 0, 0, 1, 2, 3, 4, 5);
    await before.assign(P0);
    for (const input of [1, 2, 4]) first.run(input).finish();
    await before.turn();
    await before.advance(1000);
    assert.equal(before.consumer.committed.get("work/0"), 0);

    await using after = successor(before.consumer, { work: second.task });
    await after.assign(P0);
    assert.deepEqual(second.inputs(), [0, 3, 5]);
    assert.deepEqual(after.stats.of("resumed"), [
      { event: "resumed", finished: 3, takenOver: [{ ...P0, offset: 0, takeovers: 1 }] },
    ]);
    for (const input of [0, 3, 5]) second.run(input).finish();
    await after.turn(2);
    await after.advance(1000);
    assert.equal(after.consumer.committed.get("work/0"), 6);
  });

  test("keeps what it was told and has not received again, in its own commits", async () => {
    const tasks = [1, 2, 3].map(() => manualTask({ topic: "work" }));
    await using first = new Bench({ work: tasks[0]!.task });
    first.consumer.append("work", 0, 0, 1, 2, 3, 4);
    await first.assign(P0);
    for (const input of [1, 2, 4]) tasks[0]!.run(input).finish();
    await first.turn();
    await first.advance(1000);
    await using second = successor(first.consumer, { work: tasks[1]!.task }, { concurrency: 1 });
    await second.assign(P0);
    await second.advance(1000);
    assert.deepEqual(tasks[1]!.inputs(), [0]);
    await using third = successor(second.consumer, { work: tasks[2]!.task });
    await third.assign(P0);
    assert.deepEqual(tasks[2]!.inputs(), [0, 3]);
  });

  test("tells of no takeover when the owner before has left in good order", async () => {
    const first = manualTask({ topic: "work" });
    const before = new Bench({ work: first.task });
    before.consumer.append("work", 0, 0, 1);
    await before.assign(P0);
    first.run(1).finish();
    await before.turn();
    before.worker.stop("test");
    before.worker.stop("test");
    await before.advance(3000, 3);
    await before.advance(3000, 3);
    await before.end();
    const second = manualTask({ topic: "work" });
    await using after = successor(before.consumer, { work: second.task });
    await after.assign(P0);
    assert.deepEqual(second.inputs(), [0]);
    const [resumed] = after.stats.of("resumed");
    assert.deepEqual(resumed, { event: "resumed", finished: 1, takenOver: [] });
  });

  test("runs all of a topic that was made again", async () => {
    const first = manualTask({ topic: "work" });
    await using before = new Bench({ work: first.task });
    before.consumer.append("work", 0, 0, 1, 2);
    await before.assign(P0);
    for (const input of [0, 2]) first.run(input).finish();
    await before.turn();
    await before.advance(1000);
    const second = manualTask({ topic: "work" });
    await using after = successor(before.consumer, { work: second.task });
    after.consumer.recreate("work", 0);
    after.consumer.append("work", 0, 10, 11, 12, 13);
    await after.assign(P0);
    assert.deepEqual(second.inputs(), [10, 11, 12, 13]);
    assert.equal(after.stats.of("offset-reset")[0]!.reason, "recreated");
  });

  test("goes on at the commit of an owner that did not know the topic's id", async () => {
    const first = manualTask({ topic: "work" });
    await using before = new Bench({ work: first.task });
    const { consumer } = before;
    consumer.append("work", 0, 0, 1, 2, 3);
    await before.assign(P0);
    for (const input of [0, 1, 2, 3]) first.run(input).finish();
    await before.turn(2);
    await before.advance(1000);
    consumer.failLookUp = new KafkaError("away");
    consumer.truncate("work", 0, 2);
    consumer.append("work", 0, 102, 103);
    await before.turn(3);
    for (const input of [102, 103]) first.run(input).finish();
    await before.turn(2);
    await before.advance(1000, 4);
    assert.equal(consumer.committed.get("work/0"), 4);
    const second = manualTask({ topic: "work" });
    await using after = successor(consumer, { work: second.task });
    await after.assign(P0);
    assert.deepEqual(second.inputs(), []);
  });

  test("warns of metadata that it cannot use, and runs all from the offset on", async () => {
    const { task: work, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 0, 1, 2);
    bench.consumer.committed.set("work/0", 1);
    bench.consumer.metadata.set("work/0", "someone else's");
    await bench.assign(P0);
    assert.deepEqual(inputs(), [1, 2]);
    assert.deepEqual(bench.stats.of("metadata-ignored"), [{
      event: "metadata-ignored",
      ...P0,
      offset: 1,
      reason: "it was written by another program",
    }]);
  });

  test("says how many messages were deleted before anybody ran them", async () => {
    const { task: work, inputs, run } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    const { consumer } = bench;
    consumer.append("work", 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
    consumer.committed.set("work/0", 1);
    consumer.logStarts.set("work/0", 3);
    await bench.assign(P0);
    assert.deepEqual(inputs().slice(0, 1), [3]);
    const reset = { event: "offset-reset", ...P0, from: 1, to: 3, lost: 2, reason: "deleted" };
    assert.deepEqual(bench.stats.of("offset-reset"), [reset]);
    // While it works: retention overtakes it.
    for (const input of inputs()) run(input as number).finish();
    await bench.turn(2);
    consumer.append("work", 0, 9, 10, 11);
    consumer.skipTo("work", 0, 11);
    consumer.logStarts.set("work/0", 11);
    await bench.turn(2);
    assert.deepEqual(bench.stats.of("offset-reset")[1], { ...reset, from: 9, to: 11, lost: 2 });
  });

  test("finds nothing wrong with a gap in the log", async () => {
    const { task: work } = manualTask({ topic: "work" });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 0, null, null, 3);
    await bench.assign(P0);
    assert.deepEqual(bench.stats.of("offset-reset"), []);
  });
});

/** The offsets that the group's commit says need not run again. */
function told({ committed, metadata }: FakeConsumer): Set<number> {
  const offset = committed.get("work/0") ?? 0;
  const read = decodeMetadata(offset, metadata.get("work/0") ?? "");
  assert.ok(!read || !("problem" in read));
  const ranges = [{ from: 0, to: offset }, ...(read?.finished ?? [])];
  return new Set(
    ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, index) => from + index)),
  );
}

test("owners that end at any moment: what a commit told does not run again, and it told the truth", async () => {
  const lives = fc.array(
    fc.record({ finish: fc.array(fc.nat({ max: 30 }), { maxLength: 12 }), commits: fc.boolean() }),
    // With the fifth, a message that ran alone when its owner ended is given up (caution_test.ts).
    { minLength: 1, maxLength: 4 },
  );
  await fc.assert(
    fc.asyncProperty(lives, fc.constantFrom(0, 50, 60, 4095), async (lives, maxMetadata) => {
      const finished = new Set<number>();
      let kafka = new Bench({ work: manualTask({ topic: "work" }).task }).consumer;
      kafka.append("work", 0, ...Array.from({ length: 30 }, (_, index) => index));
      for (const { finish, commits } of lives) {
        const before = told(kafka);
        const work = manualTask({ topic: "work", retry: RETRY });
        const inputs = () => work.inputs() as number[];
        await using bench = new Bench({ work: work.task }, { maxMetadata });
        bench.consumer.inherit(kafka);
        await bench.assign(P0);
        await bench.turn(2);
        for (const input of finish) {
          if (!inputs().includes(input)) continue;
          work.run(input).finish();
          finished.add(input);
          await bench.turn(2);
        }
        if (commits) await bench.advance(1000, 3);
        for (const input of inputs()) assert.ok(!before.has(input), `${input} ran again`);
        kafka = bench.consumer.snapshot();
        for (const offset of told(kafka)) assert.ok(finished.has(offset), `${offset} was not done`);
        if (maxMetadata < 4095) continue;
        for (const offset of before) assert.ok(told(kafka).has(offset), `${offset} was forgotten`);
      }
    }),
    { numRuns: 100 },
  );
});
