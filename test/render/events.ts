/** Events to render, one of each kind. */
import type { WorkerEvent } from "../../src/stats/events.ts";

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
  "commits-unanswered": { event: "commits-unanswered", forMs: 10_000 },
  "commits-answered": { event: "commits-answered" },
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
