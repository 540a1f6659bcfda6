/** Several processes shown as one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NumberedEvent, WorkerEvent } from "../../src/stats/events.ts";
import { mergeSnapshots } from "../../src/stats/merge_snapshots.ts";
import { MergedStats } from "../../src/stats/merged_stats.ts";
import { RunTimes } from "../../src/stats/run_times.ts";
import type { Snapshot } from "../../src/stats/snapshot.ts";
import { busySnapshot } from "../render/snapshots.ts";

const MIB = 2 ** 20;

function runTimes(count: number, ms: number): number[] {
  const times = new RunTimes();
  for (let i = 0; i < count; i++) times.record(ms);
  return times.toJSON();
}

/** A process with one task. */
function small(done: number, changes: Partial<Snapshot> = {}): Snapshot {
  const busy = busySnapshot();
  return {
    ...busy,
    inFlight: 5,
    peakInFlight: 8,
    rssBytes: 100 * MIB,
    peakRssBytes: 120 * MIB,
    tasks: [{ ...busy.tasks[0]!, done, inFlight: 5, limit: 10, ratePerSecond: 1 }],
    topics: [],
    totals: { ...busy.totals, done, received: done + 5, failed: 2, dead: 1 },
    ...changes,
  };
}

function setUp() {
  let now = 0;
  const stats = new MergedStats({
    group: "g",
    processes: 2,
    clock: { now: () => now, wall: () => 1_000_000 + now },
    ownRssBytes: () => 50 * MIB,
  });
  const events: NumberedEvent[] = [];
  stats.onEvent((event) => events.push(event));
  return { stats, events, advance: (ms: number) => now += ms };
}

test("MergedStats before any report has nothing, and starts", () => {
  const { state, processes, totals, rssBytes } = setUp().stats.snapshot();
  assert.equal(state, "starting");
  assert.deepEqual(processes, { running: 0, of: 2 });
  assert.deepEqual([totals.done, totals.p50Ms, rssBytes], [0, null, 50 * MIB]);
});

test("MergedStats that is over without any report has stopped", () => {
  const { stats } = setUp();
  stats.event({ event: "stopped", exitCode: 4 });
  assert.equal(stats.snapshot().state, "stopped");
});

test("MergedStats sums counts, sizes and limits, and merges run times", () => {
  const { stats } = setUp();
  stats.report(1, { snapshot: small(90), runTimes: { resizeImage: runTimes(90, 10) } });
  stats.report(2, { snapshot: small(10), runTimes: { resizeImage: runTimes(10, 1000) } });
  const { tasks: [task], totals, ...rest } = stats.snapshot();
  assert.deepEqual([totals.done, totals.received, totals.failed, totals.dead], [100, 110, 4, 2]);
  assert.deepEqual([task!.done, task!.inFlight, task!.limit], [100, 10, 20]);
  assert.deepEqual([rest.inFlight, rest.limit, rest.maxBytes], [10, 2000, 2 * 268_435_456]);
  assert.deepEqual(rest.processes, { running: 2, of: 2 });
  assert.equal(rest.rssBytes, 250 * MIB);
  for (const { p50Ms, p99Ms } of [task!, totals]) {
    assert.ok(Math.abs(p50Ms! - 10) < 0.1 && Math.abs(p99Ms! - 1000) < 10, `${p50Ms} ${p99Ms}`);
  }
});

test("MergedStats keeps what an ended process has counted, and nothing else of it", () => {
  const { stats } = setUp();
  const reported = { resizeImage: runTimes(90, 10) };
  stats.report(1, { snapshot: small(90), runTimes: reported });
  stats.report(2, { snapshot: small(10), runTimes: { resizeImage: runTimes(10, 1000) } });
  stats.ended(1);
  stats.ended(1);
  const one = stats.snapshot();
  assert.deepEqual([one.totals.done, one.tasks[0]!.done], [100, 100]);
  assert.deepEqual([one.inFlight, one.limit, one.tasks[0]!.limit], [5, 1000, 10]);
  assert.deepEqual(one.processes, { running: 1, of: 2 });
  assert.equal(one.rssBytes, 150 * MIB);
  assert.ok(Math.abs(one.totals.p50Ms! - 10) < 0.1, "its run times count on");
  assert.ok(one.peakInFlight >= 10 && one.peakRssBytes === 250 * MIB, "peaks of both stay");

  // Started again, it counts from nothing; and ends once more.
  stats.report(1, { snapshot: small(3), runTimes: { resizeImage: runTimes(3, 10) } });
  assert.equal(stats.snapshot().totals.done, 103);
  const topics = busySnapshot().topics;
  stats.report(2, { snapshot: small(10, { topics }), runTimes: {} });
  stats.ended(1);
  stats.ended(2);
  const none = stats.snapshot();
  assert.equal(none.totals.done, 103);
  assert.deepEqual([none.state, none.inFlight, none.limit], ["starting", 0, 0]);
  assert.deepEqual(none.topics.map(({ lag }) => lag), [null, null, null]);
  stats.event({ event: "stopped", exitCode: 0 });
  assert.deepEqual([stats.snapshot().state, stats.snapshot().topics[0]!.lag], ["stopped", 0]);
});

