import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStarts } from "../../../scripts/peers/start_table.ts";

const spread = { min: 99.6, median: 250, max: 1000 };

test("formatStarts: a line for each, a dash where there is no figure, failures below", () => {
  const own = { newGroupMs: spread, knownGroupMs: spread, wholeMs: spread, cpuMs: spread };
  const none = { newGroupMs: null, knownGroupMs: null, wholeMs: null, cpuMs: null };
  const standings = [
    { name: "taskc", title: "taskc", failure: null, ...own },
    { name: "--help", title: "taskc --help", failure: null, ...none, cpuMs: spread },
    { name: "other", title: "other", failure: "no output", ...none },
  ];
  assert.equal(
    formatStarts(standings, 5),
    `Start, in milliseconds: least / median / greatest of 5 rounds

               first task, new group        known group      start to exit                CPU
taskc               100 / 250 / 1000   100 / 250 / 1000   100 / 250 / 1000   100 / 250 / 1000
taskc --help                       -                  -                  -   100 / 250 / 1000
other                              -                  -                  -                  -
other: failed: no output
`,
  );
});
