import assert from "node:assert/strict";
import { test } from "node:test";
import { Repetitions } from "../../src/core/repetitions.ts";

test("what goes on is told less and less often, down to once in 10 minutes", () => {
  const repetitions = new Repetitions();
  const told: number[] = [];
  for (let second = 0; second <= 3600; second++) {
    if (repetitions.isNews("same", 1000 * second)) told.push(second);
  }
  assert.deepEqual(told, [0, 10, 30, 70, 150, 310, 630, 1230, 1830, 2430, 3030]);
});

test("what comes again after a long silence is news, and so is anything else", () => {
  const repetitions = new Repetitions();
  assert.ok(repetitions.isNews("same", 0));
  assert.ok(repetitions.isNews("other", 1));
  assert.ok(!repetitions.isNews("same", 9999));
  assert.ok(repetitions.isNews("same", 30_000));
  assert.ok(repetitions.isNews("same", 40_000), "10 s again, after a silence");
});