test("MergedStats has a rate of all, which does not fall when one starts anew", () => {
  const { stats, advance } = setUp();
  for (let second = 1; second <= 10; second++) {
    stats.report(1, { snapshot: small(second * 100), runTimes: {} });
    stats.report(2, { snapshot: small(second * 50), runTimes: {} });
    advance(1000);
    stats.tick();
  }
  assert.equal(stats.snapshot().totals.ratePerSecond, 150);
  stats.ended(1);
  stats.report(1, { snapshot: small(0), runTimes: {} });
  advance(1000);
  const { rateHistory, totals, tasks } = stats.snapshot();
  assert.deepEqual(rateHistory, [...Array(10).fill(150), 0]);
  assert.equal(totals.ratePerSecond, 135);
  assert.deepEqual(tasks[0]!.rateHistory, rateHistory);
});

test("MergedStats: the state of all is that of the one furthest from well, as long as one runs", () => {
  const of = (...states: Snapshot["state"][]) =>
    mergeSnapshots(states.map((state) => small(1, { state }))).state;
  assert.equal(of("running", "starting"), "running");
  assert.equal(of("running", "draining"), "draining");
  assert.equal(of("aborting", "draining"), "aborting");
  assert.equal(of("stopped", "running"), "running");
  assert.equal(of("stopped", "stopped"), "stopped");
  const { broker } = mergeSnapshots([
    small(1, { broker: { state: "up", sinceMs: 9000 } }),
    small(1, { broker: { state: "down", sinceMs: 40 } }),
  ]);
  assert.deepEqual(broker, { state: "down", sinceMs: 40 });
});

test("mergeSnapshots: topics have the partitions of all, and the message held back for longest", () => {
  const busy = busySnapshot();
  const [images, webhooks] = busy.topics;
  const half = (partitions: number[], ageMs: number): Snapshot => ({
    ...busy,
    topics: [{
      ...images!,
      lag: 5,
      partitions: images!.partitions.filter(({ partition }) => partitions.includes(partition)),
      blocked: { ...images!.blocked!, ageMs },
    }, { ...webhooks!, lag: partitions.includes(3) ? null : 1 }],
  });
  const { topics } = mergeSnapshots([half([2, 3], 1000), half([0, 1], 2000)]);
  assert.deepEqual(topics.map(({ topic, lag }) => [topic, lag]), [["images", 10], [
    "webhooks",
    null,
  ]]);
  assert.deepEqual(topics[0]!.partitions.map(({ partition }) => partition), [0, 1, 2, 3]);
  assert.equal(topics[0]!.blocked!.ageMs, 2000);
  // Told by both while it changes hands.
  assert.equal(topics[1]!.partitions.length, 1);
});

test("MergedStats numbers events, and tells once what all of them see", () => {
  const { stats, events, advance } = setUp();
  const down: WorkerEvent = { event: "broker-down", broker: null, reason: "refused" };
  const closed: WorkerEvent = { event: "breaker-closed", task: "a" };
  stats.event({ event: "waiting", messages: 7, from: "earliest" }, 1);
  stats.event({ event: "waiting", messages: 7, from: "earliest" }, 2);
  stats.event(closed, 2);
  stats.event(closed, 1);
  stats.event(down, 1);
  stats.event(down, 2);
  stats.event({ event: "draining", reason: "SIGTERM", inFlight: 1 }, 1);
  stats.event({ event: "stopped", exitCode: 0 }, 1);
  stats.event({ event: "stopped", exitCode: 0 });
  assert.deepEqual(events.map(({ event, process }) => [event, process ?? "all"]), [
    ["waiting", "all"],
    ["breaker-closed", 2],
    ["breaker-closed", 1],
    ["broker-down", "all"],
    ["stopped", "all"],
  ]);
  // Another time it is news again, from whichever process; and from the same one at once.
  stats.event(down, 1);
  advance(60_000);
  stats.event(down, 2);
  assert.equal(events.length, 7);
});

test("MergedStats is still as long as nothing runs and nothing is reported", () => {
  const { stats } = setUp();
  stats.report(1, { snapshot: small(1, { inFlight: 0 }), runTimes: {} });
  const before = stats.stillness();
  assert.equal(stats.stillness(), before);
  stats.report(1, { snapshot: small(2, { inFlight: 0 }), runTimes: {} });
  assert.notEqual(stats.stillness(), before);
  stats.report(2, { snapshot: small(2), runTimes: {} });
  assert.equal(stats.stillness(), null);
});
