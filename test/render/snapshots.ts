/** Fixed snapshots and events for the tests of the renderers. */
import type { Snapshot, TaskSnapshot } from "../../src/stats/snapshot.ts";

/** 2026-11-22T13:30:10.123Z */
export const AT = Date.UTC(2026, 10, 22, 13, 30, 10, 123);

function wave(highest: number, seconds = 60): number[] {
  return Array.from(
    { length: seconds },
    (_, second) =>
      Math.round(highest * (0.55 + 0.3 * Math.sin(second / 7) + (second * 37 % 11) / 73)),
  );
}

/** A busy worker with three tasks, one message that has held a watermark back for minutes. */
export function busySnapshot(changes: Partial<Snapshot> = {}): Snapshot {
  return {
    at: AT,
    uptimeMs: 724_000,
    state: "running",
    group: "image-workers",
    processes: { running: 1, of: 1 },
    broker: { state: "up", sinceMs: 724_000 },
    inFlight: 712,
    peakInFlight: 1000,
    uncovered: 0,
    peakUncovered: 0,
    limit: 1000,
    waiting: 14,
    heldBytes: 12_897_484,
    fetchedBytes: 40_123_456,
    maxBytes: 268_435_456,
    rssBytes: 93_742_694,
    peakRssBytes: 125_829_120,
    loopDelayMs: { p99: 0.8, max: 12.4 },
    tasks: [
      task("resizeImage", "images", {
        inFlight: 600,
        limit: 600,
        waiting: 12,
        breaker: "closed",
        done: 1_204_311,
        failed: 12,
        retried: 10,
        dead: 2,
        ratePerSecond: 12_112,
        p50Ms: 49.1,
        p99Ms: 212,
        rateHistory: wave(12_000),
      }),
      task("sendWebhook", "webhooks", {
        inFlight: 112,
        waiting: 2,
        breaker: "closed",
        done: 34_012,
        failed: 801,
        retried: 790,
        dead: 11,
        ratePerSecond: 212.3,
        p50Ms: 502,
        p99Ms: 5012,
        rateHistory: wave(212),
      }),
      task("chargeCard", "payments", {
        limit: 50,
        done: 8,
        ratePerSecond: 0.02,
        p50Ms: 0.25,
        p99Ms: 0.9,
        rateHistory: wave(0),
      }),
    ],
    topics: [
      {
        topic: "images",
        lag: 12_312,
        partitions: [0, 1, 2, 3].map((partition) => ({
          partition,
          watermark: 301_000 + partition * 311,
          committed: 301_000,
          uncovered: 0,
          position: 302_400 + partition * 311,
          end: 304_000 + partition * 389,
        })),
        blocked: {
          partition: 3,
          offset: 301_933,
          task: "resizeImage",
          key: "user-42",
          attempt: 3,
          ageMs: 252_000,
        },
      },
      {
        topic: "webhooks",
        lag: 0,
        partitions: [
          {
            partition: 0,
            watermark: 34_012,
            committed: 34_000,
            uncovered: 0,
            position: 34_124,
            end: 34_124,
          },
        ],
        blocked: {
          partition: 0,
          offset: 34_012,
          task: "sendWebhook",
          key: null,
          attempt: 1,
          ageMs: 4200,
        },
      },
      {
        topic: "payments",
        lag: null,
        partitions: [{
          partition: 0,
          watermark: 8,
          committed: 8,
          uncovered: 0,
          position: 8,
          end: -1,
        }],
        blocked: null,
      },
    ],
    totals: {
      received: 1_240_000,
      done: 1_238_331,
      discarded: 0,
      abandoned: 0,
      failed: 813,
      retried: 800,
      dead: 13,
      skipped: 0,
      strayErrors: 0,
      ratePerSecond: 12_324,
      p50Ms: 50.1,
      p99Ms: 312,
    },
    rateHistory: wave(12_000),
    ...changes,
  };
}

/** A worker that has just begun: nothing received, nothing assigned. */
export function youngSnapshot(): Snapshot {
  return busySnapshot({
    uptimeMs: 900,
    state: "starting",
    broker: { state: "connecting", sinceMs: 900 },
    inFlight: 0,
    peakInFlight: 0,
    uncovered: 0,
    peakUncovered: 0,
    waiting: 0,
    heldBytes: 0,
    fetchedBytes: 0,
    loopDelayMs: { p99: 0, max: 0 },
    tasks: [task("resizeImage", "images"), task("sendWebhook", "webhooks")],
    topics: [],
    totals: {
      received: 0,
      done: 0,
      discarded: 0,
      abandoned: 0,
      failed: 0,
      retried: 0,
      dead: 0,
      skipped: 0,
      strayErrors: 0,
      ratePerSecond: 0,
      p50Ms: null,
      p99Ms: null,
    },
    rateHistory: [],
  });
}

/** Five hundred tasks, forty topics, a broker that is down, a drain that goes on. */
export function crowdedSnapshot(): Snapshot {
  return busySnapshot({
    state: "draining",
    broker: { state: "down", sinceMs: 12_000 },
    inFlight: 1000,
    tasks: Array.from(
      { length: 500 },
      (_, index) =>
        task(`task-with-a-rather-long-name-${index}`, `topic-${index % 40}`, {
          inFlight: index * 7919 % 101,
          done: index * 31,
          discarded: index % 3,
          abandoned: index % 2,
          breaker: index === 300 ? "open" : "closed",
          ratePerSecond: index,
          p50Ms: index,
          p99Ms: index * 3,
        }),
    ),
    topics: Array.from({ length: 40 }, (_, index) => ({
      topic: `topic-${index}`,
      lag: index * 7919 % 1009,
      partitions: Array.from({ length: 64 }, (_, partition) => ({
        partition,
        watermark: 1_000_000 + partition,
        committed: 1_000_000,
        uncovered: 0,
        position: 1_000_100 + partition,
        end: 1_000_200 + partition * 7919 % 1009,
      })),
      blocked: index % 2 === 0
        ? {
          partition: index,
          offset: 1_000_000 + index,
          task: `task-with-a-rather-long-name-${index}`,
          key: `\x1b[31mred\u202e${"k".repeat(index)}`,
          attempt: index,
          ageMs: index * 40_000,
        }
        : null,
    })),
  });
}

export function task(
  name: string,
  topic: string,
  changes: Partial<TaskSnapshot> = {},
): TaskSnapshot {
  return {
    name,
    topic,
    inFlight: 0,
    limit: null,
    waiting: 0,
    breaker: "closed",
    done: 0,
    discarded: 0,
    abandoned: 0,
    failed: 0,
    retried: 0,
    dead: 0,
    ratePerSecond: 0,
    p50Ms: null,
    p99Ms: null,
    rateHistory: [],
    ...changes,
  };
}
