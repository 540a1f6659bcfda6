/**
 * The partitions this worker owns, and how it gives them back.
 *
 * ```
 * assign ──► owned: looked up ──► opened ──► revoked: draining ──► committing ──► closed
 *              └───────────────────────┴───── lost ───────────────────────────► closed
 * ```
 * Invariants:
 * - an owned partition is polled once the broker has confirmed that this owner works on it: otherwise a
 *   message that kills the worker at once would leave no trace;
 * - changes are handled in order, one at a time: librdkafka waits for the answer to each;
 * - a revoked partition hands out nothing from the moment the change is seen, and no attempt of it starts,
 *   while the others flow;
 * - the answer to a revoke comes after the drain and the broker's word on the commit, or after their
 *   deadlines; a loss is answered at once, without a commit.
 */
import type {
  AssignmentChange,
  Consumer,
  QueueId,
  Standing,
  TopicPartition,
} from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Lane } from "../task/registry.ts";
import { Arrival } from "./arrival.ts";
import type { Clock } from "./clock.ts";
import type { Committer } from "./committer.ts";
import { NEW_LOG, noteTopicId, replaceLog, restartLog } from "./log_restart.ts";
import { LostPartition, resumeKnowing } from "./lost_partition.ts";
import { Partition } from "./partition.ts";
import { tellRecreations, tellResumptions } from "./resumption_events.ts";
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
  wake: () => void;
  revokeDrainMs: number;
}

export class Assignments {
  readonly #parts: AssignmentsParts;
  readonly #owned = new Map<string, Partition>();
  readonly #byQueue = new Map<QueueId, Partition>();
  readonly #changes: AssignmentChange[] = [];
  /** Assigned, and being looked up. */
  readonly #arrivals = new Set<Arrival>();
  #leaving = false;
  /** Partitions that this very process has lost and not got again. */
  readonly #lost = new Map<string, LostPartition>();
  #revocation: Revocation | null = null;
  /** Assigned, and not polled before the broker has confirmed their first commit. */
  readonly #opening = new Set<Partition>();

  /** As they were told last, until they are compared. */
  #topicIds: ReadonlyMap<string, string> | null = null;

  constructor(parts: AssignmentsParts) {
    this.#parts = parts;
  }

  /** May be gone through again and again. */
  readonly partitions: Iterable<Partition> = {
    [Symbol.iterator]: () => this.#owned.values(),
  };

  /** True once no rebalance waits for our answer. */
  get settled(): boolean {
    return this.#revocation === null && this.#changes.length === 0;
  }

  /** When an assignment is looked up again; `Infinity` when none waits for that. */
  get nextDue(): number {
    let next = Infinity;
    for (const { nextDue } of this.#arrivals) next = Math.min(next, nextDue);
    return next;
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
    this.#beginRecreated();
    this.#beginArrived();
    this.#openConfirmed();
    this.#parts.runner.breakers.note(this.partitions, this.#parts.committer);
  }

  /** The log of a partition began anew at `offset`; the partition that goes on there. */
  restart(partition: Partition, offset: number): Partition {
    return this.#replace(partition, restartLog(partition, offset, this.#parts));
  }

  noteTopicIds(ids: ReadonlyMap<string, string>): void {
    this.#topicIds = ids;
  }

  /** The last commits are sent now: they say that this owner leaves, and nothing is taken on any more. */
  leave(): void {
    this.#leaving = true;
    for (const { commits } of this.#owned.values()) commits.close();
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

  /** Answered at once: librdkafka may miss the next change while it waits for the answer to this one. */
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
    // What comes so late is not begun.
    if (this.#leaving) return;
    const owned = added.map(({ lane, partition }, index) =>
      new Partition(lane, partition, queues[index]!)
    );
    for (const partition of owned) {
      this.#owned.set(keyOf(partition), partition);
      this.#byQueue.set(partition.queue, partition);
      if (partition.block("opening")) consumer.block(partition.queue, true);
    }
    if (owned.length === 0) return;
    stats.event({ event: "rebalance", change: "assigned", partitions: plain(owned) });
    const resume = (standing: Standing, one: Partition) =>
      resumeKnowing(standing, this.#lost.get(keyOf(one)));
    this.#arrivals.add(new Arrival(owned, this.#parts, { resume }));
  }

  /** Partitions of topics that were deleted and made again begin anew. */
  #beginRecreated(): void {
    const ids = this.#topicIds;
    if (!ids || this.#leaving) return;
    this.#topicIds = null;
    const old = [...this.#owned.values()].filter((one) => noteTopicId(one, ids.get(one.topic)));
    const fresh = old.map((one) => this.#replace(one, replaceLog(one, this.#parts)));
    tellRecreations(fresh, this.#parts.stats);
    if (fresh.length > 0) this.#arrivals.add(new Arrival(fresh, this.#parts, NEW_LOG));
  }

  #beginArrived(): void {
    const { clock, committer, runner, stats } = this.#parts;
    if (this.#leaving) this.#arrivals.clear();
    for (const arrival of this.#arrivals) {
      const begun = arrival.take(clock.now()).filter(({ owned }) => !owned.leaving);
      if (arrival.isOver) this.#arrivals.delete(arrival);
      for (const one of begun) {
        const { owned } = one;
        owned.begin(one);
        runner.breakers.resume(owned, one);
        this.#opening.add(owned);
        committer.hurry(owned);
      }
      tellResumptions(begun, stats);
    }
  }

  #openConfirmed(): void {
    for (const partition of this.#opening) {
      if (!partition.closed && !partition.commits.opened) continue;
      this.#opening.delete(partition);
      if (partition.closed) continue;
      this.#lost.delete(keyOf(partition));
      if (partition.unblock("opening")) this.#parts.consumer.block(partition.queue, false);
    }
  }

  #replace(partition: Partition, fresh: Partition): Partition {
    this.#owned.set(keyOf(partition), fresh);
    this.#byQueue.set(partition.queue, fresh);
    this.#opening.delete(partition);
    return fresh;
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
      for (const { commits } of partitions) commits.close();
    }
    if (partitions.some(({ commits }) => commits.due) && now < revocation.commitUntil) {
      committer.takeAnswers(this.partitions, now);
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
    for (const partition of partitions) {
      // Before it was opened, nothing has run.
      if (partition.commits.opened) this.#lost.set(keyOf(partition), new LostPartition(partition));
    }
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
