import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { decodeFinished, encodeFinished } from "../../src/core/finished_map.ts";
import type { FinishedRun, OffsetRange } from "../../src/core/offset_tracker.ts";

function encode(watermark: number, runs: readonly FinishedRun[], room: number) {
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  return encodeFinished(watermark, { runs, total }, room);
}

/** Runs above a watermark, in order, with gaps counted as messages: unfinished between any two. */
function runs(watermark: number, longest: number, most: number): fc.Arbitrary<FinishedRun[]> {
  const length = fc.integer({ min: 1, max: longest });
  return fc.array(fc.tuple(length, length), { maxLength: most }).map((pairs) => {
    let at = watermark;
    return pairs.map(([gap, count]) => ({ from: at += gap, to: at += count, count }));
  });
}

const cases = fc.tuple(
  fc.oneof(fc.nat({ max: 1000 }), fc.constant(2 ** 50)),
  fc.constantFrom([3, 200], [40, 40], [100_000, 10]),
).chain(([watermark, [longest, most]]) =>
  fc.tuple(fc.constant(watermark), runs(watermark, longest!, most!))
);

function offsets(ranges: readonly OffsetRange[]): number[] {
  return ranges.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i));
}

describe("encodeFinished", () => {
  test("with room enough: decodeFinished gives the same offsets", () => {
    fc.assert(fc.property(cases, ([watermark, runs]) => {
      const { text, uncovered } = encode(watermark, runs, 100_000);
      assert.equal(uncovered, 0);
      assert.match(text, /^([rb][\w-]+)?$/);
      assert.deepEqual(
        decodeFinished(watermark, text),
        runs.map(({ from, to }) => ({ from, to })),
      );
    }));
  });

  test("with little room: the lowest offsets, never one too many, and how many are missing", () => {
    fc.assert(fc.property(cases, fc.nat({ max: 120 }), ([watermark, runs], room) => {
      const { text, uncovered } = encode(watermark, runs, room);
      assert.ok(text.length <= room, `${text.length} characters in ${room}`);
      const all = offsets(runs);
      const kept = offsets(decodeFinished(watermark, text)!);
      assert.deepEqual(kept, all.slice(0, kept.length));
      assert.equal(uncovered, all.length - kept.length);
    }));
  });

  test("takes the shorter of runs and bits", () => {
    const alternating = Array.from({ length: 60 }, (_, i) => ({
      from: 2 * i + 1,
      to: 2 * i + 2,
      count: 1,
    }));
    assert.equal(encode(0, alternating, 4000).text, `b${"V".repeat(20)}`);
    const long = [{ from: 1, to: 1_000_001, count: 1_000_000 }];
    assert.deepEqual(encode(0, long, 4000), { text: "rBgywe", uncovered: 0 });
  });

  test("counts messages, not the gaps between them", () => {
    const runs = [{ from: 11, to: 20, count: 3 }, { from: 30, to: 31, count: 1 }];
    assert.deepEqual(encode(10, runs, 1), { text: "", uncovered: 4 });
    assert.equal(encode(10, runs, 3).uncovered, 1);
  });

  test("a range that begins at the watermark itself", () => {
    const text = encode(5, [{ from: 5, to: 9, count: 4 }], 4000).text;
    assert.deepEqual(decodeFinished(5, text), [{ from: 5, to: 9 }]);
  });
});

describe("decodeFinished", () => {
  test("null for what no encoder wrote, and never a crash", () => {
    for (
      const text of [
        "x",
        "r?",
        "rAg",
        "rB",
        "b!",
        "é",
        "rgggggggggggggggggggB",
        "r" + "_".repeat(4000),
      ]
    ) {
      assert.equal(decodeFinished(0, text), null, text);
    }
    fc.assert(fc.property(fc.string({ maxLength: 50 }), (text) => {
      const ranges = decodeFinished(7, text);
      if (ranges) { for (const { from, to } of ranges) assert.ok(7 <= from && from < to); }
    }));
  });
});
