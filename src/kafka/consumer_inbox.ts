/**
 * What librdkafka told a consumer and the loop has not taken yet. Its callbacks come between two turns;
 * they are stored here in order, and each asks for another turn.
 */
import { Repetitions } from "../core/repetitions.ts";
import { BrokerWatch } from "./broker_watch.ts";
import { tidyReason } from "./connection.ts";
import type {
  AssignmentChange,
  BrokerChange,
  CommitAnswer,
  KafkaProblem,
  TopicPartition,
} from "./ports.ts";
import { readStatistics, type Statistics } from "./statistics.ts";

/** A connection that failed: the thread, the coordinator's part, the broker, and why. */
const FAILURE =
  /^\[thrd:.*?\]: (?:GroupCoordinator: )?(?:\w+:\/\/)?([^\s\/]+:\d+)(?:\/\w+)?: (.*)$/s;

export interface CommitReport extends TopicPartition {
  offset: number;
  error?: unknown;
}

/** A client of the package, as far as it talks by itself. */
interface TalkingClient {
  on(
    event: "event.error" | "event.log" | "event.stats",
    listener: (told: { fac: string; message: string }) => void,
  ): unknown;
}

export class ConsumerInbox {
  wake: () => void = () => {};
  statistics: Statistics | null = null;
  #changes: AssignmentChange[] = [];
  #answers: CommitAnswer[] = [];
  #problems: KafkaProblem[] = [];
  readonly #brokers = new BrokerWatch();
  /** librdkafka repeats itself. */
  readonly #repetitions = new Repetitions();

  /** Hears what the client tells; its troubles only while `isOurs`. */
  listen(client: TalkingClient, isOurs: () => boolean): void {
    client.on("event.error", ({ message }) => isOurs() && this.addClientError(message));
    client.on("event.log", ({ fac, message }) => this.addLogLine(fac, message));
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
    return this.#brokers.take();
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

  /** Unless the same was told a while ago; the more often it comes, the longer that is. */
  addProblem(problem: KafkaProblem, now = performance.now()): void {
    if (!this.#repetitions.isNews(`${problem.code} ${problem.message}`, now)) return;
    this.#problems.push(problem);
    this.wake();
  }

  /** librdkafka's log has the reasons that its errors leave out. */
  addLogLine(facility: string, message: string): void {
    const failure = facility === "FAIL" ? FAILURE.exec(message) : null;
    if (failure) this.#brokers.noteReason(failure[1]!, tidyReason(failure[2]!));
  }

  /** An error of the client; its code is always -1, so that only the text tells which. */
  addClientError(message: string): void {
    if (/brokers? (connections )?are down/.test(message)) {
      this.#brokers.lostAll(message);
      this.wake();
    } else if (!/broker transport failure/.test(message)) {
      // One connection lost is librdkafka's to mend; the statistics tell when it cannot.
      this.addProblem({ code: -1, message: tidyReason(message) });
    }
  }

  addStatistics(text: string): void {
    this.statistics = readStatistics(text);
    this.#brokers.look(this.statistics.brokers);
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
