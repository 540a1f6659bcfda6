/** A naive model of the offset tracker, and steps that both perform. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  FINISHED_BEFORE,
  type OffsetRange,
  type OffsetTracker,
  REWOUND,
} from "../../src/core/offset_tracker.ts";

/** What the tracker is to be, written without a thought for speed. */
export class Model {
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

export type Step =
  | { do: "receive"; gap: number }
  | { do: "rewind"; back: number }
  | { do: "finish"; at: number }
  | { do: "finish unknown"; position: number }
  | { do: "hold"; at: number; item: string }
  | { do: "reach end"; gap: number };

export const step: fc.Arbitrary<Step> = fc.oneof(
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

export function assertSame(tracker: OffsetTracker<string>, model: Model): void {
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
export function ranges(start: number): fc.Arbitrary<OffsetRange[]> {
  const pair = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }));
  return fc.array(pair, { maxLength: 8 }).map((pairs) => {
    let at = start;
    return pairs.map(([gap, length]) => ({ from: at += gap, to: at += length }));
  });
}

export function perform(step: Step, tracker: OffsetTracker<string>, model: Model): void {
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
