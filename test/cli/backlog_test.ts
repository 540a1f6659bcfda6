import assert from "node:assert/strict";
import { test } from "node:test";
import { backlogOf, backlogOfAll } from "../../src/cli/backlog.ts";

const at = (start: number, committed: number, end: number) => ({
  topic: "t",
  partition: 0,
  start,
  committed,
  end,
});

test("backlogOf counts from the commit, or from the start without one or below it", () => {
  assert.equal(backlogOf(at(0, -1, 100)), 100);
  assert.equal(backlogOf(at(40, -1, 100)), 60);
  assert.equal(backlogOf(at(0, 70, 100)), 30);
  assert.equal(backlogOf(at(40, 10, 100)), 60);
  assert.equal(backlogOf(at(0, 100, 100)), 0);
  assert.equal(backlogOf(at(0, 130, 100)), 0, "the log was cut off");
  assert.equal(backlogOfAll([at(0, 70, 100), at(0, 100, 100), at(5, -1, 7)]), 32);
});
