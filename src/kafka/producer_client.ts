/**
 * One producer of librdkafka: idempotent, acknowledged by all in-sync replicas.
 *
 * It is well until it is closed, or until librdkafka gives it up. After a fatal error it takes nothing more,
 * for good: what is queued is refused as purged, what is under way still has its own outcome, and `fatal`
 * says why. A successor has to be opened then (producer_succession.ts). librdkafka purges once, when it meets
 * the error, and forgets a message that was being queued at that moment; so it is told again.
 */
import { Buffer } from "node:buffer";
import { KafkaError } from "../errors.ts";
import { type Addon, type BatchHandle, loadAddon } from "./addon.ts";
import {
  connect,
  type Connected,
  connectionProperties,
  type ConnectionSettings,
  makeClient,
  NO_TOPIC_PROPERTIES,
} from "./connection.ts";
import { because, describeFatal, plainly } from "./delivery_errors.ts";
import type { Delivered, MessageBatch, OutgoingMessage } from "./ports.ts";
import { disconnectWithin } from "./questions.ts";
import { CODE, loadRdKafka, type RdKafka, toKafkaError } from "./rdkafka.ts";

type Client = InstanceType<RdKafka["Producer"]>;

/** Refusals of a whole batch for its size: MSG_SIZE_TOO_LARGE and RECORD_LIST_TOO_LARGE. */
export const TOO_LARGE = new Set([10, 18]);
/** librdkafka's local queue was full; it drains as the broker acknowledges. */
export const FULL_QUEUE_WAIT_MS = 5;

export interface ProducerSettings extends ConnectionSettings {
  /** How long librdkafka gathers a batch, milliseconds. @default 5 */
  lingerMs?: number;
  /** How long the first contact may take, milliseconds. @default 8000 */
  connectTimeoutMs?: number;
  /** Each message is a batch of its own. */
  alone?: boolean;
}

/** A batch with the random bytes of its ids, and the number of its first message. */
export interface NumberedBatch extends MessageBatch {
  first: number;
  uuids: Uint8Array;
}

/** Hears of each message of a batch what the broker, or librdkafka, has said: 0 for delivered. */
export interface ReportListener {
  report(
    client: ProducerClient,
    sequence: number,
    offset: number,
    partition: number,
    code: number,
  ): void;
  reported(): void;
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

/** What librdkafka says of messages after a fatal error, whatever that was: _FATAL and the two _PURGE_…. */
const GIVEN_UP = new Set<number>([CODE.fatal, -151, -152]);
/** Between two purges of a client that met a fatal error and has not told all outcomes yet. */
const PURGE_INTERVAL_MS = 100;

export class ProducerClient {
  readonly client: Client;
  /** What the brokers speak, by the number of the request. */
  readonly apis: Connected["apis"];
  /** A message of it has been acknowledged. */
  proven = false;
  /** Why it takes nothing more; `null` while it does. */
  fatal: KafkaError | null = null;
  readonly #addon: Addon;
  #batches: BatchHandle | null = null;
  /** Taken, and not reported yet. */
  #outstanding = 0;
  #onSettled: () => void = () => {};
  #closing: Promise<void> | null = null;

