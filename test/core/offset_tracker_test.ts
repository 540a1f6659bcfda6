import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { OffsetTracker } from "../../src/core/offset_tracker.ts";
import { assertSame, Model, perform, ranges, step } from "./offset_tracker_model.ts";

describe("OffsetTracker", () => {
  test("lists what is unfinished below an offset, with what is held for it", () => {
    const tracker = new OffsetTracker<string>(2);
    for (const offset of [3, 5, 6, 9]) tracker.hold(tracker.receive(offset), `item ${offset}`);
    tracker.finish(1);
    tracker.receive(12);
    assert.deepEqual([...tracker.unfinishedBelow(3)], []);
    assert.deepEqual([...tracker.unfinishedBelow(9)], [[3, "item 3"], [6, "item 6"]]);
    assert.deepEqual([...tracker.unfinishedBelow(100)].slice(2), [[9, "item 9"], [12, undefined]]);
  });

  test("does what the model does, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 300 }),
        fc.constantFrom(1, 2, 8, 64),
        fc.option(
          fc.nat({ max: 20 }).chain((start) => fc.tuple(fc.constant(start), ranges(start))),
        ),
        (steps, capacity, restored) => {
          const tracker = new OffsetTracker<string>(capacity);
          const model = new Model();
          if (restored) {
            tracker.restore(...restored);
            model.restore(...restored);
          }
          assertSame(tracker, model);
          for (const step of steps) {
            const before = tracker.watermark;
            perform(step, tracker, model);
            assert.ok(tracker.watermark >= before, "the watermark never falls");
            assertSame(tracker, model);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("all finished in any order: the watermark is one past the last", () => {
    const runs = fc.uniqueArray(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 200 }).chain(
      (offsets) => {
        const rising = offsets.sort((a, b) => a - b);
        return fc.tuple(
          fc.constant(rising),
          fc.shuffledSubarray(rising, { minLength: rising.length }),
        );
      },
    );
    fc.assert(fc.property(runs, ([offsets, order]) => {
      const tracker = new OffsetTracker(4);
      const positions = new Map(offsets.map((offset) => [offset, tracker.receive(offset)]));
      const open = new Set(offsets);
      for (const offset of order) {
        assert.ok(tracker.finish(positions.get(offset)!));
        open.delete(offset);
        for (const unfinished of open) assert.ok(tracker.watermark <= unfinished);
      }
      assert.equal(tracker.watermark, offsets.at(-1)! + 1);
      assert.equal(tracker.unfinished, 0);
      assert.equal(tracker.finishedAbove, 0);
    }));
  });

  test("positions stay valid while the ring wraps around and grows", () => {
    const tracker = new OffsetTracker<number>(2);
    const positions: number[] = [];
    let finished = 0;
    for (let offset = 0; offset < 10_000; offset++) {
      positions.push(tracker.receive(offset));
      tracker.hold(positions[offset]!, offset);
      // The head lags behind by a distance that grows, so both happen many times.
      while (finished < offset - Math.floor(offset / 7)) {
        assert.ok(tracker.finish(positions[finished++]!));
      }
      assert.equal(tracker.watermark, finished);
      assert.equal(tracker.headItem, finished);
      assert.equal(tracker.unfinished, offset + 1 - finished);
    }
  });

  test("tells that something was finished since the last look", () => {
    const tracker = new OffsetTracker(2);
    tracker.restore(0, [{ from: 1, to: 2 }]);
    const seen = [tracker.finishes];
    const first = tracker.receive(0);
    seen.push(tracker.finishes);
    tracker.receive(1);
    seen.push(tracker.finishes);
    tracker.finish(first);
    tracker.finish(first);
    seen.push(tracker.finishes);
    assert.deepEqual(seen, [0, 0, 1, 2]);
  });

  test("an item does not outlive its offset", () => {
    const tracker = new OffsetTracker<string>(1);
    const first = tracker.receive(0);
    tracker.hold(first, "first");
    assert.equal(tracker.headItem, "first");
    tracker.finish(first);
    tracker.hold(first, "too late");
    tracker.receive(1);
    assert.equal(tracker.headItem, undefined);
  });

  test("an item held for an offset that is finished, but not below the watermark, is not kept", () => {
    const tracker = new OffsetTracker<string>(2);
    const [first, second] = [tracker.receive(0), tracker.receive(1)];
    tracker.finish(second);
    tracker.hold(second, "too late");
    tracker.finish(first);
    // The next two take the places of the ring that those had.
    tracker.receive(2);
    tracker.finish(tracker.receive(3) - 1);
    assert.equal(tracker.headItem, undefined);
  });

  test("knows whether it is at the end of the partition", () => {
    const tracker = new OffsetTracker();
    assert.equal(tracker.atEnd, false);
    tracker.receive(4);
    tracker.reachEnd(5);
    assert.equal(tracker.atEnd, true);
    tracker.receive(5);
    assert.equal(tracker.atEnd, false);
    tracker.reachEnd(5);
    assert.equal(tracker.atEnd, false, "an end that was told late");
    tracker.reachEnd(8);
    assert.equal(tracker.atEnd, true);
  });

  test("offsets beyond 2^32 are exact", () => {
    const base = 2 ** 52;
    const tracker = new OffsetTracker();
    const [first, second] = [tracker.receive(base), tracker.receive(base + 1)];
    tracker.finish(second);
    assert.equal(tracker.watermark, base);
    tracker.finish(first);
    assert.equal(tracker.watermark, base + 2);
  });

  test("a capacity that is no power of two is refused", () => {
    for (const capacity of [0, -1, 3, 100]) {
      assert.throws(() => new OffsetTracker(capacity), /is not a power of two/);
    }
  });
});
