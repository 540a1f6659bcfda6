import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT, KafkaError } from "../../src/errors.ts";
import { Departure } from "../../src/worker/departure.ts";
import { Pulse, pulseCells } from "../../src/worker/pulse.ts";
import { P0 } from "./support/assigned.ts";
import { Bench } from "./support/bench.ts";
import { FakeClock } from "./support/fake_clock.ts";
import { manualTask } from "./support/manual_task.ts";
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

describe("a worker with nothing to do that is asked to stop", () => {
  test("goes from phase to phase without a sleep in between", async () => {
    const work = manualTask({ topic: "work" });
    const bench = new Bench({ work: work.task });
    const { consumer, pulse, worker } = bench;
    await bench.assign(P0);
    const sleeps: number[] = [];
    const asleep = new Promise<void>((resolve) => {
      pulse.sleep = (ms) => {
        sleeps.push(ms);
        resolve();
      };
    });
    await asleep;
    sleeps.length = 0;
    worker.stop("SIGTERM");
    while (bench.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([sleeps, bench.exitCode], [[], EXIT.ok]);
    assert.equal(consumer.commits.length, 1, "one that says so");
  });
});
