/**
 * The partitions this worker owns, and how it gives them back.
 *
 * ```
 * assign ──► owned ──► revoked: draining ──► committing ──► closed
 *              └────── lost ───────────────────────────────► closed
 * ```
 * Invariants:
 * - changes are handled in order, one at a time: librdkafka waits for the answer to each;
 * - a revoked partition hands out nothing from the moment the change is seen, and no attempt of it starts,
 *   while the others flow;
 * - the answer to a revoke comes after the drain and the broker's word on the commit, or after their
 *   deadlines; a loss is answered at once, without a commit.
 */
import type { AssignmentChange, Consumer, QueueId, TopicPartition } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Lane } from "../task/registry.ts";
import type { Clock } from "./clock.ts";
import type { Committer } from "./committer.ts";
import { Partition } from "./partition.ts";
import type { Runner } from "./runner.ts";

/** The broker's answer to the last commit of revoked partitions is waited for this long. */
const COMMIT_ANSWER_MS = 3000;

interface Revocation {
  partitions: Partition[];
  changed: readonly TopicPartition[];
  drainUntil: number;
  commitUntil: number | null;
}

export interface AssignmentsParts {
  consumer: Consumer;
  committer: Committer;
  runner: Runner;
  lanes: readonly Lane[];
  stats: Stats;
  clock: Clock;
  revokeDrainMs: number;
}

export class Assignments {
  readonly #parts: AssignmentsParts;
  readonly #owned = new Map<string, Partition>();
  readonly #byQueue = new Map<QueueId, Partition>();
  readonly #changes: AssignmentChange[] = [];
  #revocation: Revocation | null = null;

  constructor(parts: AssignmentsParts) {
    this.#parts = parts;
  }

  get partitions(): Iterable<Partition> {
    return this.#owned.values();
  }

  /** True once no rebalance waits for our answer. */
  get settled(): boolean {
    return this.#revocation === null && this.#changes.length === 0;
  }

  byQueue(queue: QueueId): Partition | undefined {
    return this.#byQueue.get(queue);
  }

  /** One phase of the loop. */
  handleChanges(): void {
    for (const change of this.#parts.consumer.takeAssignmentChanges()) {
      // A loss overtakes what waits: there is nobody left to hand anything over to.
      if (change.kind === "lost") this.#lose(change.partitions);
      else this.#changes.push(change);
      if (change.kind === "revoke") this.#block(change.partitions);
    }
    while (this.#continueRevocation() && this.#changes.length > 0) {
      const change = this.#changes.shift()!;
      if (change.kind === "assign") this.#assign(change.partitions);
      else this.#startRevocation(change.partitions);
    }
  }

  /**
   * The log of a partition began anew at `offset` (truncated or recreated): what is in flight from there
   * on belongs to the old one, and what lies below goes on. The queue and the assignment stay.
   */
  restart(partition: Partition, offset: number): Partition {
    partition.closed = true;
    // Whatever blocked it (how far ahead it was, the target of a drain) was about the old log.
    if (partition.blocked) this.#parts.consumer.block(partition.queue, false);
    const fresh = new Partition(partition.lane, partition.partition, partition.queue);
    // What goes on keeps its keys, and what still runs of the old log keeps them until it has settled.
    fresh.keyOrders = partition.keyOrders;
    for (const [below, execution] of partition.tracker.unfinishedBelow(offset)) {
      const position = fresh.tracker.receive(below);
      if (!execution) continue;
      fresh.tracker.hold(position, execution);
      execution.moveTo(fresh, position);
    }
    this.#owned.set(keyOf(partition), fresh);
    this.#byQueue.set(partition.queue, fresh);
    this.#parts.runner.forgetLeaving();
    return fresh;
  }

  /** Closes everything: the consumer is about to leave, which a revoke without an answer would hold up. */
  closeAll(): void {
    const revocation = this.#revocation;
    this.#revocation = null;
    if (revocation) this.#giveBack(revocation.partitions, revocation.changed, "revoked");
    for (const partition of this.#owned.values()) partition.closed = true;
    this.#parts.runner.forgetLeaving();
    // They stay listed, so that the last figures can still be read.
    this.#byQueue.clear();
  }

  #assign(partitions: readonly TopicPartition[]): void {
    const { consumer, lanes, stats } = this.#parts;
    const added = partitions.map((one) => {
      const lane = lanes.find((lane) => lane.topic === one.topic);
      if (!lane) throw new Error(`Partition of topic "${one.topic}" assigned without a task`);
      return { ...one, lane };
    });
    const queues = consumer.assign(added.map(({ topic, partition, lane }) => ({
      topic,
      partition,
      lane: lane.id,
    })));
    added.forEach(({ partition, lane }, index) => {
      const owned = new Partition(lane, partition, queues[index]!);
      this.#owned.set(keyOf(owned), owned);
      this.#byQueue.set(owned.queue, owned);
    });
    if (partitions.length > 0) {
      stats.event({ event: "rebalance", change: "assigned", partitions: plain(partitions) });
    }
  }

  #block(partitions: readonly TopicPartition[]): void {
    for (const partition of this.#find(partitions)) {
      if (partition.block("revoked")) this.#parts.consumer.block(partition.queue, true);
    }
    this.#parts.runner.forgetLeaving();
  }

  #startRevocation(changed: readonly TopicPartition[]): void {
    const { clock, revokeDrainMs } = this.#parts;
    this.#revocation = {
      partitions: this.#find(changed),
      changed,
      drainUntil: clock.now() + revokeDrainMs,
      commitUntil: null,
    };
  }

  /** True when no revocation is in the way. */
  #continueRevocation(): boolean {
    const revocation = this.#revocation;
    if (!revocation) return true;
    const { clock, committer, runner } = this.#parts;
    const { partitions } = revocation;
    const now = clock.now();
    if (revocation.commitUntil === null) {
      if (partitions.some(({ busy }) => busy > 0)) {
        if (now < revocation.drainUntil) return false;
        runner.abort(new Error("The partition was revoked"), new Set(partitions));
      }
      revocation.commitUntil = now + COMMIT_ANSWER_MS;
    }
    if (partitions.some(({ uncommitted }) => uncommitted >= 0) && now < revocation.commitUntil) {
      committer.takeAnswers(now);
      committer.start(partitions, now);
      return false;
    }
    this.#revocation = null;
    this.#giveBack(partitions, revocation.changed, "revoked");
    return true;
  }

  #lose(changed: readonly TopicPartition[]): void {
    const partitions = this.#find(changed);
    this.#parts.runner.abort(new Error("The partition was lost"), new Set(partitions));
    this.#revocation = null;
    this.#changes.length = 0;
    this.#giveBack(partitions, changed, "lost");
  }

  #giveBack(
    partitions: readonly Partition[],
    changed: readonly TopicPartition[],
    change: "revoked" | "lost",
  ): void {
    for (const partition of partitions) {
      partition.closed = true;
      this.#owned.delete(keyOf(partition));
      this.#byQueue.delete(partition.queue);
    }
    this.#parts.runner.forgetLeaving();
    this.#parts.consumer.unassign(changed, partitions.map(({ queue }) => queue));
    if (changed.length > 0) {
      this.#parts.stats.event({ event: "rebalance", change, partitions: plain(changed) });
    }
  }

  #find(partitions: readonly TopicPartition[]): Partition[] {
    return partitions.map((one) => this.#owned.get(keyOf(one))).filter((one) => one !== undefined);
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function plain(partitions: readonly TopicPartition[]): TopicPartition[] {
  return partitions.map(({ topic, partition }) => ({ topic, partition }));
}
