/**
 * Commits watermarks: every interval, and when somebody asks for some partitions. One commit is in
 * flight at a time, so that an older never lands after a newer; nothing counts as committed until the
 * broker's answer has come through the poll.
 */
import type { CommitEntry, Consumer } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Partition } from "./partition.ts";

/** After a refusal nothing is sent for so long: the next commit would only meet the same answer. */
const PAUSE_AFTER_REFUSAL_MS = 100;

export class Committer {
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #intervalMs: number;
  #inFlight: Partition[] | null = null;
  #lastStart = -Infinity;
  #pauseUntil = -Infinity;

  constructor(consumer: Consumer, stats: Stats, intervalMs: number) {
    this.#consumer = consumer;
    this.#stats = stats;
    this.#intervalMs = intervalMs;
  }

  /** One phase of the loop: takes the answers, then starts a commit when the interval is over. */
  startIfDue(partitions: Iterable<Partition>, now: number): void {
    this.takeAnswers(now);
    if (now - this.#lastStart < this.#intervalMs) return;
    this.#lastStart = now;
    this.start(partitions, now);
  }

  /** Commits the watermarks that the broker has not confirmed. Does nothing while one is in flight. */
  start(partitions: Iterable<Partition>, now: number): void {
    if (this.#inFlight || now < this.#pauseUntil) return;
    const sent: Partition[] = [];
    const entries: CommitEntry[] = [];
    for (const partition of partitions) {
      const offset = partition.uncommitted;
      if (offset < 0 || partition.closed) continue;
      sent.push(partition);
      entries.push({ topic: partition.topic, partition: partition.partition, offset });
    }
    if (sent.length === 0) return;
    this.#inFlight = sent;
    try {
      this.#consumer.commit(entries);
    } catch (error) {
      this.#inFlight = null;
      for (const entry of entries) this.#refused(entry, (error as Error).message, now);
    }
  }

  takeAnswers(now: number): void {
    for (const answer of this.#consumer.takeCommitAnswers()) {
      const sent = this.#inFlight ?? [];
      this.#inFlight = null;
      for (const entry of answer.entries) {
        if (entry.error) {
          this.#refused(entry, entry.error.message, now);
          continue;
        }
        const partition = sent.find((one) =>
          one.partition === entry.partition && one.topic === entry.topic
        );
        if (partition && entry.offset > partition.committed) partition.committed = entry.offset;
      }
    }
  }

  #refused(entry: CommitEntry, reason: string, now: number): void {
    this.#pauseUntil = now + PAUSE_AFTER_REFUSAL_MS;
    const { topic, partition, offset } = entry;
    this.#stats.event({ event: "commit-refused", topic, partition, offset, reason });
  }
}
