/** The producer: acknowledged by all in-sync replicas, idempotent, one promise a message. */
import type { KafkaError } from "../errors.ts";
import type { Connected, Metadata } from "./connection.ts";
import { BatchSender } from "./batch_sender.ts";
import { because } from "./delivery_errors.ts";
import type { Delivered, DeliveryListener, OutgoingMessage, Producer } from "./ports.ts";
import {
  FULL_QUEUE_WAIT_MS,
  ProducerClient,
  type ProducerSettings,
  TOO_LARGE,
} from "./producer_client.ts";
import { Succession } from "./producer_succession.ts";
import { call } from "./rdkafka.ts";

const METADATA_TIMEOUT_MS = 8000;

export class KafkaProducer implements Producer {
  readonly #clients: Succession<ProducerClient>;
  readonly #settings: ProducerSettings;
  #alone: Promise<KafkaProducer> | null = null;
  #open = true;

  private constructor(first: ProducerClient, settings: ProducerSettings) {
    const open = () => ProducerClient.open(settings);
    this.#clients = new Succession(first, open, () => performance.now());
    this.#settings = settings;
  }

  /** Connects; throws a `KafkaError` that says why it cannot. */
  static async open(settings: ProducerSettings): Promise<KafkaProducer> {
    return new KafkaProducer(await ProducerClient.open(settings), settings);
  }

  /** The package's; another one after a fatal error. */
  get client(): ProducerClient["client"] {
    return this.#clients.current.client;
  }

  /** What the brokers speak, by the number of the request. */
  get apis(): Connected["apis"] {
    return this.#clients.current.apis;
  }

  /**
   * A batch that is too large is refused with all its messages, and librdkafka does not divide it, as
   * Kafka's own client does. So each of them goes again alone: then the refusal is of that message.
   */
  async send(message: OutgoingMessage): Promise<Delivered> {
    try {
      return await this.#sendInBatch(message);
    } catch (error) {
      const { kafkaCode = 0 } = error as KafkaError;
      if (this.#settings.alone || !this.#open || !TOO_LARGE.has(kafkaCode)) throw error;
      return await (await this.#openAlone()).send(message);
    }
  }

  /** Sends messages by many; the listener hears what becomes of each. */
  batches(listener: DeliveryListener): BatchSender {
    const usable = (topic: string) => this.#usable(topic);
    const openAlone = async () => (await this.#openAlone()).batches(listener);
    const mayOpen = () => !this.#settings.alone && this.#open;
    return new BatchSender({ usable, openAlone: () => mayOpen() ? openAlone() : null }, listener);
  }

  #openAlone(): Promise<KafkaProducer> {
    this.#alone ??= KafkaProducer.open({ ...this.#settings, lingerMs: 0, alone: true })
      .catch((error: unknown) => {
        this.#alone = null;
        throw error;
      });
    return this.#alone;
  }

  /** A message that a client has not taken goes to its successor; one that it has taken never does. */
  async #sendInBatch(message: OutgoingMessage): Promise<Delivered> {
    for (;;) {
      const usable = this.#usable(message.topic);
      // No pause where none is needed: messages go in the order of the calls.
      const client = usable instanceof Promise ? await usable : usable;
      const delivered = client.trySend(message);
      if (delivered) return await delivered;
      if (client.fatal) continue;
      await new Promise((resolve) => setTimeout(resolve, FULL_QUEUE_WAIT_MS));
    }
  }

  #usable(topic: string): ProducerClient | Promise<ProducerClient> {
    const refuse = (reason: unknown) => {
      throw because(`Cannot send to topic "${topic}"`, reason);
    };
    try {
      const usable = this.#clients.usable();
      return usable instanceof Promise ? usable.catch(refuse) : usable;
    } catch (reason) {
      return refuse(reason);
    }
  }

  /**
   * Partitions of each topic that exists. All are asked for, since asking for one by name may make it:
   * brokers create topics on their own unless told otherwise.
   */
  async partitionCounts(): Promise<Map<string, number>> {
    const metadata = await call<Metadata>((callback) =>
      this.client.getMetadata({ allTopics: true, timeout: METADATA_TIMEOUT_MS }, callback as never)
    );
    return new Map(
      metadata.topics.filter(({ partitions }) => partitions.length > 0)
        .map(({ name, partitions }) => [name, partitions.length]),
    );
  }

  /** Asks for a topic by name, which makes it on brokers that create topics on their own. */
  async touchTopic(topic: string): Promise<void> {
    await call<Metadata>((callback) =>
      this.client.getMetadata({ topic, timeout: METADATA_TIMEOUT_MS }, callback as never)
    );
  }

  async close(timeoutMs: number): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await Promise.all([
      this.#alone?.then((alone) => alone.close(timeoutMs), () => {}),
      this.#clients.close(timeoutMs),
    ]);
  }
}
