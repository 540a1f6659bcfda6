/**
 * Dead letters on their way. A message is finished only when the broker has acknowledged its dead letter;
 * a refused one is told, and sent again with backoff for as long as its partition is ours.
 */
import type { Stats } from "../stats/events.ts";
import type { Clock } from "./clock.ts";
import { buriedBy, type DeadLetters } from "./dead_letters.ts";
import { describeError, describeFailedAttempt } from "../core/describe_error.ts";
import type { Execution } from "./execution.ts";
import type { Holdings } from "./holdings.ts";
import { InvalidPayload } from "./payload.ts";
import { Refusals } from "./refusals.ts";
import type { Waiting } from "./waiting.ts";

export interface BurialsParts {
  deadLetters: DeadLetters;
  holdings: Holdings;
  /** Where refused ones are delayed; whoever takes them from there calls `send` again. */
  waiting: Waiting;
  stats: Stats;
  clock: Clock;
  wake: () => void;
  /** Called with each that the broker has acknowledged. */
  buried: (execution: Execution) => void;
}

export class Burials {
  readonly #parts: BurialsParts;
  readonly #refusals: Refusals;
  /** Sent and not acknowledged yet. */
  inFlight = 0;
  /** Acknowledged. */
  total = 0;

  constructor(parts: BurialsParts) {
    this.#parts = parts;
    this.#refusals = new Refusals(parts.stats);
  }

  send(execution: Execution): void {
    execution.state = "dead";
    this.inFlight++;
    execution.partition.busy++;
    this.#parts.holdings.enterWaiting(execution);
    this.#parts.deadLetters.send(execution).then(
      () => this.#acknowledged(execution),
      (error: unknown) => this.#refused(execution, error),
    );
  }

  /** Its partition leaves; the next owner will bury it. */
  forget(execution: Execution): void {
    this.#refusals.forget(execution);
  }

  #answered(execution: Execution): void {
    this.inFlight--;
    execution.partition.busy--;
    this.#parts.holdings.leaveWaiting(execution);
    this.#parts.wake();
  }

  #acknowledged(execution: Execution): void {
    this.#answered(execution);
    this.#refusals.taken(execution);
    const { partition, offset, attempt } = execution;
    const task = buriedBy(execution);
    this.total++;
    task?.recorder.dead();
    this.#parts.stats.event({
      event: "dead",
      task: task?.name ?? null,
      topic: partition.topic,
      partition: partition.partition,
      offset,
      attempts: attempt,
      error: describeReason(execution),
      deadLetterTopic: this.#parts.deadLetters.topicFor(execution),
    });
    this.#parts.buried(execution);
  }

  #refused(execution: Execution, error: unknown): void {
    const { clock, deadLetters, waiting } = this.#parts;
    this.#answered(execution);
    if (execution.partition.leaving) {
      this.#refusals.forget(execution);
      waiting.letGo(execution);
      return;
    }
    const topic = deadLetters.topicFor(execution);
    const now = clock.now();
    const retryInMs = this.#refusals.refused(execution, topic, describeError(error).message, now);
    execution.state = "refused";
    waiting.delay(execution, now + retryInMs);
  }
}

/** Of the only attempt with its class and place: no retry has told them. What is our own has neither. */
function describeReason({ attempt, failure }: Execution): string {
  const error = failure?.error;
  const isOwn = error instanceof InvalidPayload || failure?.condemned;
  return attempt === 1 && !isOwn ? describeFailedAttempt(error) : describeError(error).message;
}
