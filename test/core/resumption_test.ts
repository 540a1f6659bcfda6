import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type CommitHeader, encodeMetadata } from "../../src/core/commit_metadata.ts";
import type { FinishedRun } from "../../src/core/offset_tracker.ts";
import {
  type GroupStanding,
  type LostWork,
  resume,
  resumeAfterLoss,
  type Resumption,
} from "../../src/core/resumption.ts";

const HEADER: CommitHeader = {
  incarnation: "id",
  closed: false,
  breakerOpen: false,
  takeovers: 0,
  suspect: null,
  exclusive: false,
  extent: 30,
  epoch: 2,
  givenUp: 0,
  attempts: new Map(),
};
const RUN: FinishedRun = { from: 22, to: 25, count: 3 };

function metadata(header: Partial<CommitHeader> = {}, runs: FinishedRun[] = [RUN], offset = 20) {
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  return encodeMetadata(offset, { ...HEADER, ...header }, { runs, total }).text;
}

function resumed(standing: Partial<GroupStanding>): Resumption {
  return resume({
    committed: 20,
    metadata: metadata(),
    incarnation: "id",
    start: 0,
    end: 100,
    ...standing,
  });
}

const FRESH = {
  finished: [],
  takeovers: 0,
  suspect: null,
  exclusive: false,
  breakerOpen: false,
  givenUp: 0,
  epoch: -1,
  attempts: new Map(),
  reset: null,
  ignored: null,
};

describe("resume", () => {
  test("without a commit: at the first offset there is", () => {
    const found = resumed({ committed: -1, metadata: "", start: 7 });
    assert.deepEqual(found, { ...FRESH, offset: 7, extent: 7 });
  });

  test("with a commit of another program, which has no metadata: at its offset", () => {
    assert.deepEqual(resumed({ metadata: "" }), { ...FRESH, offset: 20, extent: 20 });
  });

  test("after an owner that left in good order: with what it had finished", () => {
    const found = resumed({ metadata: metadata({ closed: true, takeovers: 2, suspect: 20 }) });
    const finished = [{ from: 22, to: 25 }];
    // The takeovers before it count on: it has not finished what may have caused them.
    assert.deepEqual(found, { ...FRESH, offset: 20, extent: 30, epoch: 2, finished, takeovers: 2 });
  });

  test("after an owner that did not leave: one takeover more, and its suspect", () => {
    const { takeovers, suspect, extent } = resumed({
      metadata: metadata({ takeovers: 2, suspect: 21 }),
    });
    assert.deepEqual({ takeovers, suspect, extent }, { takeovers: 3, suspect: 21, extent: 30 });
  });

  test("hands on that a breaker was open", () => {
    assert.equal(resumed({ metadata: metadata({ breakerOpen: true }) }).breakerOpen, true);
  });

  test("for a topic that was made again: all of it, for the offset means nothing there", () => {
    const found = resumed({ incarnation: "other", start: 3 });
    assert.deepEqual(found, {
      ...FRESH,
      offset: 3,
      extent: 3,
      reset: { from: 20, reason: "recreated", lost: 0 },
    });
  });

  test("after a commit that did not know the topic's id: its offset counts", () => {
    const found = resumed({ metadata: metadata({ incarnation: "-" }, []) });
    assert.deepEqual([found.offset, found.reset], [20, null]);
  });

  test("forgets a suspect that was deleted", () => {
    const before = { metadata: metadata({ suspect: 21, exclusive: true }) };
    assert.deepEqual([resumed(before).suspect, resumed(before).exclusive], [21, true]);
    assert.equal(resumed({ ...before, start: 23 }).suspect, null);
  });

  test("for a topic whose id is not known: no map, but its offset", () => {
    const found = resumed({ incarnation: null });
    assert.deepEqual([found.offset, found.finished], [20, []]);
    assert.equal(found.ignored, "the topic's id is not known");
    assert.equal(resumed({ incarnation: null, metadata: metadata({}, []) }).ignored, null);
  });

  test("for a log that ends below the commit: at its end, and how many are gone", () => {
    const { offset, reset } = resumed({ end: 15 });
    assert.equal(offset, 15);
    assert.deepEqual(reset, { from: 20, reason: "truncated", lost: 5 });
  });

  test("for a log that ends within the map: without the map", () => {
    const { finished, ignored, offset } = resumed({ end: 24 });
    assert.deepEqual([offset, finished], [20, []]);
    assert.match(ignored!, /beyond the end of the log/);
  });

  test("for a log that begins above the commit: at its start, and how many never ran", () => {
    const { offset, finished, reset, takeovers } = resumed({ start: 23 });
    assert.deepEqual([offset, finished, takeovers], [23, [{ from: 23, to: 25 }], 0]);
    assert.deepEqual(reset, { from: 20, reason: "deleted", lost: 2 }, "one of the three was done");
    assert.deepEqual(resumed({ start: 40 }).reset, { from: 20, reason: "deleted", lost: 17 });
    const unreadable = resumed({ start: 40, metadata: "x" });
    assert.deepEqual([unreadable.offset, unreadable.reset!.lost], [40, 20]);
  });

  test("says why metadata are not used", () => {
    const why = (metadata: string) => resumed({ metadata }).ignored;
    assert.match(why("x")!, /another program/);
    assert.match(why(metadata().slice(0, -1))!, /cut, damaged/);
    assert.match(why("t9;…")!, /version "t9"/);
    assert.equal(resumed({ metadata: "x" }).offset, 20);
  });
});

