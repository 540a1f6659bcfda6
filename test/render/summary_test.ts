import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatSummary } from "../../src/render/summary.ts";
import { createTheme } from "../../src/render/theme.ts";
import { measure } from "../../src/render/width.ts";
import { assertGolden } from "./golden.ts";
import { anySnapshot } from "./arbitraries.ts";
import { busySnapshot, crowdedSnapshot } from "./snapshots.ts";

const PLAIN = createTheme(0, true);

for (const columns of [40, 80, 120]) {
  test(`formatSummary at ${columns} columns`, () => {
    const stopped = busySnapshot({ state: "stopped" });
    assertGolden(`summary_${columns}`, formatSummary(stopped, columns, PLAIN));
  });
}

test("formatSummary in colour", () => {
  const stopped = busySnapshot({ state: "stopped" });
  assertGolden("summary_80_colour", formatSummary(stopped, 80, createTheme(1, true)));
});

test("formatSummary of one task has no table, of hundreds a bounded one", () => {
  const { tasks } = busySnapshot();
  const one = formatSummary(busySnapshot({ tasks: tasks.slice(0, 1) }), 80, PLAIN);
  assert.doesNotMatch(one, /TASK/);
  const many = formatSummary(crowdedSnapshot(), 80, PLAIN);
  assert.match(many, /^… and 480 more tasks$/m);
  assert.ok(many.split("\n").length < 30);
});

test("formatSummary never exceeds the width nor lets anything harmful through", () => {
  fc.assert(fc.property(anySnapshot, fc.integer({ min: 1, max: 200 }), (snapshot, columns) => {
    for (const line of formatSummary(snapshot, columns, PLAIN).split("\n")) {
      assert.ok(measure(line) <= columns);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
    }
  }));
});
