import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDuration } from "../../src/core/duration.ts";

describe("parseDuration", () => {
  test("reads every unit, decimals and surrounding blanks", () => {
    const texts = ["500ms", "30s", "5m", "2h", "1d", "1.5s", " 10s ", "0s", "0.5ms"];
    assert.deepEqual(texts.map(parseDuration), [
      500,
      30_000,
      300_000,
      7_200_000,
      86_400_000,
      1500,
      10_000,
      0,
      1,
    ]);
  });

  test("refuses everything else", () => {
    for (
      const text of ["", "5", "s", "-1s", "1 s", "5minutes", "1e3s", ".5s", "1,5s", "Infinity"]
    ) {
      assert.equal(parseDuration(text), null, text);
    }
  });
});
