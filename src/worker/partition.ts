/** One assigned partition: its tracker, and what is known of its commits. */
import type { KeyOrder } from "../core/key_order.ts";
import { OffsetTracker } from "../core/offset_tracker.ts";
import type { QueueId } from "../kafka/ports.ts";
import type { Lane } from "../task/registry.ts";
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** Why a partition is not polled. */
export type BlockReason = "revoked" | "too far ahead" | "past the target";

/**
 * A `Partition` is one assignment of a partition, so the object itself is the assignment's epoch: a
 * task in flight refers to it, and once it is closed no outcome of that task changes anything. The
 * same partition assigned again is a new object.
 */
export class Partition {
  readonly topic: string;
  readonly partition: number;
  readonly lane: Lane;
  readonly queue: QueueId;
  readonly tracker = new OffsetTracker<Execution>();
  /** Which keys are taken, of each task with `order: "key"`. */
  keyOrders = new Map<TaskState, KeyOrder<Execution>>();
  /** Last offset that the broker confirmed in this assignment; -1 before. */
  committed = -1;
  /** Attempts running and dead letters on their way: what a drain waits for. */
  busy = 0;
  readonly #blockedBy = new Set<BlockReason>();
  /** Revoked, lost or left: nothing of it counts any more. */
  closed = false;

  constructor(lane: Lane, partition: number, queue: QueueId) {
    this.topic = lane.topic;
    this.lane = lane;
    this.partition = partition;
    this.queue = queue;
  }

  /** Notes a reason not to poll it. True for the first one: from now on its queue is to be blocked. */
  block(reason: BlockReason): boolean {
    const wasPolled = !this.blocked;
    this.#blockedBy.add(reason);
    return wasPolled;
  }

  /** Takes a reason back. True when it was the last one: its queue is to be polled again. */
  unblock(reason: BlockReason): boolean {
    return this.#blockedBy.delete(reason) && !this.blocked;
  }

  get blocked(): boolean {
    return this.#blockedBy.size > 0;
  }

  /** Revoked or closed: what runs may end, but no further attempt of it starts here. */
  get leaving(): boolean {
    return this.closed || this.#blockedBy.has("revoked");
  }

  /** The offset to commit, or -1 when the broker has confirmed it already. */
  get uncommitted(): number {
    const { watermark } = this.tracker;
    return watermark > this.committed ? watermark : -1;
  }
}
