/** What the client tells of brokers and of errors, taken up once a turn; whether a broker is there. */
import { KafkaError, type TaskcError } from "../errors.ts";
import type { Consumer } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import type { Clock } from "./clock.ts";

export interface KafkaNewsParts {
  consumer: Consumer;
  stats: Stats;
  clock: Clock;
  /** Called for what the worker cannot go on with. */
  leave: (failure: TaskcError) => void;
}

export class KafkaNews {
  readonly #parts: KafkaNewsParts;
  /** `since` is on the worker's clock. */
  #broker: { state: "up" | "down"; since: number };

  constructor(parts: KafkaNewsParts) {
    this.#parts = parts;
    this.#broker = { state: "up", since: parts.clock.now() };
  }

  get broker(): { state: "up" | "down"; sinceMs: number } {
    return { state: this.#broker.state, sinceMs: this.#parts.clock.now() - this.#broker.since };
  }

  /** One phase of the loop. */
  note(): void {
    const { clock, consumer, leave, stats } = this.#parts;
    for (const change of consumer.takeBrokerChanges()) {
      const { up, broker } = change;
      if (broker === null) this.#broker = { state: up ? "up" : "down", since: clock.now() };
      stats.event(
        up
          ? { event: "broker-up", broker }
          : { event: "broker-down", broker, reason: change.reason },
      );
    }
    for (const { code, message, fatal } of consumer.takeProblems()) {
      stats.event({ event: "kafka-error", code, reason: message });
      if (fatal) leave(new KafkaError(`Kafka refuses this worker: ${message}`));
    }
  }
}
