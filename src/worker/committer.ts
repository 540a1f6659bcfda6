/**
 * Commits watermarks: every interval, and when somebody asks for some partitions. One commit is in
 * flight at a time, so that an older never lands after a newer; nothing counts as committed until the
 * broker's answer has come through the poll.
 */
import type { CommitEntry, Consumer, KafkaProblem } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Partition } from "./partition.ts";

/** After a refusal nothing is sent for so long: the next commit would only meet the same answer. */
const PAUSE_AFTER_REFUSAL_MS = 100;
/** A refusal that goes on is told again after so long. */
const QUIET_MS = 10_000;
/**
 * Refusals that a rebalance or a moving coordinator brings along (Kafka's error codes): a commit soon
 * after succeeds, so they are told only when they go on.
 */
const PASSING = new Set([14, 15, 16, 22, 25, 27, 113]);

export class Committer {
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #intervalMs: number;
  #inFlight: Partition[] | null = null;
  #lastStart = -Infinity;
  #pauseUntil = -Infinity;
  /** Until when refusals of a partition are not told, by topic/partition; a success ends it. */
  readonly #silentUntil = new Map<string, number>();

  constructor(consumer: Consumer, stats: Stats, intervalMs: number) {
    this.#consumer = consumer;
    this.#stats = stats;
    this.#intervalMs = intervalMs;
  }

  /** One phase of the loop: takes the answers, then starts a commit when the interval is over. */
  startIfDue(partitions: Iterable<Partition>, now: number): void {
    this.takeAnswers(now);
    if (now < this.#pauseUntil || now - this.#lastStart < this.#intervalMs) return;
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
      const { code, message } = error as { code?: number; message: string };
      for (const entry of entries) this.#refused(entry, { code: code ?? -1, message }, now);
    }
  }

  takeAnswers(now: number): void {
    for (const answer of this.#consumer.takeCommitAnswers()) {
      const sent = this.#inFlight ?? [];
      this.#inFlight = null;
      for (const entry of answer.entries) {
        if (entry.error) {
          this.#refused(entry, entry.error, now);
          continue;
        }
        const partition = sent.find((one) =>
          one.partition === entry.partition && one.topic === entry.topic
        );
        if (!partition) continue;
        this.#silentUntil.delete(`${entry.topic}/${entry.partition}`);
        if (entry.offset > partition.committed) partition.committed = entry.offset;
      }
    }
  }

  #refused(entry: CommitEntry, problem: KafkaProblem, now: number): void {
    this.#pauseUntil = now + PAUSE_AFTER_REFUSAL_MS;
    const { topic, partition, offset } = entry;
    const key = `${topic}/${partition}`;
    if (PASSING.has(problem.code)) {
      // The turn after the pause tries again: what is finished should not wait for the interval.
      this.#lastStart = -Infinity;
      if (!this.#silentUntil.has(key)) this.#silentUntil.set(key, now + QUIET_MS);
    }
    if (now < (this.#silentUntil.get(key) ?? -Infinity)) return;
    this.#silentUntil.set(key, now + QUIET_MS);
    const reason = problem.message;
    this.#stats.event({ event: "commit-refused", topic, partition, offset, reason });
  }
}
