import assert from "node:assert/strict";
import { test } from "node:test";
import { LoopDelay } from "../../src/stats/loop_delay.ts";

test("LoopDelay knows nothing before the first measurement", () => {
  assert.deepEqual(new LoopDelay().figures(), { p99: 0, max: 0 });
});

test("LoopDelay tells percentile and maximum, less the timer's own rounding", () => {
  const delay = new LoopDelay();
  for (let turn = 0; turn < 200; turn++) delay.record(1000 + turn, 1000 + turn + 3);
  delay.record(2000, 2101);
  const { p99, max } = delay.figures();
  assert.ok(Math.abs(p99 - 2) < 0.03, `p99 is ${p99}`);
  assert.ok(Math.abs(max - 100) < 1, `max is ${max}`);
});

test("LoopDelay forgets after two windows, not before", () => {
  const delay = new LoopDelay();
  delay.record(0, 501);
  const max = () => Math.round(delay.figures().max / 10) * 10;
  assert.equal(max(), 500);
  delay.record(11_000, 11_000);
  assert.equal(max(), 500);
  delay.record(22_000, 22_000);
  assert.equal(max(), 0);
});

test("LoopDelay sees a block of the event loop", async () => {
  const delay = new LoopDelay({ intervalMs: 5 });
  delay.start();
  const blocked = performance.now() + 60;
  while (performance.now() < blocked);
  // A timer of the same length that is set after the block comes after the one that it delayed.
  await new Promise((resolve) => setTimeout(resolve, 5));
  delay.stop();
  assert.ok(delay.figures().max > 30, `max is ${delay.figures().max}`);
});