describe("resumeAfterLoss", () => {
  const STANDING = { committed: 20, metadata: metadata(), incarnation: "id", start: 0, end: 100 };
  const LOST: LostWork = {
    committed: 20,
    takeovers: 0,
    incarnation: "id",
    epoch: 3,
    finished: [{ from: 25, to: 27 }],
  };
  const after = (lost: Partial<LostWork>, standing: Partial<GroupStanding> = {}) =>
    resumeAfterLoss({ ...STANDING, ...standing }, { ...LOST, ...lost });

  test("what it finished was of the newest leader epoch that it had seen", () => {
    assert.equal(after({}).epoch, 3, "not of that of the commit, which may be older");
    assert.equal(after({ epoch: 1 }).epoch, 2, "nor of an older one");
  });

  test("adds what this process has finished to what the commit tells", () => {
    const { offset, finished } = after({});
    assert.deepEqual([offset, finished], [20, [{ from: 22, to: 27 }]]);
  });

  test("begins above what is finished at the commit, in whatever order it was", () => {
    const { offset, finished, extent } = after({
      finished: [{ from: 30, to: 40 }, { from: 21, to: 22 }, { from: 15, to: 21 }],
    });
    assert.deepEqual([offset, finished, extent], [25, [{ from: 30, to: 40 }], 30]);
  });

  test("is no takeover, unless others have had it meanwhile", () => {
    const suspected = { metadata: metadata({ takeovers: 2, suspect: 21 }) };
    const same = after({ takeovers: 2 }, suspected);
    assert.deepEqual([same.takeovers, same.suspect], [2, null]);
    const other = after({ takeovers: 1 }, suspected);
    assert.deepEqual([other.takeovers, other.suspect], [3, 21]);
  });

  test("does not suspect what it has itself finished", () => {
    const suspected = { metadata: metadata({ takeovers: 1, suspect: 26 }) };
    assert.equal(after({}, suspected).suspect, null);
    assert.equal(after({ finished: [{ from: 27, to: 28 }] }, suspected).suspect, 26);
  });

  const unusable: Record<string, [Partial<LostWork>, Partial<GroupStanding>]> = {
    "of another log": [{ incarnation: "other" }, {}],
    "of a log whose id is not known": [{ incarnation: null }, { incarnation: null }],
    "of a log whose end is not known": [{}, { end: Infinity }],
    "when the group has got on meanwhile": [{ committed: 19 }, {}],
    "when the group was put back": [{ committed: 21 }, {}],
    "when the group was put back to where it was": [{}, { metadata: "" }],
    "when the group's offsets were deleted": [{}, { committed: -1, metadata: "", start: 20 }],
    "when the commit's own metadata cannot be used": [{}, { end: 24 }],
    "of a log that was truncated": [{ finished: [{ from: 99, to: 101 }] }, {}],
    "of a log that now begins above the commit": [{}, { start: 21 }],
  };
  for (const [name, [lost, standing]] of Object.entries(unusable)) {
    test(`uses nothing ${name}`, () => {
      const { offset, finished } = resume({ ...STANDING, ...standing });
      const found = after(lost, standing);
      assert.deepEqual([found.offset, found.finished], [offset, finished]);
    });
  }
});
