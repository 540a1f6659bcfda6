/** `onDead: "block"`: a message that is given up keeps its key. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keyed, left, NOTHING, ordered, P0 } from "./support/keyed.ts";

const encoder = new TextEncoder();

describe('onDead: "block"', () => {
  const BLOCK = { onDead: "block", retry: { attempts: 1 } };

  test("the dead letter is written once, and nothing after it of its key runs; others flow", async () => {
    const { bench, work } = await ordered(
      [keyed("a", 1), keyed("a", 2), keyed("b", 3), keyed("b", 4)],
      { settings: BLOCK },
    );
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    work.run(3).finish();
    await bench.turn(5);
    await bench.advance(60_000, 5);
    assert.deepEqual(work.inputs(), [1, 3, 4]);
    work.run(4).finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.producer.sent.length, 1);
    assert.equal(bench.stats.of("dead").length, 1);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0, "the watermark stays");
    assert.equal(bench.worker.runner.waiting, 2, "the message and the one behind it");
    assert.equal(bench.worker.runner.burials.inFlight, 0);
  });

  test("a payload that does not fit, and a message without a key", async () => {
    const { bench, work } = await ordered([
      { key: encoder.encode("a"), value: "{" },
      keyed("a", 2),
      keyed(null, 3),
    ], { settings: BLOCK });
    await using _ = bench;
    work.run(3).fail(new Error("no"));
    await bench.turn(5);
    assert.deepEqual(work.inputs(), [3]);
    assert.equal(bench.stats.of("dead").length, 2);
    assert.equal(bench.worker.runner.waiting, 2, "the one without a key has none to keep");
  });

  test("a shutdown does not wait for it, and leaves it unfinished", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)], { settings: BLOCK });
    work.run(1).fail(new Error("no"));
    await bench.turn(5);
    bench.worker.stop("test");
    assert.equal(await bench.end(), 0);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
    assert.deepEqual(work.inputs(), [1]);
  });

  test("the next assignment tries the message anew", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)], { settings: BLOCK });
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    await bench.turn(5);
    bench.consumer.change("revoke", P0);
    await bench.turn(3);
    assert.deepEqual(left(bench), NOTHING);
    await bench.assign(P0);
    assert.deepEqual(work.inputs(), [1, 1]);
    work.run(1).finish();
    await bench.turn(2);
    assert.deepEqual(work.inputs(), [1, 1, 2]);
  });

  test("a dead letter that is acknowledged after the revoke keeps nothing here", async () => {
    const { bench, work } = await ordered([keyed("a", 1)], { settings: BLOCK });
    await using _ = bench;
    bench.producer.answers = "on command";
    work.run(1).fail(new Error("no"));
    await bench.turn(3);
    bench.consumer.change("revoke", P0);
    await bench.turn(2);
    bench.producer.sent[0]!.acknowledge();
    await bench.turn(3);
    assert.deepEqual(left(bench), NOTHING);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("a log that begins anew keeps it held below the cut, and forgets it above", async () => {
    for (const [end, runs] of [[1, [1]], [0, [1, 102]]] as const) {
      const { bench, work } = await ordered([keyed("a", 1)], { settings: BLOCK });
      await using _ = bench;
      work.run(1).fail(new Error("no"));
      await bench.turn(3);
      bench.consumer.append("work", 0, keyed("b", 2));
      await bench.turn(2);
      work.run(2).finish();
      await bench.turn(2);
      bench.consumer.truncate("work", 0, end);
      bench.consumer.append("work", 0, keyed("a", 102));
      await bench.turn(3);
      assert.deepEqual(work.inputs().filter((input) => input !== 2), runs);
    }
  });
});
