/** The producer: acknowledged by all in-sync replicas, idempotent, one promise a message. */
import { Buffer } from "node:buffer";
import { KafkaError } from "../errors.ts";
import { type Addon, loadAddon } from "./addon.ts";
import {
  connect,
  type Connected,
  connectionProperties,
  type ConnectionSettings,
  makeClient,
  type Metadata,
} from "./connection.ts";
import type { Delivered, OutgoingMessage, Producer } from "./ports.ts";
import { call, CODE, loadRdKafka, type RdKafka, settleWithin, toKafkaError } from "./rdkafka.ts";

type Client = InstanceType<RdKafka["Producer"]>;

export interface ProducerSettings extends ConnectionSettings {
  /** How long librdkafka gathers a batch, milliseconds. @default 5 */
  lingerMs?: number;
  /** How long the first contact may take, milliseconds. @default 8000 */
  connectTimeoutMs?: number;
  /** Each message is a batch of its own. */
  alone?: boolean;
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

/**
 * UNKNOWN_TOPIC_OR_PART of the broker, _UNKNOWN_TOPIC and _UNKNOWN_PARTITION of librdkafka, and its
 * _DESTROY: what still waited for a partition that it forgets (`rd_kafka_toppar_destroy_final`).
 */
const NO_SUCH_TOPIC = new Set([3, -188, -190, -197]);
/** Refusals of a whole batch for its size: MSG_SIZE_TOO_LARGE and RECORD_LIST_TOO_LARGE. */
const TOO_LARGE = new Set([10, 18]);
/** librdkafka's local queue was full; it drains as the broker acknowledges. */
const FULL_QUEUE_WAIT_MS = 5;
const METADATA_TIMEOUT_MS = 8000;

export class KafkaProducer implements Producer {
  readonly client: Client;
  /** What the brokers speak, by the number of the request. */
  readonly apis: Connected["apis"];
  readonly #addon: Addon;
  readonly #settings: ProducerSettings;
  #alone: Promise<KafkaProducer> | null = null;
  #open = true;

  private constructor(
    client: Client,
    apis: Connected["apis"],
    addon: Addon,
    settings: ProducerSettings,
  ) {
    this.client = client;
    this.apis = apis;
    this.#addon = addon;
    this.#settings = settings;
    client.on("delivery-report", (error: unknown, report: unknown) => {
      const { topic, partition, offset, opaque } = report as Report;
      if (!error) return opaque.resolve({ topic, partition, offset });
      // A client that closes says _DESTROY of all that it still has.
      const reason = this.#open ? plainly(error) : error;
      opaque.reject(toKafkaError(reason, `Cannot deliver to topic "${topic}"`));
    });
  }

  /** Connects; throws a `KafkaError` that says why it cannot. */
  static async open(settings: ProducerSettings): Promise<KafkaProducer> {
    const [{ Producer }, addon] = await Promise.all([loadRdKafka(), loadAddon()]);
    const client = makeClient(() =>
      new Producer({
        "linger.ms": settings.lingerMs ?? 5,
        "queue.buffering.max.messages": 500_000,
        // Our own limit must not undercut the broker's: what is too large is for the broker to say.
        "message.max.bytes": 1_000_000_000,
        ...connectionProperties(settings),
        ...(settings.alone ? { "batch.num.messages": 1 } : {}),
        // Tells what the brokers speak, whatever else the user wants to hear; see `connect`.
        "debug": withFeature(settings.properties.debug),
        "enable.idempotence": true,
        "dr_cb": true,
        // deno-lint-ignore no-explicit-any
      } as any, {})
    );
    client.on("event.error", () => {});
    const { apis } = await connect(client as never, settings, settings.connectTimeoutMs);
    // Acknowledgements then arrive as events, with no timer of ours in between.
    client.setPollInBackground(true);
    return new KafkaProducer(client, apis, addon, settings);
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

  #openAlone(): Promise<KafkaProducer> {
    this.#alone ??= KafkaProducer.open({ ...this.#settings, lingerMs: 0, alone: true })
      .catch((error: unknown) => {
        this.#alone = null;
        throw error;
      });
    return this.#alone;
  }

  async #sendInBatch(message: OutgoingMessage): Promise<Delivered> {
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
    const code = this.#addon.produceExactly(
      this.client.getClient(),
      topic,
      partition ?? -1,
      toBuffer(value),
      toBuffer(key),
      timestamp ?? 0,
      delivery,
      headers.flatMap(([name, bytes]) => [toBuffer(name), toBuffer(bytes)]),
    );
    if (code === CODE.queueFull) return null;
    if (code !== 0) {
      const error = { code, message: this.#addon.err2str(code) };
      throw toKafkaError(plainly(error), `Cannot send to topic "${topic}"`);
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
    await Promise.all([
      this.#alone?.then((alone) => alone.close(timeoutMs), () => {}),
      this.#disconnect(timeoutMs),
    ]);
  }

  #disconnect(timeoutMs: number): Promise<void> {
    return settleWithin(timeoutMs, (done) => this.client.disconnect(timeoutMs, done));
  }
}

function withFeature(debug: string | undefined): string {
  return debug ? `${debug},feature` : "feature";
}

/** A topic that is missing or was deleted has several names in librdkafka, none of which says so. */
function plainly(error: unknown): unknown {
  const { code } = error as { code: number };
  return NO_SUCH_TOPIC.has(code) ? { code, message: "there is no such topic" } : error;
}

/** The native part takes buffers; a view of the same bytes is one. */
function toBuffer(bytes: Uint8Array | string | null): Buffer | null {
  if (bytes === null) return null;
  if (typeof bytes === "string") return Buffer.from(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
