/** Figures of the comparison: how rounds are summed up, and how failures are shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { drawChart } from "../../../scripts/peers/chart.ts";
import { type Round, summarize } from "../../../scripts/peers/figures.ts";
import { formatTable } from "../../../scripts/peers/table.ts";

const round = (perSecond: number): Round => ({
  done: 1000,
  seconds: 1000 / perSecond,
  perSecond,
  cpuSecondsPerMillion: 2.5,
  peakBytes: 100 * 2 ** 20,
});

const entries = [
  { name: "taskc", title: "taskc", rounds: [round(300_000), round(100_000), round(200_000)] },
  { name: "fast", title: "Fast", rounds: [round(400_000), round(400_000), round(400_000)] },
  { name: "shaky", title: "Shaky", rounds: [round(100_000), { failure: "exit code 1: no" }] },
  { name: "broken", title: "Broken", rounds: [{ failure: "not installed" }] },
];

test("summarize divides taskc's median rate by each one's, over rounds that did not fail", () => {
  const ratios = summarize(entries, "taskc").map(({ summary }) => summary?.taskcRatio ?? null);
  assert.deepEqual(ratios, [1, 0.5, 2, null]);
});

test("summarize has no ratios where taskc did not take part", () => {
  const [fast] = summarize(entries.slice(1), "taskc");
  assert.equal(fast!.summary!.taskcRatio, null);
});

test("formatTable shows failures with their reason, and goes on", () => {
  assert.equal(
    formatTable(summarize(entries, "taskc")),
    `
              thousand/s    CPU s per million   peak memory   taskc is
taskc    100 / 200 / 300   2.50 / 2.50 / 2.50       100 MiB     1.00 ×
Fast     400 / 400 / 400   2.50 / 2.50 / 2.50       100 MiB     0.50 ×
Shaky    100 / 100 / 100   2.50 / 2.50 / 2.50       100 MiB     2.00 ×
Broken   failed: not installed
Shaky: failed in 1 of 2 rounds: exit code 1: no`.slice(1),
  );
});

test("drawChart escapes names, and has a word for what has failed", () => {
  const spread = { min: 1, median: 2, max: 4 };
  const svg = drawChart([{
    title: 'a < "b"',
    bars: [
      { label: "x & y", emphasis: true, spread },
      { label: "gone", emphasis: false, spread: null },
    ],
  }]);
  assert.match(svg, /a &lt; &quot;b&quot;/);
  assert.match(svg, /x &amp; y/);
  assert.match(svg, />failed</);
});
