/**
 * Commits what is finished: every interval, and when somebody asks for some partitions. One commit is in
 * flight at a time, so that an older never lands after a newer; nothing counts as committed until the
 * broker's answer has come through the poll.
 *
 * commit_parts.ts says which partitions a commit is of.
 *
 * A commit's answer is also the only word that this worker still owns what it works on: librdkafka may hear
 * seconds late that a session is over. So while commits stay without a good answer for long, and after the
 * process stood still for long, `holding` asks for nothing new to be started.
 */
import { Repetitions } from "../core/repetitions.ts";
import type { CommitAnswer, CommitEntry, Consumer, KafkaProblem } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import { type CommitPart, CommitParts } from "./commit_parts.ts";
import { type Partition, totalUncovered } from "./partition.ts";

/** After a refusal nothing is sent for so long: the next commit would only meet the same answer. */
const PAUSE_AFTER_REFUSAL_MS = 100;
/** A refusal that passes is told when it has gone on for so long. */
const QUIET_MS = 10_000;
/** librdkafka's _FAIL, for what has no code of its own. */
const FAILED = -196;
type Refusal =
  | "passing"
  | "uncertain"
  | "too large"
  | "metadata too large"
  /** These may last. */
  | "group"
  | "topic"
  | "partition";

/** What a refusal means, by Kafka's error codes, negative ones librdkafka's. */
const REFUSALS = new Map<number, Refusal>();
/**
 * These a rebalance, a moving coordinator or a lost connection bring along: a commit soon after succeeds, so
 * they are told only when they go on.
 */
for (const code of [13, 14, 15, 16, 19, 20, 22, 25, 27, 110, 113, -180]) {
  REFUSALS.set(code, "passing");
}
/**
 * It stays open what became of the commit (REQUEST_TIMED_OUT and librdkafka's _TIMED_OUT, _TIMED_OUT_QUEUE,
 * _TRANSPORT, _MSG_TIMED_OUT): it may be stored later, over a newer one.
 */
for (const code of [7, -185, -166, -195, -192]) REFUSALS.set(code, "uncertain");
/**
 * MESSAGE_TOO_LARGE, RECORD_LIST_TOO_LARGE and INVALID_COMMIT_OFFSET_SIZE: of all of a commit together. The
 * coordinators of Kafka 4 say UNKNOWN_SERVER_ERROR instead (`CoordinatorOperationExceptionHelper`).
 */
for (const code of [10, 18, 28, -1]) REFUSALS.set(code, "too large");
/** OFFSET_METADATA_TOO_LARGE: of one partition. */
REFUSALS.set(12, "metadata too large");
/** INVALID_GROUP_ID, GROUP_AUTHORIZATION_FAILED, GROUP_ID_NOT_FOUND and FENCED_INSTANCE_ID: of all there is. */
for (const code of [24, 30, 69, 82]) REFUSALS.set(code, "group");
/** TOPIC_AUTHORIZATION_FAILED: of all partitions of a topic. */
REFUSALS.set(29, "topic");

/** librdkafka's own errors are of the client; all others that are not named here may be of one partition. */
function kindOf(code: number): Refusal {
  return REFUSALS.get(code) ?? (code < 0 ? "group" : "partition");
}

/** For so long a newer commit is sent again in each interval, so that it is the last one in any case. */
const UNCERTAIN_FOR_MS = 30_000;
/** Nothing new starts when commits have been without a good answer for this long. */
const SILENT_AFTER_MS = 10_000;
/** A turn that comes so much later than it should: others may own the partitions by now. */
const STOOD_STILL_MS = 3000;

export interface CommitterOptions {
  intervalMs: number;
  /** Characters of metadata with each offset, at most. */
  maxMetadata: number;
  /** The longest that two turns of the loop are apart on purpose. */
  idleSleepMs: number;
  /** Asks for another turn: what was held may start. */
  wake: () => void;
}

