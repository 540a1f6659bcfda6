/** What the stats are at one instant: plain data, made by the collector, read by the renderers. */
import type { BreakerState } from "../core/breaker.ts";

export type WorkerState = "starting" | "running" | "draining" | "aborting" | "stopped";

export interface Snapshot {
  /** Wall clock, milliseconds since the epoch. */
  at: number;
  /** Milliseconds since the worker started. */
  uptimeMs: number;
  state: WorkerState;
  group: string;
  /** How many run, and how many there should be (`--processes`); 1 of 1 without. */
  processes: { running: number; of: number };
  broker: BrokerState;
  /** Attempts running now, all tasks together. */
  inFlight: number;
  /** The most attempts that ever ran at once. */
  peakInFlight: number;
  /** The bound on `inFlight` (`--concurrency`). */
  limit: number;
  /** Messages that wait in memory for their next attempt or a free slot of their task. */
  waiting: number;
  /** Finished messages that the last commits had no room for: a crash would run them again. */
  uncovered: number;
  /** The most of them after any commit. */
  peakUncovered: number;
  /** Bytes of messages prefetched and held; `null` for the prefetch part until Kafka reported it. */
  heldBytes: number;
  /** Bytes of messages that Kafka sent so far, those fetched again included. */
  fetchedBytes: number;
  maxBytes: number;
  /** Bytes resident in memory. */
  rssBytes: number;
  /** The most of `rssBytes` that a snapshot has seen. */
  peakRssBytes: number;
  /** 99th percentile and maximum of the event-loop delay over the last interval, milliseconds. */
  loopDelayMs: { p99: number; max: number };
  tasks: TaskSnapshot[];
  topics: TopicSnapshot[];
  totals: Totals;
  /** Tasks done in each of the last 60 whole seconds, oldest first; shorter while the run is young. */
  rateHistory: number[];
}

export interface BrokerState {
  state: "connecting" | "up" | "down";
  /** Milliseconds in this state. */
  sinceMs: number;
}

export interface Totals {
  /** Messages received from Kafka. */
  received: number;
  /** Ended well: the run succeeded. */
  done: number;
  /** Ended by `Discard`. */
  discarded: number;
  /** Attempts that failed, retried or not. */
  failed: number;
  /** Failed attempts that led to another attempt. */
  retried: number;
  /** Attempts that ignored their aborted signal and are not waited for any longer. */
  abandoned: number;
  /** Messages that went to a dead-letter topic, acknowledged. */
  dead: number;
  /** Messages without a task that were skipped (`--unroutable skip`). */
  skipped: number;
  /** Errors of the module's code that nobody awaited. */
  strayErrors: number;
  /** Tasks done a second, over the last 10 s. */
  ratePerSecond: number;
  /** Run time of attempts, milliseconds, over the whole run; `null` before the first. */
  p50Ms: number | null;
  p99Ms: number | null;
}

export interface TaskSnapshot extends Omit<Totals, "received" | "skipped" | "strayErrors"> {
  name: string;
  topic: string;
  inFlight: number;
  /** The task's own bound (`concurrency`); `null` without one. */
  limit: number | null;
  /** Of this task, waiting for the next attempt, for its key, a slot or its breaker. */
  waiting: number;
  breaker: BreakerState;
  /** As in `Snapshot`, of this task. */
  rateHistory: number[];
}

export interface TopicSnapshot {
  topic: string;
  /** Partitions assigned to this worker. */
  partitions: PartitionSnapshot[];
  /** Sum over the partitions; `null` while an end offset is unknown. */
  lag: number | null;
  /** The message that holds a watermark back for longest. */
  blocked: BlockedMessage | null;
}

export interface PartitionSnapshot {
  partition: number;
  /** Lowest offset not finished: what is or will be committed; -1 before the first message. */
  watermark: number;
  /** Last offset that the broker confirmed as committed; -1 without one. */
  committed: number;
  /** Finished above the watermark without room in the last commit: a crash would run them again. */
  uncovered: number;
  /** One past the last message received; -1 before the first. */
  position: number;
  /** End of the partition as far as known; -1 when unknown. */
  end: number;
}

export interface BlockedMessage {
  partition: number;
  offset: number;
  task: string;
  /** The key as text, `null` without one. Not escaped yet: the renderer does that. */
  key: string | null;
  attempt: number;
  /** Milliseconds since it was received. */
  ageMs: number;
}
