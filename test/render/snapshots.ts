/** Fixed snapshots and events for the tests of the renderers. */
import type { WorkerEvent } from "../../src/stats/events.ts";
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
    broker: { state: "up", sinceMs: 724_000 },
    inFlight: 712,
    peakInFlight: 1000,
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
          { partition: 0, watermark: 34_012, committed: 34_000, position: 34_124, end: 34_124 },
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
        partitions: [{ partition: 0, watermark: 8, committed: 8, position: 8, end: -1 }],
        blocked: null,
      },
    ],
    totals: {
      received: 1_240_000,
      done: 1_238_331,
      discarded: 0,
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
    done: 0,
    discarded: 0,
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

const AT_NINE = { topic: "images", partition: 0, offset: 9 };

/** One of each kind, complete by its type. */
export const EVENTS: { [Kind in WorkerEvent["event"]]: Extract<WorkerEvent, { event: Kind }> } = {
  started: {
    event: "started",
    group: "image-workers",
    tasks: ["resizeImage", "sendWebhook"],
    topics: ["images", "webhooks"],
    protocol: "consumer",
  },
  waiting: { event: "waiting", messages: 1204, from: "earliest" },
  rebalance: {
    event: "rebalance",
    change: "assigned",
    partitions: [
      { topic: "images", partition: 1 },
      { topic: "images", partition: 0 },
      { topic: "webhooks", partition: 0 },
    ],
  },
  resumed: {
    event: "resumed",
    finished: 1200,
    takenOver: [{ topic: "images", partition: 1, offset: 42, takeovers: 2 }],
  },
  "offset-reset": {
    event: "offset-reset",
    topic: "images",
    partition: 0,
    from: 10,
    to: 30,
    lost: 20,
    reason: "deleted",
  },
  "metadata-ignored": {
    event: "metadata-ignored",
    ...AT_NINE,
    reason: "it was written by another program",
  },
  "broker-down": { event: "broker-down", reason: "Connection refused" },
  "broker-up": { event: "broker-up" },
  "commit-refused": {
    event: "commit-refused",
    topic: "images",
    partition: 3,
    offset: 42,
    reason: "Broker: Rebalance in progress",
  },
  dead: {
    event: "dead",
    task: "resizeImage",
    topic: "images",
    partition: 3,
    offset: 42,
    attempts: 5,
    error: 'no such image "a.png"\n    at resize (tasks.ts:3:1)',
    deadLetterTopic: "image-workers.images.dead",
  },
  "dead-letter-refused": {
    event: "dead-letter-refused",
    deadLetterTopic: "image-workers.images.dead",
    reason: "Broker: Message size too large",
    waiting: 3,
    retryInMs: 5000,
  },
  "dead-letter-accepted": {
    event: "dead-letter-accepted",
    deadLetterTopic: "image-workers.images.dead",
  },
  skipped: {
    event: "skipped",
    topic: "images",
    partition: 0,
    offset: 7,
    reason: "no task of its type",
  },
  retrying: {
    event: "retrying",
    task: "resizeImage",
    ...AT_NINE,
    error: "TypeError: no such size (tasks.ts:3:1)",
    retryInMs: 812,
  },
  "timed-out": { event: "timed-out", task: "resizeImage", ...AT_NINE },
  "kafka-error": { event: "kafka-error", code: -195, reason: "Broker transport failure" },
  "task-error": { event: "task-error", task: null, reason: "teardown failed" },
  log: {
    event: "log",
    task: "resizeImage",
    level: "info",
    message: "resized\x1b[2J",
    fields: { width: 300 },
  },
  draining: { event: "draining", reason: "SIGTERM", inFlight: 712 },
  aborting: { event: "aborting", inFlight: 3 },
  stopped: { event: "stopped", exitCode: 0 },
  "stray-error": {
    event: "stray-error",
    candidates: ["resizeImage", "sendWebhook"],
    reason: "Error: gone\n    at later (tasks.ts:9:1)",
  },
  "loop-blocked": {
    event: "loop-blocked",
    task: "resizeImage",
    candidates: [],
    blockedMs: 4200,
    over: true,
  },
  "forced-exit": {
    event: "forced-exit",
    reason: "the time to leave is over",
    task: null,
    candidates: ["resizeImage"],
  },
  "task-exit": { event: "task-exit", task: "resizeImage", candidates: [], exitCode: 1 },
};
