import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type ArticleResult,
  formatTable,
  noopRates,
  summarize,
} from "../../../scripts/peers/article_table.ts";

const quick = summarize([
  { totalMs: 30, requestMs: [10, 28] },
  { totalMs: 20, requestMs: [12, 20] },
  { totalMs: 25, requestMs: [11, 25] },
]);
const slow = summarize([{ totalMs: 31_200, requestMs: [15_000, 31_190] }]);

const rows: ArticleResult["rows"] = [
  { jobs: 100, requests: 5, ioMs: 0, outcomes: { quick } },
  {
    ...{ jobs: 300, requests: 20, ioMs: 5000 },
    outcomes: { quick, slow, stuck: { unfinished: { doneJobs: 17, withinMs: 120_000 } } },
  },
];

describe("summarize", () => {
  it("takes totals by rounds, and requests over all rounds", () => {
    assert.deepEqual(quick, {
      ...{ rounds: [30, 20, 25], min: 20, median: 25, max: 30 },
      requestMs: { median: 20, max: 28 },
    });
  });
});

describe("noopRates", () => {
  it("is of the largest row without I/O", () => {
    assert.deepEqual(noopRates(rows), { quick: 20_000 });
  });
});

describe("formatTable", () => {
  const table = formatTable({
    rounds: 3,
    contenders: [
      { name: "quick", title: "Quick" },
      { name: "slow", title: "Slow" },
      { name: "stuck", title: "Stuck" },
    ],
    rows,
    noopPerSecond: noopRates(rows),
    notes: ["* In one round only"],
  });

  it("is this", () => {
    assert.equal(
      table,
      `\
100x5: 500 jobs                          min   median      max  request      max
  Quick                                20 ms    25 ms    30 ms    20 ms    28 ms

300x20@5s: 6,000 jobs                    min   median      max  request      max
  Quick                                20 ms    25 ms    30 ms    20 ms    28 ms
  Slow *                             31.20 s  31.20 s  31.20 s  31.19 s  31.19 s
  Stuck                             17 of 6,000 jobs within 120 s, ended

Jobs per second without I/O
  Quick                               20,000

* In one round only
`,
    );
  });
});
