/** How latencies are summed up and shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { formatLatencies, summarizeLatencies } from "../../../scripts/peers/latency_table.ts";

test("ranks: half, and all but one in a hundred, do not take longer", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.deepEqual(summarizeLatencies(hundred), { count: 100, p50: 50, p99: 99, max: 100 });
  assert.deepEqual(summarizeLatencies([7]), { count: 1, p50: 7, p99: 7, max: 7 });
  assert.equal(summarizeLatencies([]), null);
});

test("a table with one that has failed and one that is never idle", () => {
  const sparse = { count: 200, p50: 1.234, p99: 12.5, max: 100 };
  const dense = { count: 3000, p50: 1, p99: 2, max: 3 };
  const lines = formatLatencies([
    { name: "a", title: "one", sparse, dense, idlePercent: 0.126, failure: null },
    { name: "b", title: "the other", sparse, dense, idlePercent: null, failure: null },
    { name: "c", title: "lost", sparse: null, dense: null, idlePercent: null, failure: "gone" },
  ]).split("\n");
  assert.match(
    lines[1]!,
    /^one +1\.23 ms +12\.50 ms +100\.00 ms +1\.00 ms +2\.00 ms +3\.00 ms +0\.13 %$/,
  );
  assert.match(lines[2]!, /^the other .* 3\.00 ms$/);
  assert.equal(lines[3], "lost        failed: gone");
});
