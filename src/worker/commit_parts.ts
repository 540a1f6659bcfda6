/**
 * What the next commit is of.
 *
 * The coordinator stores a commit as one batch of records, so a commit of many maps is sent in parts.
 *
 * The coordinator answers for each partition, but librdkafka gives the refusal of one to all of a commit
 * (`rd_kafka_cgrp_update_committed_offsets`). So what was refused together goes again in halves, until it is
 * plain which partition is meant. That one goes by itself, or with others of its topic, less and less often, until
 * it is taken.
 *
 * What was refused is sent in turn with all else, so that neither waits for the other; a group with one that is
 * urgent comes first.
 */
import type { CommitEntry } from "../kafka/ports.ts";
import type { Partition } from "./partition.ts";

/** Of one part; the coordinator's batch has 1 MiB at Kafka's defaults. */
const MOST_PART_BYTES = 512 * 1024;
const LEAST_PART_BYTES = 8 * 1024;
/** What an entry takes beside its topic and metadata, in the request and in the record made of it. */
const ENTRY_BYTES = 128;
/** A partition that was refused by itself is sent again after so long; it doubles with each refusal. */
const REFUSED_AGAIN_MS = [500, 30_000] as const;

export interface CommitPart {
  partitions: readonly Partition[];
  /** In the same order. */
  entries: readonly CommitEntry[];
}

export class CommitParts {
  readonly #maxMetadata: number;
  #partBytes = MOST_PART_BYTES;
  /** To be committed, and not sent yet. */
  readonly #rest = new Set<Partition>();
  /** Refused together: each group is sent by itself. */
  readonly #groups: Partition[][] = [];
  /** Refused by themselves: when each may be sent again, and how long it waits then. */
  readonly #refused = new Map<Partition, { againAt: number; waitMs: number }>();
  #groupsInTurn = false;

  /** `maxMetadata`: characters with each offset, at most. */
  constructor(maxMetadata: number) {
    this.#maxMetadata = maxMetadata;
  }

  /** A part is left of an earlier commit. */
  get pending(): boolean {
    return this.#rest.size > 0 || this.#groups.length > 0;
  }

  /** The next part, of these and of what is left; `null` when there is nothing to commit. */
  next(
    urgent: Iterable<Partition>,
    others: Iterable<Partition>,
    now: number,
  ): CommitPart | null {
    const hurried = new Set(urgent);
    for (const partition of [...hurried, ...others]) this.#rest.add(partition);
    this.#regroup(now);
    const first = this.#groups.findIndex((group) => group.some((one) => hurried.has(one)));
    if (first > 0) this.#groups.unshift(...this.#groups.splice(first, 1));
    this.#groupsInTurn = first >= 0 || !this.#groupsInTurn;
    return this.#groupsInTurn
      ? this.#nextGroup() ?? this.#toPart(this.#rest)
      : this.#toPart(this.#rest) ?? this.#nextGroup();
  }

  /** What was refused is not sent with the rest; by topic, since a refusal is often of a topic. */
  #regroup(now: number): void {
    for (const group of this.#groups) for (const one of group) this.#rest.delete(one);
    const again: Partition[] = [];
    for (const [partition, { againAt }] of this.#refused) {
      if (partition.closed) this.#refused.delete(partition);
      else if (this.#rest.delete(partition) && now >= againAt) again.push(partition);
    }
    this.#groups.push(...byTopic(again));
  }

  #nextGroup(): CommitPart | null {
    for (let group = this.#groups.shift(); group; group = this.#groups.shift()) {
      const left = new Set(group);
      const part = this.#toPart(left);
      if (left.size > 0) this.#groups.unshift([...left]);
      if (part) return part;
    }
    return null;
  }

  /** As many of these as go into one part; they are taken out of the set. */
  #toPart(from: Set<Partition>): CommitPart | null {
    const partitions: Partition[] = [];
    const entries: CommitEntry[] = [];
    let bytes = 0;
    for (const partition of from) {
      if (bytes >= this.#partBytes) break;
      from.delete(partition);
      const { topic, partition: number, closed, commits } = partition;
      if (closed || !commits.due) continue;
      const { offset, metadata } = commits.next(this.#maxMetadata);
      bytes += ENTRY_BYTES + topic.length + metadata.length;
      partitions.push(partition);
      entries.push({ topic, partition: number, offset, metadata });
    }
    return partitions.length > 0 ? { partitions, entries } : null;
  }

  /** One of these, at least, was refused: they go again in halves, topic by topic, after the groups there are. */
  divide(partitions: readonly Partition[]): void {
    const sorted = byTopic(partitions).flat();
    const half = Math.ceil(sorted.length / 2);
    // Between two topics, where there are several.
    const borders = sorted.flatMap(({ topic }, at) =>
      at > 0 && topic !== sorted[at - 1]!.topic ? [at] : []
    );
    const distance = (at: number) => Math.abs(at - half);
    const [border = half] = borders.sort((a, b) => distance(a) - distance(b));
    this.#groups.push(sorted.slice(0, border), sorted.slice(border));
  }

  /** This one was refused, for a reason that may last. */
  setApart(partition: Partition, now: number): void {
    const [least, most] = REFUSED_AGAIN_MS;
    const before = this.#refused.get(partition);
    const waitMs = before ? Math.min(most, 2 * before.waitMs) : least;
    this.#refused.set(partition, { againAt: now + waitMs, waitMs });
  }

  /** The broker has taken it: it goes with the others again. */
  accept(partition: Partition): void {
    this.#refused.delete(partition);
  }

  /** Parts were too large. */
  shrink(): void {
    this.#partBytes = Math.max(LEAST_PART_BYTES, this.#partBytes / 2);
  }
}

function byTopic(partitions: readonly Partition[]): Partition[][] {
  return [...Map.groupBy(partitions, ({ topic }) => topic).values()];
}
