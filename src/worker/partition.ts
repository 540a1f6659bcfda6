/** One assigned partition: its tracker, and what is known of its commits. */
import { OffsetTracker } from "../core/offset_tracker.ts";
import type { QueueId } from "../kafka/ports.ts";
import type { Lane } from "../task/registry.ts";
import type { Execution } from "./execution.ts";

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
  /** Last offset that the broker confirmed in this assignment; -1 before. */
  committed = -1;
  /** Attempts running and dead letters on their way: what a drain waits for. */
  busy = 0;
  /** Not polled: revoked, too far ahead of its watermark, or past the target of a drain. */
  blocked = false;
  /** Revoked, lost or left: nothing of it counts any more. */
  closed = false;

  constructor(lane: Lane, partition: number, queue: QueueId) {
    this.topic = lane.topic;
    this.lane = lane;
    this.partition = partition;
    this.queue = queue;
  }

  /** The offset to commit, or -1 when the broker has confirmed it already. */
  get uncommitted(): number {
    const { watermark } = this.tracker;
    return watermark > this.committed ? watermark : -1;
  }
}
