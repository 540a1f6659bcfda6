/**
 * A bound on the whole start. Each question to Kafka has a time limit of its own; this is for an answer that
 * never comes all the same, so that a supervisor sees a worker that failed rather than one that is silent.
 */
import { KafkaError } from "../errors.ts";

export const START_WITHIN_MS = 60_000;

export class StartDeadline {
  /** What is waited for, for the message. */
  step = "connecting";
  /** Rejects with a `KafkaError` when the time is over. */
  readonly missed: Promise<never>;
  readonly #withinMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #fail!: (error: KafkaError) => void;

  constructor(withinMs = START_WITHIN_MS) {
    this.#withinMs = withinMs;
    this.missed = new Promise((_, reject) => this.#fail = reject);
    // Nobody may be waiting any more.
    this.missed.catch(() => {});
  }

  /** Kafka is asked for the first time. */
  begin(): void {
    const seconds = this.#withinMs / 1000;
    this.#timer = setTimeout(() => {
      this.#fail(
        new KafkaError(`Kafka did not answer within ${seconds} s while ${this.step}`, {
          hint: "Look at the brokers' logs, and start again",
        }),
      );
    }, this.#withinMs);
  }

  /** The start is over, well or not. */
  end(): void {
    clearTimeout(this.#timer);
  }
}
