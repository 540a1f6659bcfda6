/** `order: "key"` where messages leave: what is behind goes with its partition, and wakes nobody. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyed, left, NOTHING, ordered, P0 } from "./support/keyed.ts";

describe('order: "key"', () => {
  test("a revoked partition forgets what is behind, and what runs of it wakes nothing", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2), keyed("b", 3)]);
    await using _ = bench;
    work.run(3).fail(new Error("no"));
    await bench.turn(2);
    bench.consumer.change("revoke", P0);
    await bench.turn(3);
    assert.deepEqual(left(bench), { ...NOTHING, bytes: 2, inFlight: 1, keys: 1 });
    work.run(1).finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 3]);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.deepEqual(left(bench), NOTHING);
    await bench.assign(P0);
    assert.deepEqual(work.inputs(), [1, 3, 2, 3], "the next owner has them anew");
  });

  test("a lost partition forgets all of it, also while an attempt ignores its signal", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)]);
    await using _ = bench;
    bench.consumer.change("lost", P0);
    await bench.turn(2);
    await bench.assign(P0);
    assert.deepEqual(work.inputs(), [1, 1], "the new assignment has keys of its own");
    work.runs[0]!.finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 1]);
    work.runs[1]!.finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 1, 2]);
  });

  test("what a shutdown stopped keeps its key: nothing after it starts", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)]);
    bench.worker.stop("test");
    bench.worker.stop("test");
    await bench.turn(3);
    work.run(1).fail(new Error("aborted"));
    await bench.end();
    assert.deepEqual(work.inputs(), [1]);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("a log that begins anew: what goes on keeps its keys, and the new log waits for them", async () => {
    const { bench, work } = await ordered([
      keyed("a", 1),
      keyed("a", 2),
      keyed("a", 3),
      keyed("b", 4),
      keyed("b", 5),
      keyed("c", 6),
    ]);
    await using _ = bench;
    assert.deepEqual(work.inputs(), [1, 4, 6]);
    work.run(6).fail(new Error("it waits"));
    await bench.turn(2);
    bench.consumer.truncate("work", 0, 2);
    bench.consumer.append("work", 0, keyed("a", 103), keyed("b", 104), keyed("c", 105));
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 4, 6, 105], "c was only waiting, so its key is free");
    work.run(1).finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 4, 6, 105, 2], "3 is gone with the old log");
    work.run(2).finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 4, 6, 105, 2, 103]);
    // It belongs to the old log, and 104 has its key: not before it has settled.
    work.run(4).finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 4, 6, 105, 2, 103, 104]);
    for (const input of [103, 104, 105]) work.run(input).finish();
    await bench.turn(3);
    assert.deepEqual(left(bench), NOTHING);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 5);
  });
});
