/**
 * The life of one message in this process.
 *
 * ```
 * behind (others of its key) ──► due ──► running ──► finished
 *    ▲                            ▲         │
 *    └────── taken from Kafka ────┘         ├──► waiting (for the next attempt) ──► due
 *                                           ├──► parked (its task's breaker is open) ──► due
 *                                           └──► dead (its dead letter is on its way) ──► finished
 *                                                  ├──► refused (until it is sent again) ──► dead
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
  | "refused"
  | "finished"
  | "behind"
  | "parked"
  | "keeping";

/** What is known of the failures of a message; made with the first one. */
export interface FailureRecord {
  first: number;
  last: number;
  error: unknown;
  /** The message has ended its workers, and is given up without another attempt. */
  condemned: boolean;
}

/*
 * There is one for each message in flight, so it has no more than twelve fields: with a thirteenth it takes 160
 * bytes instead of 112.
 */
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
  state: ExecutionState = "due";
  /** What it has to wait for its turn by, one character a byte; `null` when it is unordered. */
  orderKey: string | null = null;
  /** Attempts started that count, by earlier owners too; those that fail under an open breaker do not. */
  attempt: number;
  /** Of the attempt that runs, which it tells from all others. */
  context: AttemptContext | null = null;
  failure: FailureRecord | null = null;

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
    const { commits } = partition;
    this.attempt = commits.knowsAttempts ? commits.failedAttempts(this.offset) : 0;
  }

  get offset(): number {
    return this.batch.offset(this.index);
  }

  /** Of its key, value and headers. */
  get bytes(): number {
    return this.batch.size(this.index);
  }

  /** On the worker's clock. */
  get receivedAt(): number {
    return this.batch.receivedAt;
  }

  /** `at`: since the epoch. */
  noteFailure(error: unknown, at: number): void {
    const { first, condemned } = this.failure ?? { first: at, condemned: false };
    this.failure = { first, last: at, error, condemned };
  }

  /** From now on it belongs to `partition`, whatever it is doing. */
  moveTo(partition: Partition, position: number): void {
    if (this.state === "running" || this.state === "dead") {
      this.partition.busy--;
      partition.busy++;
    }
    this.partition = partition;
    this.position = position;
  }
}
