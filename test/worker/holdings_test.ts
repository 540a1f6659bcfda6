/** A message that stays for long keeps its own bytes in memory, not those of its whole batch. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const message = (value: number) => ({
  key: `key ${value}`,
  value: String(value),
  headers: [["n", `${value}`], ["n", null]] as const,
});

async function tenRunning() {
  const work = manualTask({ topic: "work", retry: { min: "1h", max: "1h" } });
  const bench = new Bench({ work: work.task });
  bench.consumer.append("work", 0, ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(message));
  await bench.assign(P0);
  const [partition] = [...bench.worker.assignments.partitions];
  return { bench, work, batchOfHead: () => partition!.tracker.headItem!.batch };
}

describe("a message that runs for long", () => {
  test("gets bytes of its own once most of its batch is finished", async () => {
    const { bench, work, batchOfHead } = await tenRunning();
    await using _ = bench;
    const whole = batchOfHead().byteLength;
    for (const input of [3, 4, 5, 6, 7, 8, 9, 10]) work.run(input).finish();
    await bench.turn(2);
    assert.equal(batchOfHead().byteLength, whole, "not at once: the others may end as well");
    await bench.advance(2000);
    await bench.advance(1000);
    assert.equal(batchOfHead().count, 1);
    assert.ok(batchOfHead().byteLength < whole / 5);
    const { context } = work.run(1);
    assert.deepEqual(
      [context.key, context.offset, context.headers.n, context.topic],
      ["key 1", 0, undefined, "work"],
    );
    assert.equal(bench.worker.runner.heldBytes, 2 * batchOfHead().byteLength);
  });

  test("keeps its batch while that is mostly in use", async () => {
    const { bench, work, batchOfHead } = await tenRunning();
    await using _ = bench;
    for (const input of [7, 8, 9, 10]) work.run(input).finish();
    for (let second = 0; second < 5; second++) await bench.advance(1000);
    assert.ok(batchOfHead().count > 1);
  });

  test("that waits for its next attempt gets them at once", async () => {
    const { bench, work, batchOfHead } = await tenRunning();
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    await bench.turn(2);
    assert.equal(batchOfHead().count, 1);
    await bench.advance(3_600_000, 3);
    assert.equal(work.runs.length, 11);
    assert.equal(work.run(1).context.attempt, 2);
    assert.equal(work.run(1).context.key, "key 1");
  });

  test("stays in its batch when many small ones do: copies would take more", async () => {
    const work = manualTask({ topic: "work" });
    const bench = new Bench({ work: work.task });
    await using _ = bench;
    bench.consumer.append("work", 0, ...Array.from({ length: 100 }, (_, value) => message(value)));
    await bench.assign(P0);
    const [partition] = [...bench.worker.assignments.partitions];
    const countOfHead = () => partition!.tracker.headItem!.batch.count;
    for (let input = 20; input < 100; input++) work.run(input).finish();
    await bench.advance(2000);
    await bench.advance(1000);
    assert.ok(countOfHead() > 1, "20 are left");
    for (let input = 16; input < 20; input++) work.run(input).finish();
    await bench.advance(1000);
    assert.equal(countOfHead(), 1, "16 are left");
  });
});
