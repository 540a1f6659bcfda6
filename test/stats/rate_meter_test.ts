import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { RateMeter } from "../../src/stats/rate_meter.ts";

test("RateMeter is empty before the first whole second", () => {
  const meter = new RateMeter(5000);
  meter.advance(5000, 0);
  assert.deepEqual(meter.history(), []);
  assert.equal(meter.perSecond(), 0);
  meter.advance(5500, 50);
  assert.deepEqual(meter.history(), []);
  assert.equal(meter.perSecond(), 100);
});

test("RateMeter gives each whole second what was done in it", () => {
  const meter = new RateMeter(0);
  meter.advance(1000, 10);
  meter.advance(2000, 10);
  meter.advance(3000, 40);
  assert.deepEqual(meter.history(), [10, 0, 30]);
});

test("RateMeter keeps sixty seconds", () => {
  const meter = new RateMeter(0);
  for (let second = 1; second <= 75; second++) meter.advance(second * 1000, second * second);
  const expected = Array.from({ length: 60 }, (_, index) => 2 * (index + 16) - 1);
  assert.deepEqual(meter.history(), expected);
});

test("RateMeter spreads what came while nobody looked", () => {
  const meter = new RateMeter(0);
  meter.advance(1000, 0);
  meter.advance(5000, 400);
  assert.deepEqual(meter.history(), [0, 100, 100, 100, 100]);
  meter.advance(500_000, 400);
  assert.deepEqual(meter.history(), Array(60).fill(0));
  assert.equal(meter.perSecond(), 0);
});

test("RateMeter.perSecond looks ten seconds back", () => {
  const meter = new RateMeter(0);
  for (let second = 1; second <= 20; second++) meter.advance(second * 1000, second * 100);
  assert.equal(meter.perSecond(), 100);
  meter.advance(25_000, 2000);
  assert.equal(meter.perSecond(), 50);
});

test("RateMeter ignores a time before the last", () => {
  const meter = new RateMeter(0);
  meter.advance(2000, 20);
  meter.advance(1000, 99);
  assert.deepEqual(meter.history(), [10, 10]);
});

test("RateMeter loses nothing, whenever it is looked at", () => {
  const steps = fc.array(fc.record({ ms: fc.nat(4000), grown: fc.nat(1000) }), { maxLength: 20 });
  fc.assert(fc.property(steps, (looks) => {
    const meter = new RateMeter(0);
    let now = 0;
    let total = 0;
    for (const { ms, grown } of looks) {
      now += ms;
      total += grown;
      meter.advance(now, total);
    }
    // To the next whole second, so that all is in whole seconds.
    const end = Math.floor(now / 1000) * 1000 + 1000;
    meter.advance(end, total);
    const history = meter.history();
    assert.equal(history.length, Math.min(60, end / 1000));
    assert.ok(history.every((done) => done >= 0));
    if (end <= 60_000) assert.equal(history.reduce((sum, done) => sum + done, 0), total);
  }));
});
