/** What only the worker knows at an instant, for the stats. */
import type { Consumer } from "../kafka/ports.ts";
import type { Gauges } from "../stats/gauges.ts";
import type { BlockedMessage, TopicSnapshot, WorkerState } from "../stats/snapshot.ts";
import { type Partition, totalUncovered } from "./partition.ts";
import type { Worker } from "./worker.ts";

/** A message is shown as holding a watermark back after this long; before, it just runs. */
const BLOCKED_AFTER_MS = 1000;

export interface ProcessGauges {
  rssBytes: number;
  loopDelayMs: { p99: number; max: number };
  /** Bytes prefetched by the client; they count against the same budget as the held ones. */
  prefetchedBytes: number;
  /** Bytes of messages that Kafka sent so far. */
  fetchedBytes: number;
}

export function readGauges(
  worker: Worker,
  consumer: Consumer,
  process: ProcessGauges,
  now: number,
): Gauges {
  const { runner, tasks, options } = worker;
  return {
    state: workerState(worker),
    group: options.group,
    broker: worker.broker,
    inFlight: runner.slots.inFlight,
    limit: options.concurrency,
    waiting: runner.waiting + runner.due,
    uncovered: totalUncovered(worker.assignments.partitions),
    peakUncovered: worker.peakUncovered,
    heldBytes: runner.heldBytes + process.prefetchedBytes,
    fetchedBytes: process.fetchedBytes,
    maxBytes: options.maxBytes,
    rssBytes: process.rssBytes,
    loopDelayMs: process.loopDelayMs,
    tasks: tasks.map((task) => ({
      name: task.name,
      inFlight: task.inFlight,
      limit: Number.isFinite(task.limit) ? task.limit : null,
      waiting: task.waiting + task.due,
      breaker: task.breaker.state,
    })),
    topics: readTopics(worker, consumer, now),
  };
}

function workerState(worker: Worker): WorkerState {
  switch (worker.phase) {
    case "running":
      return "running";
    case "draining":
      return "draining";
    case "aborting":
      return "aborting";
    case "committing":
    case "closing":
      return "stopped";
    default:
      return worker.phase satisfies never;
  }
}

function readTopics(worker: Worker, consumer: Consumer, now: number): TopicSnapshot[] {
  const topics = new Map<string, TopicSnapshot>();
  for (const { topic } of new Set(worker.tasks.map(({ task }) => task))) {
    topics.set(topic, { topic, partitions: [], lag: 0, blocked: null });
  }
  for (const partition of worker.assignments.partitions) {
    const topic = topics.get(partition.topic)!;
    const { atEnd, watermark, position } = partition.tracker;
    // The client hears of the end now and then, so what was received may be ahead of it.
    const known = consumer.endOffset(partition.topic, partition.partition);
    const end = known < 0 && !atEnd ? -1 : Math.max(known, position);
    topic.partitions.push({
      partition: partition.partition,
      watermark,
      committed: partition.committed,
      uncovered: partition.commits.uncovered,
      position,
      end,
    });
    if (end < 0 || watermark < 0) topic.lag = null;
    else if (topic.lag !== null) topic.lag += end - watermark;
    const blocked = readBlocked(partition, now);
    if (blocked && blocked.ageMs > (topic.blocked?.ageMs ?? 0)) topic.blocked = blocked;
  }
  return [...topics.values()];
}

function readBlocked(partition: Partition, now: number): BlockedMessage | null {
  const execution = partition.tracker.headItem;
  if (!execution || now - execution.receivedAt < BLOCKED_AFTER_MS) return null;
  return {
    partition: partition.partition,
    offset: execution.offset,
    task: execution.task.name,
    key: execution.batch.keyText(execution.index),
    attempt: execution.attempt,
    ageMs: now - execution.receivedAt,
  };
}