  private constructor(client: Client, apis: Connected["apis"], addon: Addon) {
    this.client = client;
    this.apis = apis;
    this.#addon = addon;
    client.on("delivery-report", (error: unknown, report: unknown) => {
      this.#report(error, report as Report);
    });
    // Without a listener they would be thrown. The package does not say which of them are fatal; what else
    // matters to a message is in its report.
    client.on("event.error", () => this.#lookForFatal());
  }

  /** Connects; throws a `KafkaError` that says why it cannot. */
  static async open(settings: ProducerSettings): Promise<ProducerClient> {
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
      } as any, NO_TOPIC_PROPERTIES)
    );
    // What connecting meets is in the log, where `connect` looks for it.
    client.on("event.error", () => {});
    const { apis } = await connect(client as never, settings, settings.connectTimeoutMs);
    // Acknowledgements then arrive as events, with no timer of ours in between.
    client.setPollInBackground(true);
    return new ProducerClient(client, apis, addon);
  }

  /** `null` when it has not taken the message: the local queue is full, or `fatal` says why. */
  trySend(message: OutgoingMessage): Promise<Delivered> | null {
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
    if (code === CODE.fatal) {
      this.#haveFatal();
      return null;
    }
    if (code !== 0) throw this.notTaken(code, topic);
    this.#outstanding++;
    return delivered;
  }

  /**
   * Hands over messages of a batch, from number `from` in it, until one is not taken; `code` says why: the
   * local queue is full, `fatal` says more, or `notTaken` does. All reports go to the listener of the first call.
   */
  produceBatch(
    batch: NumberedBatch,
    from: number,
    count: number,
    listener: ReportListener,
  ): { taken: number; code: number } {
    const { batchProduce } = this.#addon;
    this.#batches ??= batchProduce.attach(this.client.getClient(), () => this.#drain(listener));
    const [taken, code] = batchProduce.produce(
      this.#batches,
      batch.topic,
      batch.headers.flatMap(([name, value]) => [toBuffer(name), toBuffer(value)]),
      batch.uuidAt,
      toBuffer(batch.key),
      0,
      batch.bytes,
      batch.lengths,
      batch.uuids,
      from,
      count,
      batch.first + from,
    );
    this.#outstanding += taken;
    if (code === CODE.fatal) this.#haveFatal();
    return { taken, code };
  }

  /** Why librdkafka has not taken a message. */
  notTaken(code: number, topic: string): KafkaError {
    const error = { code, message: this.#addon.err2str(code) };
    return toKafkaError(plainly(error), `Cannot send to topic "${topic}"`);
  }

  /** What a report's code means. */
  undelivered(code: number, topic: string): KafkaError {
    this.#lookForFatal();
    return this.#undelivered({ code, message: this.#addon.err2str(code) }, topic);
  }

  /** Resolves when all that it has taken has been reported. */
  settled(): Promise<void> {
    if (this.#outstanding === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled = resolve);
  }

  /** Waits for all acknowledgements, at most `timeoutMs`, then disconnects. */
  close(timeoutMs: number): Promise<void> {
    this.#closing ??= disconnectWithin(
      timeoutMs,
      this.client,
      (leftMs, done) => this.client.disconnect(leftMs, done),
    );
    return this.#closing;
  }

  #drain(listener: ReportListener): void {
    const reports = this.#addon.batchProduce.reports(this.#batches!);
    if (!reports) return;
    const [count, columns] = reports;
    const sequences = new Float64Array(columns, 0, count);
    const offsets = new Float64Array(columns, 8 * count, count);
    const partitions = new Int32Array(columns, 16 * count, count);
    const codes = new Int32Array(columns, 20 * count, count);
    for (let i = 0; i < count; i++) {
      if (codes[i] === 0) this.proven = true;
      listener.report(this, sequences[i]!, offsets[i]!, partitions[i]!, codes[i]!);
    }
    listener.reported();
    this.#outstanding -= count;
    if (this.#outstanding === 0) this.#onSettled();
  }

  #report(error: unknown, { topic, partition, offset, opaque }: Report): void {
    if (error) {
      this.#lookForFatal();
      opaque.reject(this.#undelivered(error, topic));
    } else {
      this.proven = true;
      opaque.resolve({ topic, partition, offset });
    }
    if (--this.#outstanding === 0) this.#onSettled();
  }

  #undelivered(error: unknown, topic: string): KafkaError {
    const doing = `Cannot deliver to topic "${topic}"`;
    const { code } = error as { code: number };
    if (this.fatal && GIVEN_UP.has(code)) return because(doing, this.fatal);
    // A client that closes says _DESTROY of all that it still has.
    return toKafkaError(this.#closing ? error : plainly(error), doing);
  }

  #haveFatal(): void {
    this.#lookForFatal();
    if (this.fatal) return;
    const code = CODE.fatal;
    this.#giveUp(new KafkaError(this.#addon.err2str(code), { kafkaCode: code }));
  }

  #giveUp(reason: KafkaError): void {
    this.fatal = reason;
    this.#purge();
  }

  #purge(): void {
    if (this.#outstanding === 0 || this.#closing) return;
    this.#addon.purgeQueues(this.client.getClient());
    setTimeout(() => this.#purge(), PURGE_INTERVAL_MS);
  }

  #lookForFatal(): void {
    if (this.fatal) return;
    const problem = this.#addon.fatalError(this.client.getClient());
    if (problem) this.#giveUp(describeFatal(...problem));
  }
}

function withFeature(debug: string | undefined): string {
  return debug ? `${debug},feature` : "feature";
}

/** The native part takes buffers; a view of the same bytes is one. */
function toBuffer(bytes: Uint8Array | string | null): Buffer | null {
  if (bytes === null) return null;
  if (typeof bytes === "string") return Buffer.from(bytes);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
