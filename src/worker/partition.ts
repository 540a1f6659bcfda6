/** One assigned partition: its tracker, and what is known of its commits. */
import type { KeyOrder } from "../core/key_order.ts";
import { OffsetTracker } from "../core/offset_tracker.ts";
import type { Resumption } from "../core/resumption.ts";
import type { QueueId, TopicPartition } from "../kafka/ports.ts";
import type { Lane } from "../task/registry.ts";
import { type Caution, cautionAfter } from "./caution.ts";
import { CommitState, type Incarnation } from "./commit_state.ts";
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** Why a partition is not polled. */
export type BlockReason = "opening" | "revoked" | "cautious" | "too far ahead" | "past the target";

/** Where a partition's work begins. */
export type Beginning = Resumption & { incarnation: Incarnation };

const NOTHING_KNOWN = { offset: -1, takeovers: 0, extent: -1, epoch: -1, attempts: new Map() };

/**
 * A `Partition` is one assignment of a partition, so the object itself is the assignment's epoch: a
 * task in flight refers to it, and once it is closed no outcome of that task changes anything. The
 * same partition assigned again is a new object.
 */
export class Partition {
  readonly topic: string;
  readonly partition: number;
  /** `topic/partition`, since the loop looks it up in each turn. */
  readonly name: string;
  readonly lane: Lane;
  readonly queue: QueueId;
  readonly tracker = new OffsetTracker<Execution>();
  /** Which keys are taken, of each task with `order: "key"`. */
  keyOrders = new Map<TaskState, KeyOrder<Execution>>();
  commits: CommitState;
  /** How its messages are started after owners that did not leave; `null` as usual. */
  caution: Caution | null = null;
  /** Attempts running and dead letters on their way: what a drain waits for. */
  busy = 0;
  readonly #blockedBy = new Set<BlockReason>();
  /** Revoked, lost or left: nothing of it counts any more. */
  closed = false;
  /** Offsets of messages that succeeded after it was closed. */
  readonly finishedLate: number[] = [];

  constructor(lane: Lane, partition: number, queue: QueueId) {
    this.topic = lane.topic;
    this.lane = lane;
    this.partition = partition;
    this.name = nameOf(this);
    this.queue = queue;
    this.commits = new CommitState(this.tracker, NOTHING_KNOWN, null);
  }

  /** What earlier owners have left; before the first message. */
  begin(from: Beginning): void {
    this.tracker.restore(from.offset, from.finished);
    this.commits = new CommitState(this.tracker, from, from.incarnation);
    this.caution = cautionAfter(from);
    this.commits.eager = this.caution !== null;
    // It stays named until its dead letter is written.
    const condemned = this.caution?.condemned ?? null;
    if (condemned !== null) this.commits.setSuspect(condemned, true);
  }

  /**
   * A message of a later leader epoch than all before, at this offset. What earlier owners have said of messages
   * from here on was of a log that has been truncated: others have their offsets now.
   */
  enterEpoch(epoch: number, offset: number): void {
    const { caution, commits, tracker } = this;
    if (commits.epoch >= 0) {
      tracker.forgetRestored();
      commits.forgetAttemptsFrom(offset);
      if ((caution?.condemned ?? -1) >= offset) {
        caution!.condemned = null;
        commits.setSuspect(null);
      }
      if ((caution?.accused ?? -1) >= offset) caution!.accused = null;
    }
    commits.epoch = epoch;
  }

  /** Nothing of it is left to be done. */
  finish(execution: Execution): void {
    this.tracker.finish(execution.position);
    if (this.commits.knowsAttempts) this.commits.forgetAttempts(execution.offset);
  }

  /** Last offset that the broker confirmed in this assignment; -1 before. */
  get committed(): number {
    return this.commits.offset;
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

  isBlockedBy(reason: BlockReason): boolean {
    return this.#blockedBy.has(reason);
  }

  /** Revoked or closed: what runs may end, but no further attempt of it starts here. */
  get leaving(): boolean {
    return this.closed || this.isBlockedBy("revoked");
  }
}

/** A name for each partition, the same for all of its assignments. */
export function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** Finished messages of all of them that the last commits had no room for: a crash would run them again. */
export function totalUncovered(partitions: Iterable<Partition>): number {
  let sum = 0;
  for (const { commits } of partitions) sum += commits.uncovered;
  return sum;
}
