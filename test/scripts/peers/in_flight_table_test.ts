/** How many tasks in flight are summed up and shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type FlightRound,
  formatFlights,
  summarizeFlight,
} from "../../../scripts/peers/in_flight_table.ts";

const MIB = 2 ** 20;
const round = (changes: Partial<FlightRound> = {}): FlightRound => ({
  ...{ overMs: 500, fromStartMs: 6000, cpuSeconds: 2, peakBytes: 300 * MIB },
  ...{ peakInFlight: 100_000, peakUncovered: 0, loopDelayMs: 3, ...changes },
});
const beside = { idleBytes: 100 * MIB, payloadBytes: 100 };

test("the worst of all rounds is what counts, and a task's share is beyond idle worker and payload", () => {
  const summary = summarizeFlight([
    round(),
    round({ overMs: 300, peakBytes: 280 * MIB, peakInFlight: 50_000, peakUncovered: 7 }),
    { failure: "gone" },
  ], beside)!;
  assert.deepEqual(summary.overMs, { min: 300, median: 400, max: 500 });
  assert.equal(summary.peakBytes, 300 * MIB);
  assert.equal(summary.peakInFlight, 50_000);
  assert.equal(summary.bytesEach, 180 * MIB / 50_000 - 100);
  assert.equal(summary.peakUncovered, 7);
  assert.equal(summarizeFlight([{ failure: "gone" }], beside), null);
  assert.equal(summarizeFlight([round()], { ...beside, idleBytes: null })!.bytesEach, null);
});

test("a table with one that has failed, and one that has failed once", () => {
  const rounds = [round(), { failure: "exit code 1: no" }];
  const standings = [
    { name: "a", title: "100,000 tasks", tasks: 100_000, rounds },
    { name: "b", title: "more", tasks: 500_000, rounds: [{ failure: "gone" }] },
  ].map((one) => ({ ...one, summary: summarizeFlight(one.rounds, beside) }));
  const lines = formatFlights(standings, round({ peakBytes: 100 * MIB })).split("\n");
  assert.match(
    lines[1]!,
    /^100,000 tasks +100,000 +0\.50 \/ 0\.50 \/ 0\.50 +6\.00 .* 300 MiB +2\.00 KB +0 +3 ms$/,
  );
  assert.equal(lines[2], "more            failed: gone");
  assert.equal(lines[3], "100,000 tasks: failed in 1 of 2 rounds: exit code 1: no");
  assert.equal(lines[4], "An idle worker has 100 MiB at most.");
  assert.match(
    formatFlights([], { failure: "gone" }),
    /idle worker, for comparison, failed: gone$/,
  );
});
