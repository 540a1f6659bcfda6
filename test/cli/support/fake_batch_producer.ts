import type { KafkaError } from "../../../src/errors.ts";
import type { BatchProducer, DeliveryListener, MessageBatch } from "../../../src/kafka/ports.ts";

export interface SentMessage {
  batch: MessageBatch;
  value: string;
  acknowledge(): void;
  refuse(error: KafkaError): void;
}

/** A producer of batches in memory. It acknowledges at once, unless `answers` is `"on command"`. */
export class FakeBatchProducer implements BatchProducer {
  readonly sent: SentMessage[] = [];
  answers: "at once" | "on command" = "at once";
  /** While it is set, `send` is waiting for it. */
  gate: Promise<void> | null = null;
  forgotten = 0;
  readonly #listener: DeliveryListener;
  #offset = 0;

  constructor(listener: DeliveryListener) {
    this.#listener = listener;
  }

  async send(batch: MessageBatch, sequence: number): Promise<void> {
    let start = 0;
    for (let i = 0; i < batch.count; i++) {
      const end = start + batch.lengths[i]!;
      const value = new TextDecoder().decode(batch.bytes.subarray(start, end));
      start = end;
      this.sent.push(this.#message(batch, value, sequence + i));
      if (this.answers === "at once") this.sent.at(-1)!.acknowledge();
    }
    if (start !== batch.bytes.length) throw new Error("the lengths do not sum up to the bytes");
    await this.gate;
  }

  forget(below: number): void {
    this.forgotten = below;
  }

  #message(batch: MessageBatch, value: string, sequence: number): SentMessage {
    return {
      batch,
      value,
      acknowledge: () => {
        this.#listener.delivered(sequence, 0, this.#offset++);
        this.#listener.told();
      },
      refuse: (error) => {
        this.#listener.undelivered(sequence, error);
        this.#listener.told();
      },
    };
  }
}
