import assert from "node:assert/strict";
import { test } from "node:test";
import { spreadOf } from "../../src/stats/spread.ts";

test("spreadOf takes the mean of the two in the middle of an even number", () => {
  assert.deepEqual(spreadOf([5, 1, 9]), { min: 1, median: 5, max: 9 });
  assert.deepEqual(spreadOf([4, 1, 9, 2]), { min: 1, median: 3, max: 9 });
  assert.deepEqual(spreadOf([7]), { min: 7, median: 7, max: 7 });
});