export class Committer {
  readonly #consumer: Consumer;
  readonly #stats: Stats;
  readonly #options: CommitterOptions;
  readonly #parts: CommitParts;
  #inFlight: CommitPart | null = null;
  /** The most messages at once that were finished and that confirmed commits had no room for. */
  peakUncovered = 0;
  /** To be committed without waiting for the interval. */
  readonly #urgent = new Set<Partition>();
  #lastStart = -Infinity;
  #lastTurn = Infinity;
  /** Since when commits are sent and none is confirmed; `null` when there is nothing to confirm. */
  #unconfirmedSince: number | null = null;
  #silent = false;
  /** To be confirmed before anything new starts, since the process had stood still. */
  readonly #doubtful = new Set<Partition>();
  #pauseUntil = -Infinity;
  /** Since when a partition's commits are refused for a reason that passes; a success ends it. */
  readonly #passingSince = new Map<Partition, number>();
  /** The partitions of a topic share their trouble. */
  readonly #repetitions = new Repetitions();

  constructor(consumer: Consumer, stats: Stats, options: CommitterOptions) {
    this.#consumer = consumer;
    this.#stats = stats;
    this.#options = options;
    this.#parts = new CommitParts(options.maxMetadata);
  }

  /** The partition's next commit does not wait for the interval. */
  hurry(partition: Partition): void {
    this.#urgent.add(partition);
  }

