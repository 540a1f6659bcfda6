/** What only the worker knows at an instant; the collector adds its own counts to it. */
import type { BreakerState } from "../core/breaker.ts";
import type { BrokerState, TopicSnapshot, WorkerState } from "./snapshot.ts";

export interface Gauges {
  state: WorkerState;
  group: string;
  broker: BrokerState;
  /** Attempts running now, all tasks together, with those that are past their time limit. */
  inFlight: number;
  /** The bound on `inFlight`. */
  limit: number;
  /** Messages that wait in memory for their next attempt or a free slot of their task. */
  waiting: number;
  /** Finished messages that the last commits had no room for, and the most of them at once. */
  uncovered: number;
  peakUncovered: number;
  heldBytes: number;
  /** Bytes of messages that Kafka sent so far, those fetched again included. */
  fetchedBytes: number;
  maxBytes: number;
  rssBytes: number;
  /** From `LoopDelay.figures()`; milliseconds. */
  loopDelayMs: { p99: number; max: number };
  /** By the names given to `Stats.task`; a task left out counts as idle and without a bound. */
  tasks: readonly TaskGauges[];
  topics: TopicSnapshot[];
}

export interface TaskGauges {
  name: string;
  inFlight: number;
  /** The task's own bound (`concurrency`); `null` without one. */
  limit: number | null;
  waiting: number;
  breaker: BreakerState;
}
