/**
 * What the worker tells about itself. Counts go through a `TaskRecorder` per task, since they come a
 * million times a second; everything rare is an event.
 */

export interface TaskRecorder {
  started(): void;
  /** An attempt ended; `runMs` is its run time. */
  done(runMs: number): void;
  discarded(runMs: number): void;
  /** An attempt failed; `retried` says whether another will follow. */
  failed(runMs: number, retried: boolean): void;
  /** A message of this task was acknowledged by the dead-letter topic. */
  dead(): void;
}

export interface Stats {
  task(name: string, topic: string): TaskRecorder;
  received(count: number): void;
  skipped(): void;
  event(event: WorkerEvent): void;
}

/** Each event also names the time when it is written; docs/stats.md describes all of them. */
export type WorkerEvent =
  | { event: "started"; group: string; tasks: string[]; topics: string[]; protocol: string }
  | { event: "waiting"; messages: number; from: string }
  | {
    event: "rebalance";
    change: "assigned" | "revoked" | "lost";
    partitions: { topic: string; partition: number }[];
  }
  | { event: "broker-down"; reason: string }
  | { event: "broker-up" }
  | { event: "commit-refused"; topic: string; partition: number; offset: number; reason: string }
  | {
    event: "dead";
    task: string | null;
    topic: string;
    partition: number;
    offset: number;
    attempts: number;
    error: string;
    deadLetterTopic: string;
  }
  | { event: "dead-letter-refused"; deadLetterTopic: string; reason: string; retryInMs: number }
  | {
    event: "skipped";
    topic: string;
    partition: number;
    offset: number;
    reason: string;
  }
  /** The first failure of a message that will be tried again; later ones are counted alone. */
  | {
    event: "retrying";
    task: string;
    topic: string;
    partition: number;
    offset: number;
    error: string;
    retryInMs: number;
  }
  | { event: "timed-out"; task: string; topic: string; partition: number; offset: number }
  | { event: "kafka-error"; code: number; reason: string }
  | { event: "task-error"; task: string | null; reason: string }
  | {
    event: "log";
    task: string;
    level: "debug" | "info" | "warn" | "error";
    message: string;
    fields?: unknown;
  }
  | { event: "draining"; reason: string; inFlight: number }
  | { event: "aborting"; inFlight: number }
  | { event: "stopped"; exitCode: number };
