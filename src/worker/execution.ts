/**
 * The life of one message in this process.
 *
 * ```
 * behind (others of its key) ──► due ──► running ──► finished
 *    ▲                            ▲         │
 *    └────── taken from Kafka ────┘         ├──► waiting (for the next attempt) ──► due
 *                                           ├──► parked (its task's breaker is open) ──► due
 *                                           └──► dead (its dead letter is on its way) ──► finished
 *                                                  └──► keeping (its key, with `onDead: "block"`)
 * ```
 * An attempt that passes its time limit stays `running`, and keeps its slot, until its promise settles
 * or it is abandoned. When its partition is closed, an execution only gives back what it holds.
 */
import type { Linked } from "../core/linked_list.ts";
import type { Batch } from "../kafka/batch.ts";
import type { AttemptContext } from "./attempt_context.ts";
import type { Partition } from "./partition.ts";
import type { TaskState } from "./task_state.ts";

export type ExecutionState =
  | "due"
  | "running"
  | "waiting"
  | "dead"
  | "finished"
  | "behind"
  | "parked"
  | "keeping";

/** What is known of the failures of a message; made with the first one. */
export interface FailureRecord {
  first: number;
  last: number;
  error: unknown;
}

export class Execution implements Linked<Execution> {
  previous: Execution | null = null;
  next: Execution | null = null;
  readonly task: TaskState;
  partition: Partition;
  /** The tracker's position of the offset. */
  position: number;
  /** It is the message of this index; what the batch tells of it now and then is not kept twice. */
  batch: Batch;
  index: number;
  /** Of its key, value and headers. */
  readonly bytes: number;
  state: ExecutionState = "due";
  /** What it has to wait for its turn by, one character a byte; `null` when it is unordered. */
  orderKey: string | null = null;
  /** Attempts started that count, by earlier owners too; those that fail under an open breaker do not. */
  attempt: number;
  startedAt = 0;
  /** When its signal was aborted, if it was. */
  abortedAt = 0;
  /** Of the attempt that runs, which it tells from all others. */
  context: AttemptContext | null = null;
  failure: FailureRecord | null = null;
  /** It has ended its workers, and is given up without another attempt. */
  condemned = false;
  /** Whether the signal of the attempt that runs was aborted, and why. */
  aborted: "no" | "time limit" | "stop" = "no";
  #busy = false;

  constructor(
    task: TaskState,
    partition: Partition,
    position: number,
    batch: Batch,
    index: number,
  ) {
    this.task = task;
    this.partition = partition;
    this.position = position;
    this.batch = batch;
    this.index = index;
    this.bytes = batch.size(index);
    const { commits } = partition;
    this.attempt = commits.knowsAttempts ? commits.failedAttempts(this.offset) : 0;
  }

  get offset(): number {
    return this.batch.offset(this.index);
  }

  /** On the worker's clock. */
  get receivedAt(): number {
    return this.batch.receivedAt;
  }

  /** `at`: since the epoch. */
  noteFailure(error: unknown, at: number): void {
    this.failure = { first: this.failure?.first ?? at, last: at, error };
  }

  /** Counts it among what a drain of its partition waits for, or takes it off. */
  setBusy(busy: boolean): void {
    if (busy === this.#busy) return;
    this.#busy = busy;
    this.partition.busy += busy ? 1 : -1;
  }

  /** From now on it belongs to `partition`, whatever it is doing. */
  moveTo(partition: Partition, position: number): void {
    const busy = this.#busy;
    this.setBusy(false);
    this.partition = partition;
    this.position = position;
    this.setBusy(busy);
  }
}
