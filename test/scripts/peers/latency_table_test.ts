/** How latencies are summed up and shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBehind,
  formatLatencies,
  summarizeLatencies,
} from "../../../scripts/peers/latency_table.ts";

test("ranks: half, and all but one in a hundred, do not take longer", () => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  assert.deepEqual(summarizeLatencies(hundred), { count: 100, p50: 50, p99: 99, max: 100 });
  assert.deepEqual(summarizeLatencies([7]), { count: 1, p50: 7, p99: 7, max: 7 });
  assert.equal(summarizeLatencies([]), null);
});

test("a table with one that has failed and one that is never idle", () => {
  const sparse = { count: 200, p50: 1.234, p99: 12.5, max: 100 };
  const dense = { count: 3000, p50: 1, p99: 2, max: 3 };
  const none = { sparseBehind: null, denseBehind: null, idlePercent: null, failure: null };
  const lines = formatLatencies([
    { ...none, name: "a", title: "one", sparse, dense, idlePercent: 0.126 },
    { ...none, name: "b", title: "the other", sparse, dense },
    { ...none, name: "c", title: "lost", sparse: null, dense: null, failure: "gone" },
  ]).split("\n");
  assert.match(
    lines[1]!,
    /^one +1\.23 ms +12\.50 ms +100\.00 ms +1\.00 ms +2\.00 ms +3\.00 ms +0\.13 %$/,
  );
  assert.match(lines[2]!, /^the other .* 3\.00 ms$/);
  assert.equal(lines[3], "lost        failed: gone");
});

test("from the acknowledgement on: only what messages are sent to, also earlier than the acknowledgement", () => {
  const dense = { count: 3000, p50: -0.25, p99: 2, max: 3 };
  const none = { name: "a", sparse: dense, dense, idlePercent: null, failure: null };
  const lines = formatBehind([
    { ...none, title: "one", sparseBehind: { ...dense, p50: 0.125 }, denseBehind: dense },
    { ...none, title: "the broker", sparseBehind: null, denseBehind: null },
  ]).split("\n");
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /^ +now and then: p50 +p99 +max +many: p50 +p99 +max$/);
  assert.match(lines[1]!, /^one +0\.1[23] ms +2\.00 ms +3\.00 ms +-0\.25 ms +2\.00 ms +3\.00 ms$/);
});
