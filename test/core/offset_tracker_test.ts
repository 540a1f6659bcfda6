import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  FINISHED_BEFORE,
  type OffsetRange,
  OffsetTracker,
  REWOUND,
} from "../../src/core/offset_tracker.ts";

/** What the tracker is to be, written without a thought for speed. */
class Model {
  readonly entries: { offset: number; finished: boolean; item: string | undefined }[] = [];
  next = -1;
  restored: readonly OffsetRange[] = [];

  restore(start: number, finished: readonly OffsetRange[]): void {
    this.next = start;
    this.restored = finished;
  }

  receive(offset: number): number {
    if (offset < this.next) return REWOUND;
    this.next = offset + 1;
    const finished = this.restored.some(({ from, to }) => from <= offset && offset < to);
    const position = this.entries.push({ offset, finished, item: undefined }) - 1;
    return finished ? FINISHED_BEFORE : position;
  }

  /** Offsets above the watermark that need not run again, as far as `end`. */
  finishedOffsets(end: number): number[] {
    const received = new Map(this.entries.map(({ offset, finished }) => [offset, finished]));
    const offsets: number[] = [];
    for (let offset = this.watermark + 1; offset < end; offset++) {
      const restored = offset >= this.next &&
        this.restored.some(({ from, to }) => from <= offset && offset < to);
      if (received.get(offset) ?? restored) offsets.push(offset);
    }
    return offsets;
  }

  finish(position: number): boolean {
    const entry = this.entries[position];
    if (!entry || entry.finished) return false;
    entry.finished = true;
    return true;
  }

  hold(position: number, item: string): void {
    const entry = this.entries[position];
    if (entry && !entry.finished) entry.item = item;
  }

  get unfinished() {
    return this.entries.filter(({ finished }) => !finished);
  }

  get watermark(): number {
    return this.unfinished[0]?.offset ?? this.next;
  }

  get finishedAbove(): number {
    return this.entries.filter(({ offset, finished }) => finished && offset > this.watermark)
      .length;
  }
}

type Step =
  | { do: "receive"; gap: number }
  | { do: "rewind"; back: number }
  | { do: "finish"; at: number }
  | { do: "finish unknown"; position: number }
  | { do: "hold"; at: number; item: string }
  | { do: "reach end"; gap: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("receive" as const), gap: fc.nat({ max: 5 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant("finish" as const), at: fc.nat({ max: 400 }) }),
  },
  fc.record({ do: fc.constant("rewind" as const), back: fc.integer({ min: 1, max: 10 }) }),
  fc.record({
    do: fc.constant("finish unknown" as const),
    position: fc.oneof(fc.integer({ min: -5, max: -1 }), fc.integer({ min: 1000, max: 2000 })),
  }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("hold" as const),
      at: fc.nat({ max: 400 }),
      item: fc.string({ maxLength: 3 }),
    }),
  },
  fc.record({ do: fc.constant("reach end" as const), gap: fc.nat({ max: 5 }) }),
);

function assertSame(tracker: OffsetTracker<string>, model: Model): void {
  const first = model.unfinished[0];
  assert.equal(tracker.watermark, model.watermark, "watermark");
  assert.equal(tracker.position, model.next, "position");
  assert.equal(tracker.unfinished, model.unfinished.length, "unfinished");
  assert.equal(tracker.finishedAbove, model.finishedAbove, "finishedAbove");
  assert.equal(tracker.headItem, first?.item, "headItem");
  assert.equal(tracker.ahead, first ? model.next - first.offset : 0, "ahead");
  assertSameRuns(tracker, model);
}

function assertSameRuns(tracker: OffsetTracker<string>, model: Model): void {
  const runs = [...tracker.finishedRuns()];
  const end = Math.max(model.next, ...runs.map(({ to }) => to)) + 5;
  const inRuns = (offset: number) => runs.some(({ from, to }) => from <= offset && offset < to);
  for (const offset of model.finishedOffsets(end)) assert.ok(inRuns(offset), `${offset} in a run`);
  for (const { offset } of model.unfinished) assert.ok(!inRuns(offset), `${offset} in no run`);
  const received = runs.filter(({ to }) => to <= model.next);
  const count = received.reduce((sum, { count }) => sum + count, 0);
  assert.equal(count, model.finishedAbove, "messages in the runs that were received");
  let last = model.watermark;
  for (const { from, to } of runs) {
    assert.ok(last <= from && from < to, "in order");
    last = to;
  }
}

/** Ranges in rising order that do not touch, from `start` on. */
function ranges(start: number): fc.Arbitrary<OffsetRange[]> {
  const pair = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));
  return fc.array(pair, { maxLength: 8 }).map((pairs) => {
    let at = start;
    return pairs.map(([gap, length]) => ({ from: at += gap, to: at += length }));
  });
}

function perform(step: Step, tracker: OffsetTracker<string>, model: Model): void {
  switch (step.do) {
    case "receive": {
      const offset = Math.max(0, model.next) + step.gap;
      assert.equal(tracker.receive(offset), model.receive(offset));
      break;
    }
    case "rewind": {
      if (model.next < 1) break;
      const offset = Math.max(0, model.next - step.back);
      assert.equal(tracker.receive(offset), -1);
      break;
    }
    case "finish": {
      // Often one that is finished already: a second time changes nothing.
      const position = step.at % Math.max(1, model.entries.length);
      assert.equal(tracker.finish(position), model.finish(position));
      break;
    }
    case "finish unknown":
      assert.equal(tracker.finish(step.position), false);
      break;
    case "hold": {
      const position = step.at % Math.max(1, model.entries.length);
      tracker.hold(position, step.item);
      model.hold(position, step.item);
      break;
    }
    case "reach end": {
      const end = Math.max(0, model.next) + step.gap;
      tracker.reachEnd(end);
      tracker.reachEnd(end - 1);
      model.next = Math.max(model.next, end);
      break;
    }
    default:
      step satisfies never;
  }
}

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
