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
  /** An attempt ignores its aborted signal; it is not waited for any longer. */
  abandoned(): void;
  /** A message of this task was acknowledged by the dead-letter topic. */
  dead(): void;
}

export interface Stats {
  task(name: string, topic: string): TaskRecorder;
  received(count: number): void;
  skipped(): void;
  event(event: WorkerEvent): void;
}

/** What keeps a worker that has stalled. */
export type StallCause =
  | "breaker open"
  | "broker down"
  | "commits refused"
  | "dead letters refused"
  | "key held by a dead letter"
  | "no free slot"
  | "nothing received"
  | "started with caution"
  | "task running"
  | "the group's offsets cannot be looked up"
  | "waiting for a retry";

/** Each event also names the time when it is written; docs/stats.md describes all of them. */
export type WorkerEvent =
  | { event: "started"; group: string; tasks: string[]; topics: string[]; protocol: string }
  | { event: "waiting"; messages: number; from: string }
  | {
    event: "rebalance";
    change: "assigned" | "revoked" | "lost";
    partitions: { topic: string; partition: number }[];
  }
  /** Work goes on where earlier owners stopped; `takenOver` are partitions whose owner did not leave. */
  | {
    event: "resumed";
    finished: number;
    takenOver: { topic: string; partition: number; offset: number; takeovers: number }[];
  }
  /** The next offset is not in the log (any more): work goes on at another. */
  | {
    event: "offset-reset";
    topic: string;
    partition: number;
    from: number;
    to: number;
    lost: number;
    reason: "deleted" | "truncated" | "recreated" | "restarted";
  }
  | {
    event: "metadata-ignored";
    topic: string;
    partition: number;
    offset: number;
    reason: string;
  }
  | { event: "topic-gone"; topic: string; reason: string }
  | { event: "topic-back"; topic: string; partitions: number }
  /** Deleted and made again unnoticed; of its partitions, so many that begin anew here. */
  | { event: "topic-recreated"; topic: string; partitions: number }
  | { event: "topic-grown"; topic: string; partitions: number; before: number }
  /** `broker` is `null` when it is all of them. */
  | { event: "broker-down"; broker: string | null; reason: string }
  | { event: "broker-up"; broker: string | null }
  /** No commit was confirmed for so long: nothing new starts until one is. */
  | { event: "commits-unanswered"; forMs: number }
  | { event: "commits-answered" }
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
  | {
    event: "dead-letter-refused";
    deadLetterTopic: string;
    reason: string;
    waiting: number;
    retryInMs: number;
  }
  | { event: "dead-letter-accepted"; deadLetterTopic: string }
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
  /** It may still run somewhere; whatever becomes of it changes nothing. */
  | {
    event: "abandoned";
    task: string;
    topic: string;
    partition: number;
    offset: number;
    attempt: number;
  }
  /** `error` is that of the message whose giving up opened it. */
  | { event: "breaker-open"; task: string; reason: string; error: string | null }
  | { event: "breaker-closed"; task: string }
  | { event: "kafka-error"; code: number; reason: string }
  | { event: "task-error"; task: string | null; reason: string }
  /** Nobody awaited it, so whose it is cannot be told; `candidates` had attempts in flight. */
  | { event: "stray-error"; candidates: string[]; reason: string }
  /** `task` is `null`, here and below, when whose code it is cannot be told. */
  | {
    event: "loop-blocked";
    task: string | null;
    candidates: string[];
    blockedMs: number;
    over: boolean;
  }
  | {
    event: "log";
    task: string;
    level: "debug" | "info" | "warn" | "error";
    message: string;
    fields?: unknown;
  }
  | { event: "draining"; reason: string; inFlight: number }
  | { event: "aborting"; inFlight: number }
  | { event: "stopped"; exitCode: number }
  /** The process ends, whatever still runs. */
  | { event: "forced-exit"; reason: string; task: string | null; candidates: string[] }
  /** Nothing moves; the message that has held a watermark back for longest, where there is one. */
  | {
    event: "stalled";
    cause: StallCause;
    task: string | null;
    topic: string | null;
    partition: number | null;
    offset: number | null;
    key: string | null;
    attempt: number | null;
    ageMs: number | null;
    forMs: number;
  }
  | { event: "stall-ended"; forMs: number }
  /** Where `/healthz` and `/readyz` are served. */
  | { event: "health"; address: string }
  /** A task ends the process by itself. */
  | { event: "task-exit"; task: string | null; candidates: string[]; exitCode: number }
  /** With `--processes`: one ended that was not told to. `restartInMs` is `null` when it is not restarted. */
  | {
    event: "process-ended";
    exitCode: number | null;
    signal: string | null;
    restartInMs: number | null;
  }
  | { event: "process-restarted"; pid: number };

/** With `--processes`, events of one process have its number, from 1. */
export type NumberedEvent = WorkerEvent & { process?: number };
