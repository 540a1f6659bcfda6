import assert from "node:assert/strict";
import { test } from "node:test";
import { StatsCollector } from "../../src/stats/collector.ts";
import type { WorkerEvent } from "../../src/stats/events.ts";
import type { Gauges } from "../../src/stats/gauges.ts";

/** The wall clock, which only stamps. */
const AT = Date.parse("2026-11-22T13:30:10.123Z");

function gauges(changes: Partial<Gauges> = {}): Gauges {
  return {
    state: "running",
    group: "g",
    broker: { state: "up", sinceMs: 5 },
    inFlight: 0,
    limit: 1000,
    waiting: 0,
    uncovered: 0,
    peakUncovered: 0,
    heldBytes: 0,
    fetchedBytes: 0,
    maxBytes: 1000,
    rssBytes: 100,
    loopDelayMs: { p99: 1, max: 2 },
    tasks: [],
    topics: [],
    ...changes,
  };
}

test("StatsCollector adds tasks up", () => {
  const collector = new StatsCollector(0);
  const a = collector.task("a", "ta");
  const b = collector.task("b", "tb");
  for (let i = 0; i < 3; i++) {
    a.started();
    a.done(10);
  }
  b.started();
  b.abandoned();
  b.failed(20, true);
  b.started();
  b.failed(20, false);
  b.dead();
  b.started();
  b.discarded(20);
  collector.received(7);
  collector.skipped();
  const { totals, tasks } = collector.snapshot(2000, gauges(), AT);
  assert.deepEqual(
    { ...totals, p50Ms: Math.round(totals.p50Ms!), p99Ms: Math.round(totals.p99Ms!) },
    {
      received: 7,
      done: 3,
      discarded: 1,
      failed: 2,
      retried: 1,
      abandoned: 1,
      dead: 1,
      skipped: 1,
      strayErrors: 0,
      ratePerSecond: 1.5,
      p50Ms: 10,
      p99Ms: 20,
    },
  );
  assert.deepEqual(tasks.map(({ name, topic, done, failed }) => [name, topic, done, failed]), [
    ["a", "ta", 3, 0],
    ["b", "tb", 0, 2],
  ]);
  assert.deepEqual(tasks.map(({ ratePerSecond }) => ratePerSecond), [1.5, 0]);
});

test("StatsCollector.task gives the same recorder for the same name", () => {
  const collector = new StatsCollector(0);
  assert.equal(collector.task("a", "t"), collector.task("a", "t"));
});

test("StatsCollector takes from the gauges what only the worker knows", () => {
  const collector = new StatsCollector(1000);
  collector.task("a", "t");
  collector.task("b", "t");
  const snapshot = collector.snapshot(
    4000,
    gauges({
      inFlight: 5,
      waiting: 2,
      uncovered: 3,
      peakUncovered: 4,
      tasks: [{ name: "b", inFlight: 5, limit: 9, waiting: 2, breaker: "open" }],
      topics: [{ topic: "t", partitions: [], lag: 0, blocked: null }],
    }),
    AT,
  );
  assert.equal(snapshot.at, AT);
  assert.equal(snapshot.uptimeMs, 3000);
  assert.equal(snapshot.inFlight, 5);
  assert.deepEqual([snapshot.uncovered, snapshot.peakUncovered], [3, 4]);
  assert.deepEqual(
    snapshot.tasks.map((
      { inFlight, limit, waiting, breaker },
    ) => [inFlight, limit, waiting, breaker]),
    [[0, null, 0, "closed"], [5, 9, 2, "open"]],
  );
  assert.equal(snapshot.topics[0]!.topic, "t");
});

test("StatsCollector remembers the most in flight between snapshots, and the most memory in them", () => {
  const collector = new StatsCollector(0);
  const recorder = collector.task("a", "t");
  for (let i = 0; i < 40; i++) recorder.started();
  for (let i = 0; i < 40; i++) recorder.done(1);
  assert.equal(collector.snapshot(1, gauges({ inFlight: 0, rssBytes: 500 }), AT).peakInFlight, 40);
  // Attempts past their time limit still hold a slot: only the gauge knows.
  const later = collector.snapshot(2, gauges({ inFlight: 41, rssBytes: 300 }), AT);
  assert.equal(later.peakInFlight, 41);
  assert.equal(later.peakRssBytes, 500);
});

test("StatsCollector.tick gives each second its own figure", () => {
  const collector = new StatsCollector(0);
  const recorder = collector.task("a", "t");
  for (let second = 1; second <= 3; second++) {
    for (let i = 0; i < second * 10; i++) {
      recorder.started();
      recorder.done(1);
    }
    collector.tick(second * 1000);
  }
  const snapshot = collector.snapshot(3500, gauges(), AT);
  assert.deepEqual(snapshot.rateHistory, [10, 20, 30]);
  assert.deepEqual(snapshot.tasks[0]!.rateHistory, [10, 20, 30]);
});

test("StatsCollector snapshots do not change afterwards", () => {
  const collector = new StatsCollector(0);
  const recorder = collector.task("a", "t");
  const before = collector.snapshot(1000, gauges(), AT);
  const copy = structuredClone(before);
  recorder.started();
  recorder.done(1);
  collector.received(1);
  collector.snapshot(5000, gauges(), AT);
  assert.deepEqual(before, copy);
});

test("StatsCollector passes events on until the listener leaves", () => {
  const collector = new StatsCollector(0);
  const seen: WorkerEvent[] = [];
  const leave = collector.onEvent((event) => seen.push(event));
  collector.event({ event: "broker-up", broker: null });
  leave();
  collector.event({ event: "broker-up", broker: null });
  assert.deepEqual(seen, [{ event: "broker-up", broker: null }]);
});

test("StatsCollector counts dead letters that belong to no task", () => {
  const collector = new StatsCollector(0);
  const dead = (task: string | null): WorkerEvent => ({
    event: "dead",
    task,
    topic: "t",
    partition: 0,
    offset: 1,
    attempts: 1,
    error: "unroutable",
    deadLetterTopic: "d",
  });
  collector.event(dead(null));
  collector.task("a", "t").dead();
  collector.event(dead("a"));
  assert.equal(collector.snapshot(1, gauges(), AT).totals.dead, 2);
});

test("StatsCollector.activity changes with every count", () => {
  const collector = new StatsCollector(0);
  const recorder = collector.task("a", "t");
  const counts = [
    () => collector.received(1),
    () => collector.skipped(),
    () => recorder.done(1),
    () => recorder.discarded(1),
    () => recorder.failed(1, true),
    () => recorder.dead(),
  ];
  for (const count of counts) {
    const before = collector.activity;
    count();
    assert.notEqual(collector.activity, before);
  }
  const before = collector.activity;
  collector.tick(1000);
  collector.snapshot(2000, gauges(), AT);
  assert.equal(collector.activity, before);
});
