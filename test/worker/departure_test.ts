import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT, KafkaError } from "../../src/errors.ts";
import { Departure } from "../../src/worker/departure.ts";
import { Pulse, pulseCells } from "../../src/worker/pulse.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { RecordingStats } from "./support/recording_stats.ts";

function newDeparture() {
  const clock = new FakeClock();
  const stats = new RecordingStats();
  const cells = new Int32Array(pulseCells(0));
  const pulse = new Pulse(cells);
  const departure = new Departure({ graceMs: 20_000, clock, pulse, stats, inFlight: () => 3 });
  return { clock, stats, cells, departure };
}

describe("Departure", () => {
  test("has less time after a second request, and never more", () => {
    const { clock, departure } = newDeparture();
    assert.equal(departure.leaveBy, Infinity);
    departure.request("SIGTERM", EXIT.ok);
    assert.equal(departure.leaveBy, 27_000);
    clock.advance(1000);
    departure.request("SIGINT", EXIT.ok);
    assert.equal(departure.leaveBy, 8000);
    clock.advance(1000);
    departure.request("SIGINT", EXIT.ok);
    assert.equal(departure.leaveBy, 8000);
  });

  test("takes the first reason, tells it once, and tells the watchdog by when", () => {
    const { cells, departure, stats } = newDeparture();
    const failure = new KafkaError("no");
    departure.beginFor(failure);
    departure.request("SIGTERM", EXIT.ok);
    assert.deepEqual([departure.exitCode, departure.failure], [EXIT.kafka, failure]);
    assert.equal(departure.requests, 1);
    assert.deepEqual(stats.events, [{ event: "draining", reason: "no", inFlight: 3 }]);
    assert.ok(cells.includes(28_000));
  });

  test("gives a bug's exit code whenever one comes, with the first failure", () => {
    const { departure } = newDeparture();
    departure.request("SIGTERM", EXIT.ok);
    departure.beginForBug("text");
    departure.beginForBug(new Error("later"));
    assert.equal(departure.exitCode, EXIT.bug);
    assert.equal(departure.failure?.message, "text");
  });
});
