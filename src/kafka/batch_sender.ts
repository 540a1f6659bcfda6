/**
 * Batches through a producer's clients. What holds for a single message (producer.ts) holds here for each of a
 * batch: those that a client has not taken go to its successor, those that it has taken never do; what was
 * refused for the size of all that went with it goes again alone.
 *
 * A batch is kept until the caller has forgotten all of it.
 */
import { KafkaError } from "../errors.ts";
import type { BatchProducer, DeliveryListener, MessageBatch } from "./ports.ts";
import {
  FULL_QUEUE_WAIT_MS,
  type NumberedBatch,
  type ProducerClient,
  type ReportListener,
  TOO_LARGE,
} from "./producer_client.ts";
import { CODE } from "./rdkafka.ts";

const UUID_BYTES = 16;
/** `getRandomValues` gives no more at once. */
const MOST_RANDOM_BYTES = 65_536;

export interface BatchClients {
  /** The client that is well. Throws, or rejects with, why there is none. */
  usable(topic: string): ProducerClient | Promise<ProducerClient>;
  /** A sender each of whose messages is a batch of its own; `null` where this is one, or nothing is sent any more. */
  openAlone(): Promise<BatchSender> | null;
}

export class BatchSender implements BatchProducer, ReportListener {
  readonly #clients: BatchClients;
  readonly #listener: DeliveryListener;
  /** In the order of their numbers. */
  #batches: NumberedBatch[] = [];
  #alone: Promise<BatchSender> | null = null;

  constructor(clients: BatchClients, listener: DeliveryListener) {
    this.#clients = clients;
    this.#listener = listener;
  }

  async send(batch: MessageBatch, sequence: number): Promise<void> {
    const uuids = randomBytes(batch.uuidAt < 0 ? 0 : UUID_BYTES * batch.count);
    const numbered = { ...batch, first: sequence, uuids };
    this.#batches.push(numbered);
    await this.#send(numbered, 0, batch.count);
  }

  forget(below: number): void {
    const kept = this.#batches.findIndex(({ first, count }) => first + count > below);
    this.#batches.splice(0, kept < 0 ? this.#batches.length : kept);
    void this.#alone?.then((sender) => sender.forget(below), () => {});
  }

  async #send(batch: NumberedBatch, from: number, end: number): Promise<void> {
    const { topic, first } = batch;
    let at = from;
    try {
      while (at < end) {
        const usable = this.#clients.usable(topic);
        // No pause where none is needed: messages go in the order of the calls.
        const client = usable instanceof Promise ? await usable : usable;
        const { taken, code } = client.produceBatch(batch, at, end - at, this);
        at += taken;
        if (code === CODE.queueFull) {
          await new Promise((resolve) => setTimeout(resolve, FULL_QUEUE_WAIT_MS));
        } else if (code !== 0 && !client.fatal) {
          this.#listener.undelivered(first + at++, client.notTaken(code, topic));
        }
      }
    } catch (error) {
      while (at < end) this.#listener.undelivered(first + at++, copyOf(error));
    }
    // Of those that were refused at once.
    this.#listener.told();
  }

  report(
    client: ProducerClient,
    sequence: number,
    offset: number,
    partition: number,
    code: number,
  ): void {
    if (code === 0) this.#listener.delivered(sequence, partition, offset);
    else this.#refused(client, sequence, code);
  }

  reported(): void {
    this.#listener.told();
  }

  #refused(client: ProducerClient, sequence: number, code: number): void {
    const batch = this.#batches.find(({ first, count }) =>
      first <= sequence && sequence < first + count
    )!;
    const error = client.undelivered(code, batch.topic);
    if (TOO_LARGE.has(code)) this.#alone ??= this.#openAlone();
    if (!TOO_LARGE.has(code) || !this.#alone) return this.#listener.undelivered(sequence, error);
    this.#alone.then(
      (sender) => sender.#sendAgain(batch, sequence),
      (reason: unknown) => {
        this.#listener.undelivered(sequence, copyOf(reason));
        this.#listener.told();
      },
    );
  }

  #openAlone(): Promise<BatchSender> | null {
    const opening = this.#clients.openAlone();
    // The next one tries again.
    opening?.catch(() => this.#alone = null);
    return opening;
  }

  #sendAgain(batch: NumberedBatch, sequence: number): Promise<void> {
    const at = sequence - batch.first;
    if (this.#batches.at(-1) !== batch) this.#batches.push(batch);
    return this.#send(batch, at, at + 1);
  }
}

/** Each message has an error of its own, for whoever adds to it which one it was. */
function copyOf(error: unknown): KafkaError {
  const { message, kafkaCode, hint } = error as KafkaError;
  return new KafkaError(message, { cause: error, kafkaCode, hint });
}

function randomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MOST_RANDOM_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, at + MOST_RANDOM_BYTES));
  }
  return bytes;
}
