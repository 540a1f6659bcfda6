/** Figures of taskc's own runs, as they are shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { OwnOutcome } from "../../../scripts/peers/own_runs.ts";
import { formatOwn } from "../../../scripts/peers/own_table.ts";

function outcome(title: string, cpu: number, perSecond: number | null): OwnOutcome {
  const figures = { perSecond, cpuSecondsPerMillion: cpu, peakBytes: 100 * 2 ** 20 };
  return { name: title, title, messages: 50_000, figures, failure: null };
}

test("costs are ratios to the reference; a rate that could not be told, and a failure", () => {
  const base = outcome("as it is", 2, 345_678);
  const lost: OwnOutcome = { ...outcome("lost", 1, 1), figures: null, failure: "exit code 4" };
  const lines = formatOwn([base, outcome("half", 1, null), lost], base).split("\n");
  assert.match(lines[0]!, /^ +messages +thousand\/s +CPU s per million +peak memory +cost$/);
  assert.match(lines[1]!, /^as it is +50,000 +346 +2\.00 +100 MiB +1\.00 ×$/);
  assert.match(lines[2]!, /^half +50,000 +- +1\.00 +100 MiB +0\.50 ×$/);
  assert.match(lines[3]!, /^lost +50,000 +failed: exit code 4$/);
  assert.equal(formatOwn([base]).split("\n").length, 2);
});
