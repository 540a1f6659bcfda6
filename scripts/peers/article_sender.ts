/** How the jobs of a round are sent: by one producer for all that consume from Kafka, by their own clients for others. */
import { Buffer } from "node:buffer";
import { createInterface, type Interface } from "node:readline";
import type { KafkaError } from "../../src/errors.ts";
import { createTopics } from "../../src/kafka/admin.ts";
import type { BatchSender } from "../../src/kafka/batch_sender.ts";
import type { DeliveryListener } from "../../src/kafka/ports.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";
import { now, type Round } from "./article_observer.ts";
import { OwnProcess, type Start } from "./article_processes.ts";

const PARTITIONS = 4;
/** How long messages are gathered: librdkafka's own default. */
const LINGER_MS = 5;

export interface Sender {
  /** Sends all requests of a round, one right after another; resolves with when each began. */
  send(round: Round): Promise<number[]>;
}

/** By batches, or the sender would be what the table measures. */
export class KafkaSender {
  readonly #producer: KafkaProducer;
  readonly #batches: BatchSender;
  readonly #sent = new Acknowledgements();

  private constructor(producer: KafkaProducer) {
    this.#producer = producer;
    this.#batches = producer.batches(this.#sent);
  }

  static async open(brokers: string): Promise<KafkaSender> {
    return new KafkaSender(
      await KafkaProducer.open({
        brokers: brokers.split(","),
        lingerMs: LINGER_MS,
        // Else all jobs of some milliseconds go to one partition.
        properties: { "sticky.partitioning.linger.ms": "0" },
      }),
    );
  }

  /** Makes the topic. */
  async to(topic: string): Promise<Sender> {
    await createTopics(this.#producer, [{ topic, partitions: PARTITIONS, replicationFactor: -1 }]);
    return { send: (round) => this.#send(topic, round) };
  }

  async close(): Promise<void> {
    await this.#producer.close(5000);
  }

  async #send(topic: string, { firstId, requests, jobs, ioMs }: Round): Promise<number[]> {
    const sentAt: number[] = [];
    for (let request = 0; request < requests; request++) {
      sentAt.push(now());
      const first = firstId + request * jobs;
      const texts = Array.from(
        { length: jobs },
        (_, job) => JSON.stringify({ id: first + job, ioMs }),
      );
      const sequence = this.#sent.count;
      this.#sent.expect(jobs);
      await this.#batches.send({
        ...{ topic, key: null, headers: [], uuidAt: -1, count: jobs },
        bytes: Buffer.from(texts.join("")),
        lengths: Int32Array.from(texts, ({ length }) => length),
      }, sequence);
    }
    await this.#sent.all();
    this.#batches.forget(this.#sent.count);
    return sentAt;
  }
}

/** Waits until as many messages are acknowledged as were sent. */
class Acknowledgements implements DeliveryListener {
  #expected = 0;
  #delivered = 0;
  #all = Promise.withResolvers<void>();

  get count(): number {
    return this.#expected;
  }

  expect(count: number): void {
    this.#expected += count;
  }

  /** Of what was expected; rejects when one was refused. */
  async all(): Promise<void> {
    if (this.#delivered < this.#expected) await this.#all.promise;
    this.#all = Promise.withResolvers();
  }

  delivered(): void {
    this.#delivered++;
  }

  undelivered(_: number, error: KafkaError): void {
    this.#all.reject(error);
  }

  told(): void {
    if (this.#delivered >= this.#expected) this.#all.resolve();
  }
}

/**
 * A sender of another client, in a process of its own that is warm and waits: it gets a line of JSON for each round
 * and answers with the milliseconds from that line to each request.
 */
export class ClientSender implements Sender {
  readonly #process: OwnProcess;
  readonly #lines: Interface;

  private constructor(process: OwnProcess) {
    this.#process = process;
    this.#lines = createInterface({ input: process.stdout });
  }

  static async start(start: Start): Promise<ClientSender> {
    const sender = new ClientSender(new OwnProcess(start, true));
    await sender.#line();
    return sender;
  }

  get failed(): Promise<never> {
    return this.#process.failed;
  }

  async send({ firstId, requests, jobs, ioMs }: Round): Promise<number[]> {
    const beganAt = now();
    this.#process.stdin.write(`${JSON.stringify({ firstId, requests, jobs, ioMs })}\n`);
    const sentMs = JSON.parse(await this.#line()) as number[];
    return sentMs.map((ms) => beganAt + ms);
  }

  kill(): Promise<void> {
    return this.#process.kill();
  }

  #line(): Promise<string> {
    const line = new Promise<string>((resolve) => this.#lines.once("line", resolve));
    return Promise.race([line, this.#process.failed]);
  }
}
