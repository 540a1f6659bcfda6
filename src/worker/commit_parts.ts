/**
 * What the next commit is of.
 *
 * The coordinator stores a commit as one batch of records, so a commit of many maps is sent in parts.
 *
 * The coordinator answers for each partition, but librdkafka gives the refusal of one to all of a commit
 * (`rd_kafka_cgrp_update_committed_offsets`). So what was refused together goes again in halves, until it is
 * plain which partition is meant. That one is committed by itself, after all others, until it is taken.
 */
import type { CommitEntry } from "../kafka/ports.ts";
import type { Partition } from "./partition.ts";

/** Of one part; the coordinator's batch has 1 MiB at Kafka's defaults. */
const MOST_PART_BYTES = 512 * 1024;
const LEAST_PART_BYTES = 8 * 1024;
/** What an entry takes beside its topic and metadata, in the request and in the record made of it. */
const ENTRY_BYTES = 128;
/** A partition that was refused by itself is sent again no sooner. */
const REFUSED_AGAIN_MS = 500;

export interface CommitPart {
  partitions: readonly Partition[];
  /** In the same order. */
  entries: readonly CommitEntry[];
}

export class CommitParts {
  readonly #maxMetadata: number;
  #partBytes = MOST_PART_BYTES;
  /** Of the same commit as the last part, and not sent yet. */
  #rest = new Set<Partition>();
  /** To be sent next, each group by itself. */
  readonly #groups: Partition[][] = [];
  /** Refused by themselves, and when each may be sent again. */
  readonly #refused = new Map<Partition, number>();

  /** `maxMetadata`: characters with each offset, at most. */
  constructor(maxMetadata: number) {
    this.#maxMetadata = maxMetadata;
  }

  /** A part is left of an earlier commit. */
  get pending(): boolean {
    return this.#rest.size > 0 || this.#groups.length > 0;
  }

  /** The next part, of these and of what is left; `null` when there is nothing to commit. */
  next(wanted: Iterable<Partition>, now: number): CommitPart | null {
    for (const partition of wanted) this.#rest.add(partition);
    for (let group = this.#groups.shift(); group; group = this.#groups.shift()) {
      const part = this.#toPart(group);
      if (part) return part;
    }
    for (const [partition, againAt] of this.#refused) {
      if (partition.closed) this.#refused.delete(partition);
      else if (this.#rest.delete(partition) && now >= againAt) this.#groups.push([partition]);
    }
    const part = this.#toPart(this.#rest);
    return part ?? (this.#groups.length > 0 ? this.next([], now) : null);
  }

  /** As many of these as go into one part; they are taken out of a set. */
  #toPart(from: Partition[] | Set<Partition>): CommitPart | null {
    const partitions: Partition[] = [];
    const entries: CommitEntry[] = [];
    let bytes = 0;
    for (const partition of from) {
      if (bytes >= this.#partBytes) break;
      if (from instanceof Set) from.delete(partition);
      const { topic, partition: number, closed, commits } = partition;
      if (closed || !commits.due) continue;
      const { offset, metadata } = commits.next(this.#maxMetadata);
      bytes += ENTRY_BYTES + topic.length + metadata.length;
      partitions.push(partition);
      entries.push({ topic, partition: number, offset, metadata });
    }
    return partitions.length > 0 ? { partitions, entries } : null;
  }

  /** One of these, at least, was refused: they go again in halves. */
  divide(partitions: readonly Partition[]): void {
    const half = Math.ceil(partitions.length / 2);
    this.#groups.unshift(partitions.slice(0, half), partitions.slice(half));
  }

  /** This one was refused, for a reason that may last. */
  setApart(partition: Partition, now: number): void {
    this.#refused.set(partition, now + REFUSED_AGAIN_MS);
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
