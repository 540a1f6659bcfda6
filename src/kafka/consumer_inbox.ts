/**
 * What librdkafka told a consumer and the loop has not taken yet. Its callbacks come between two turns;
 * they are stored here in order, and each asks for another turn.
 */
import { tidyReason } from "./connection.ts";
import type {
  AssignmentChange,
  BrokerChange,
  CommitAnswer,
  KafkaProblem,
  TopicPartition,
} from "./ports.ts";
import { readStatistics, type Statistics } from "./statistics.ts";

/** The same problem is told once in this time: librdkafka repeats itself. */
const QUIET_MS = 10_000;
/** Of syslog. */
const LOG_WARNING = 4;

export interface CommitReport extends TopicPartition {
  offset: number;
  error?: unknown;
}

/** A client of the package, as far as it talks by itself. */
interface TalkingClient {
  on(event: "event.error" | "event.stats", listener: (told: { message: string }) => void): unknown;
}

export class ConsumerInbox {
  wake: () => void = () => {};
  statistics: Statistics | null = null;
  #changes: AssignmentChange[] = [];
  #answers: CommitAnswer[] = [];
  #problems: KafkaProblem[] = [];
  #brokerChanges: BrokerChange[] = [];
  readonly #told = new Map<string, number>();
  #down = false;
  #lastReason: string | null = null;

  /** Hears what the client tells; its troubles only while `isOurs`. */
  listen(client: TalkingClient, isOurs: () => boolean): void {
    client.on("event.error", ({ message }) => isOurs() && this.addClientError(message));
    client.on("event.stats", ({ message }) => this.addStatistics(message));
  }

  takeAssignmentChanges(): AssignmentChange[] {
    return take(this.#changes, (empty) => this.#changes = empty);
  }

  takeCommitAnswers(): CommitAnswer[] {
    return take(this.#answers, (empty) => this.#answers = empty);
  }

  takeProblems(): KafkaProblem[] {
    return take(this.#problems, (empty) => this.#problems = empty);
  }

  takeBrokerChanges(): BrokerChange[] {
    return take(this.#brokerChanges, (empty) => this.#brokerChanges = empty);
  }

  addChange(change: AssignmentChange): void {
    this.#changes.push(change);
    this.wake();
  }

  /** The answer to a commit: an error for all of it, or one for each partition. */
  addCommitAnswer(error: unknown, reports: readonly CommitReport[] = []): void {
    const overall = error ? toProblem(error) : undefined;
    this.#answers.push({
      entries: reports.map(({ topic, partition, offset, error }) => {
        const problem = error ? toProblem(error) : overall;
        return { topic, partition, offset, ...(problem ? { error: problem } : {}) };
      }),
    });
    this.wake();
  }

  /** Unless the same was told a moment ago. */
  addProblem(problem: KafkaProblem): void {
    const now = performance.now();
    const key = `${problem.code} ${problem.message}`;
    if (now - (this.#told.get(key) ?? -Infinity) < QUIET_MS) return;
    if (this.#told.size > 1000) this.#told.clear();
    this.#told.set(key, now);
    this.#problems.push(problem);
    this.wake();
  }

  /** librdkafka's log has the reasons that its errors leave out. */
  addLogLine(severity: number, message: string): void {
    if (severity <= LOG_WARNING) this.#lastReason = tidyReason(message);
  }

  /** An error of the client; its code is always -1, so that only the text tells which. */
  addClientError(message: string): void {
    if (/brokers? (connections )?are down/.test(message)) {
      if (!this.#down) this.#brokerChanges.push({ up: false, reason: this.#lastReason ?? message });
      this.#down = true;
      this.wake();
    } else if (!/broker transport failure/.test(message)) {
      // One connection lost is librdkafka's to mend; that all are is told above.
      this.addProblem({ code: -1, message: tidyReason(message) });
    }
  }

  addStatistics(text: string): void {
    this.statistics = readStatistics(text);
    if (!this.#down || this.statistics.brokersUp === 0) return;
    this.#down = false;
    this.#brokerChanges.push({ up: true });
    this.wake();
  }
}

export function toProblem(error: unknown): KafkaProblem {
  const { code, message } = error as { code?: number; message?: string };
  return { code: code ?? -1, message: message ?? String(error) };
}

function take<T>(items: T[], replace: (empty: T[]) => void): T[] {
  if (items.length > 0) replace([]);
  return items;
}
