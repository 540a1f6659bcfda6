/** The producer: acknowledged by all in-sync replicas, idempotent, one promise a message. */
import { KafkaError } from "../errors.ts";
import {
  connect,
  type Connected,
  connectionProperties,
  type ConnectionSettings,
  makeClient,
  type Metadata,
} from "./connection.ts";
import type { Delivered, OutgoingMessage, Producer } from "./ports.ts";
import { call, CODE, loadRdKafka, type RdKafka, toKafkaError } from "./rdkafka.ts";

type Client = InstanceType<RdKafka["Producer"]>;

export interface ProducerSettings extends ConnectionSettings {
  /** How long librdkafka gathers a batch, milliseconds. @default 5 */
  lingerMs?: number;
  /** How long the first contact may take, milliseconds. @default 8000 */
  connectTimeoutMs?: number;
}

interface Report {
  topic: string;
  partition: number;
  offset: number;
  opaque: Delivery;
}

interface Delivery {
  resolve: (delivered: Delivered) => void;
  reject: (error: KafkaError) => void;
}

/** librdkafka's local queue was full; it drains as the broker acknowledges. */
const FULL_QUEUE_WAIT_MS = 5;
const METADATA_TIMEOUT_MS = 8000;

export class KafkaProducer implements Producer {
  readonly client: Client;
  /** What the brokers speak, by the number of the request. */
  readonly apis: Connected["apis"];
  #open = true;

  private constructor(client: Client, apis: Connected["apis"]) {
    this.client = client;
    this.apis = apis;
  }

  /** Connects; throws a `KafkaError` that says why it cannot. */
  static async open(settings: ProducerSettings): Promise<KafkaProducer> {
    const { Producer } = await loadRdKafka();
    const client = makeClient(() =>
      new Producer({
        "linger.ms": settings.lingerMs ?? 5,
        "queue.buffering.max.messages": 500_000,
        // Our own limit must not undercut the broker's: what is too large is for the broker to say.
        "message.max.bytes": 1_000_000_000,
        ...connectionProperties(settings),
        // Tells what the brokers speak, whatever else the user wants to hear; see `connect`.
        "debug": withFeature(settings.properties.debug),
        "enable.idempotence": true,
        "dr_cb": true,
        // deno-lint-ignore no-explicit-any
      } as any, {})
    );
    client.on("event.error", () => {});
    client.on("delivery-report", (error: unknown, report: unknown) => {
      const { topic, partition, offset, opaque } = report as Report;
      if (error) opaque.reject(toKafkaError(error, `Cannot deliver to topic "${topic}"`));
      else opaque.resolve({ topic, partition, offset });
    });
    const { apis } = await connect(client as never, settings, settings.connectTimeoutMs);
    // Acknowledgements then arrive as events, with no timer of ours in between.
    client.setPollInBackground(true);
    return new KafkaProducer(client, apis);
  }

  async send(message: OutgoingMessage): Promise<Delivered> {
    for (;;) {
      const delivered = this.#trySend(message);
      if (delivered) return await delivered;
      await new Promise((resolve) => setTimeout(resolve, FULL_QUEUE_WAIT_MS));
    }
  }

  /** `null` when the local queue is full. */
  #trySend(message: OutgoingMessage): Promise<Delivered> | null {
    if (!this.#open) throw new KafkaError(`Cannot send to topic "${message.topic}": closed`);
    const { topic, partition, key, value, headers, timestamp } = message;
    let delivery!: Delivery;
    const delivered = new Promise<Delivered>((resolve, reject) => delivery = { resolve, reject });
    try {
      this.client.produce(
        topic,
        partition ?? null,
        value as Buffer | null,
        key as Buffer | string | null,
        timestamp,
        delivery,
        // A null header value cannot be produced by the package; an empty one is the nearest.
        headers.map(([name, bytes]) => ({ [name]: bytes ?? EMPTY })) as never,
      );
    } catch (error) {
      if ((error as { code?: number }).code === CODE.queueFull) return null;
      throw toKafkaError(error, `Cannot send to topic "${topic}"`);
    }
    return delivered;
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
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.client.disconnect(timeoutMs, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

function withFeature(debug: string | undefined): string {
  return debug ? `${debug},feature` : "feature";
}

const EMPTY = Buffer.alloc(0);
