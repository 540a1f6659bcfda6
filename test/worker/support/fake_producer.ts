import { KafkaError } from "../../../src/errors.ts";
import type { Delivered, OutgoingMessage, Producer } from "../../../src/kafka/ports.ts";

export interface SentMessage {
  message: OutgoingMessage;
  acknowledge(): void;
  refuse(error: Error): void;
}

/** librdkafka's and the broker's code for a record above the size limit. */
export const TOO_LARGE = 10;

/**
 * A producer in memory. It acknowledges at once, unless `answers` is `"on command"` or `refuse` gives an
 * error for the message.
 */
export class FakeProducer implements Producer {
  readonly sent: SentMessage[] = [];
  answers: "at once" | "on command" = "at once";
  refuse: (message: OutgoingMessage) => Error | null = () => null;
  closed = false;
  #offset = 0;

  send(message: OutgoingMessage): Promise<Delivered> {
    return new Promise((resolve, reject) => {
      const sent: SentMessage = {
        message,
        acknowledge: () => resolve({ topic: message.topic, partition: 0, offset: this.#offset++ }),
        refuse: reject,
      };
      this.sent.push(sent);
      const refusal = this.refuse(message);
      if (refusal) reject(refusal);
      else if (this.answers === "at once") sent.acknowledge();
    });
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }

  get topics(): string[] {
    return this.sent.map(({ message }) => message.topic);
  }
}

export function tooLarge(): KafkaError {
  return new KafkaError("Broker: Message size too large", { kafkaCode: TOO_LARGE });
}

/** Headers of a message by name, as text; of one given twice, the last. */
export function headersOf({ headers }: OutgoingMessage): Record<string, string | null> {
  return Object.fromEntries(
    headers.map(([name, value]) => [toText(name)!, toText(value)]),
  );
}

/** A header's name or value; the names of a dead letter are bytes, as are the values of its origin. */
export function toText(bytes: Uint8Array | string | null): string | null {
  return bytes instanceof Uint8Array ? new TextDecoder().decode(bytes) : bytes;
}
