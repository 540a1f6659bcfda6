import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatDuration, readDuration } from "../../src/core/duration.ts";

describe("readDuration", () => {
  test("reads every unit, decimals and surrounding blanks", () => {
    const texts = ["500ms", "30s", "5m", "2h", "1d", "1.5s", " 10s ", "0s", "1.1s", "5 m"];
    assert.deepEqual(
      texts.map(readDuration),
      [500, 30_000, 300_000, 7_200_000, 86_400_000, 1500, 10_000, 0, 1100, 300_000]
        .map((ms) => ({ ms })),
    );
  });

  test("says why a text is none", () => {
    const reasons: [string, RegExp][] = [
      ["", /must be a duration such as "500ms"/],
      ["s", /must be a duration/],
      ["-1s", /must be a duration/],
      ["1e3s", /must be a duration/],
      ["1,5s", /must be a duration/],
      ["Infinity", /must be a duration/],
      ["5", /needs a unit, such as "5s" or "5ms"/],
      ["0.5ms", /not a whole number of milliseconds/],
      ["999999999999d", /longer than any clock can count/],
    ];
    for (const [text, reason] of reasons) {
      const read = readDuration(text);
      assert.ok("problem" in read, text);
      assert.match(read.problem, reason);
    }
  });

  test("reads back what formatDuration writes", () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => {
      assert.deepEqual(readDuration(formatDuration(ms)), { ms });
    }));
  });
});
