import assert from "node:assert/strict";
import { test } from "node:test";
import { RunTimes } from "../../src/stats/run_times.ts";

function about(actual: number | null, expected: number): void {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= expected * 0.01,
    `${actual} is not within 1 % of ${expected}`,
  );
}

test("RunTimes has no percentiles before the first record", () => {
  assert.deepEqual(new RunTimes().percentiles(), { p50Ms: null, p99Ms: null });
});

test("RunTimes is right within 1 % from microseconds to hours", () => {
  for (const unit of [0.05, 1, 250, 60_000, 36_000]) {
    const times = new RunTimes();
    for (let i = 1; i <= 1000; i++) times.record(i * unit);
    about(times.percentiles().p50Ms, 500 * unit);
    about(times.percentiles().p99Ms, 990 * unit);
  }
});

test("RunTimes sees new records after it was asked", () => {
  const times = new RunTimes();
  times.record(10);
  about(times.percentiles().p50Ms, 10);
  for (let i = 0; i < 10; i++) times.record(500);
  about(times.percentiles().p50Ms, 500);
});

test("RunTimes takes impossible times without failing", () => {
  const times = new RunTimes();
  for (const ms of [0, -5, NaN, Infinity, 1e300]) times.record(ms);
  assert.equal(times.count, 5);
  about(times.percentiles().p99Ms, 86_400_000);
});

test("RunTimes.merge counts all parts", () => {
  const fast = new RunTimes();
  const slow = new RunTimes();
  for (let i = 0; i < 90; i++) fast.record(10);
  for (let i = 0; i < 10; i++) slow.record(1000);
  const merged = RunTimes.merge([fast, slow, new RunTimes()]);
  assert.equal(merged.count, 100);
  about(merged.percentiles().p50Ms, 10);
  about(merged.percentiles().p99Ms, 1000);
  assert.equal(fast.count, 90);
});

test("RunTimes: each time lies in a bucket that is narrower than 1 % of it", () => {
  // Both sides of each power of two, where buckets change their width.
  for (let bits = 0; bits <= 35; bits++) {
    for (const us of [2 ** bits - 1, 2 ** bits, 2 ** bits + 1, Math.floor(2 ** bits * 1.37)]) {
      if (us < 1) continue;
      const times = new RunTimes();
      times.record(us / 1000);
      assert.ok(Math.abs(times.percentiles().p50Ms! * 1000 - us) <= us * 0.004, `${us} µs`);
    }
  }
});

test("RunTimes come to another process as they were", () => {
  const times = new RunTimes();
  for (let i = 1; i <= 5000; i++) times.record(i ** 2 / 100);
  const received = RunTimes.fromJSON(JSON.parse(JSON.stringify(times)));
  assert.deepEqual(received.percentiles(), times.percentiles());
  assert.equal(received.count, 5000);
  assert.deepEqual(received.toJSON(), times.toJSON());
  assert.equal(RunTimes.fromJSON(new RunTimes().toJSON()).count, 0);
});