  /** Whether this worker may own nothing any more, for all it knows: then nothing new is to start. */
  get holding(): boolean {
    if (this.#silent) return true;
    // Asked for each message, and nearly always empty.
    if (this.#doubtful.size === 0) return false;
    for (const { closed } of this.#doubtful) if (!closed) return true;
    return false;
  }

  /** When a pause after a refusal ends that something urgent waits for; `Infinity` otherwise. */
  get nextDue(): number {
    return this.#urgent.size > 0 && this.#inFlight === null ? this.#pauseUntil : Infinity;
  }

  /** One phase of the loop, before anything starts: did the process stand still? */
  noteTurn(partitions: Iterable<Partition>, now: number): void {
    if (now - this.#lastTurn >= STOOD_STILL_MS + this.#options.idleSleepMs) this.#doubt(partitions);
    this.#lastTurn = now;
    for (const partition of this.#doubtful) {
      if (partition.closed) this.#doubtful.delete(partition);
    }
    for (const partition of this.#passingSince.keys()) {
      if (partition.closed) this.#passingSince.delete(partition);
    }
  }

  /** One phase of the loop: starts a commit when one is due. */
  startIfDue(partitions: Iterable<Partition>, now: number): void {
    this.#tellSilence(now);
    if (now < this.#pauseUntil || this.#inFlight) return;
    if (now - this.#lastStart >= this.#options.intervalMs) {
      this.#lastStart = now;
      this.start([], now, partitions);
    } else if (this.#parts.pending || this.#urgent.size > 0) {
      this.start([], now);
    }
  }

  /**
   * Commits what the broker has not confirmed of these, and of `others` as there is room. Does nothing while a
   * commit is in flight.
   */
  start(urgent: Iterable<Partition>, now: number, others: Iterable<Partition> = []): void {
    if (this.#inFlight || now < this.#pauseUntil) return;
    const part = this.#parts.next([...this.#urgent, ...urgent], others, now);
    this.#urgent.clear();
    if (!part) {
      this.#unconfirmedSince = null;
      return;
    }
    this.#unconfirmedSince ??= now;
    this.#inFlight = part;
    try {
      this.#consumer.commit(part.entries);
    } catch (error) {
      this.#inFlight = null;
      const { code, message } = error as { code?: number; message: string };
      part.partitions.forEach((partition, index) => {
        this.#refused(partition, part.entries[index]!, { code: code ?? FAILED, message }, now);
      });
    }
  }

  /** One phase of the loop, after `noteTurn`: an answer from before a standstill says nothing of now. */
  takeAnswers(partitions: Iterable<Partition>, now: number): void {
    const answers = this.#consumer.takeCommitAnswers();
    for (const answer of answers) {
      const sent = this.#inFlight?.partitions ?? [];
      this.#inFlight = null;
      if (sent.length > 1 && this.#divide(sent, answer)) continue;
      const byKey = new Map(sent.map((one) => [`${one.topic}/${one.partition}`, one]));
      for (const entry of answer.entries) {
        const key = `${entry.topic}/${entry.partition}`;
        const partition = byKey.get(key);
        if (!partition) continue;
        if (entry.error) {
          this.#refused(partition, entry, entry.error, now);
          continue;
        }
        this.#passingSince.delete(partition);
        this.#parts.accept(partition);
        partition.commits.confirm(now);
        this.#unconfirmedSince = null;
        if (partition.commits.affirmed && this.#doubtful.delete(partition)) this.#options.wake();
      }
    }
    if (answers.length === 0) return;
    this.peakUncovered = Math.max(this.peakUncovered, totalUncovered(partitions));
  }

  /** True when a commit was refused for what may be the matter with a part of it. */
  #divide(sent: readonly Partition[], { entries }: CommitAnswer): boolean {
    const error = entries.find(({ error }) => error)?.error;
    if (!error) return false;
    const kind = kindOf(error.code);
    const isOfTopic = kind === "topic" && sent.every(({ topic }) => topic === sent[0]!.topic);
    if (kind === "passing" || kind === "uncertain" || kind === "group" || isOfTopic) return false;
    if (kind === "too large") this.#parts.shrink();
    this.#parts.divide(sent);
    return true;
  }

  #tellSilence(now: number): void {
    const silent = this.#unconfirmedSince !== null &&
      now - this.#unconfirmedSince >= SILENT_AFTER_MS;
    if (silent === this.#silent) return;
    this.#silent = silent;
    this.#options.wake();
    this.#stats.event(
      silent
        ? { event: "commits-unanswered", forMs: SILENT_AFTER_MS }
        : { event: "commits-answered" },
    );
  }

  #doubt(partitions: Iterable<Partition>): void {
    for (const partition of partitions) {
      partition.commits.affirm();
      // Of one that has not begun there is nothing to be confirmed, nor anything to start.
      if (!partition.commits.due) continue;
      this.#doubtful.add(partition);
      this.#urgent.add(partition);
    }
  }

  #refused(partition: Partition, entry: CommitEntry, problem: KafkaProblem, now: number): void {
    const { topic, offset } = entry;
    const kind = kindOf(problem.code);
    // A reason of one partition keeps no others waiting.
    if (kind === "topic" || kind === "partition") this.#parts.setApart(partition, now);
    else this.#pauseUntil = now + PAUSE_AFTER_REFUSAL_MS;
    let reason = problem.message;
    if (kind === "passing" || kind === "uncertain") {
      if (kind === "uncertain") partition.commits.repeatUntil = now + UNCERTAIN_FOR_MS;
      // What is finished should not wait for the interval.
      this.#urgent.add(partition);
      const since = this.#passingSince.get(partition) ?? now;
      this.#passingSince.set(partition, since);
      if (now - since < QUIET_MS) return;
    } else {
      // The broker knows this member, and refuses for a reason that may last: nobody is kept waiting by it.
      this.#unconfirmedSince = null;
      this.#doubtful.delete(partition);
    }
    if (kind === "too large") {
      partition.commits.refuseSize();
      this.#urgent.add(partition);
    } else if (kind === "metadata too large" && partition.commits.refuseMetadata()) {
      this.#urgent.add(partition);
      reason += "; what is finished above the offset is left out, see --max-metadata";
    }
    if (!this.#repetitions.isNews(`${topic} ${reason}`, now)) return;
    this.#stats.event({
      event: "commit-refused",
      topic,
      partition: entry.partition,
      offset,
      reason,
    });
  }
}
