/** How the jobs of a round are sent: by one producer for all that consume from Kafka, by their own clients for others. */
import { Buffer } from "node:buffer";
import { createInterface, type Interface } from "node:readline";
import RdKafka from "@confluentinc/kafka-javascript";
import { createTopics } from "../../src/kafka/admin.ts";
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

export class KafkaSender {
  readonly #client: InstanceType<typeof RdKafka.Producer>;
  readonly #admin: KafkaProducer;

  private constructor(client: InstanceType<typeof RdKafka.Producer>, admin: KafkaProducer) {
    this.#client = client;
    this.#admin = admin;
  }

  static async open(brokers: string): Promise<KafkaSender> {
    const admin = await KafkaProducer.open({ brokers: brokers.split(","), properties: {} });
    const client = new RdKafka.Producer({
      "bootstrap.servers": brokers,
      "linger.ms": LINGER_MS,
      "dr_cb": false,
    });
    await new Promise<void>((resolve, reject) =>
      client.connect({ timeout: 10_000 }, (error) => error ? reject(error) : resolve())
    );
    return new KafkaSender(client, admin);
  }

  /** Makes the topic. */
  async to(topic: string): Promise<Sender> {
    await createTopics(this.#admin, [{ topic, partitions: PARTITIONS, replicationFactor: -1 }]);
    return { send: (round) => this.#send(topic, round) };
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#client.disconnect(resolve));
    await this.#admin.close(5000);
  }

  async #send(topic: string, { firstId, requests, jobs, ioMs }: Round): Promise<number[]> {
    const sentAt: number[] = [];
    for (let request = 0, id = firstId; request < requests; request++) {
      sentAt.push(now());
      for (let job = 0; job < jobs; job++, id++) {
        this.#client.produce(topic, id % PARTITIONS, Buffer.from(JSON.stringify({ id, ioMs })));
      }
    }
    await new Promise<void>((resolve, reject) =>
      this.#client.flush(60_000, (error: unknown) => error ? reject(error) : resolve())
    );
    return sentAt;
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
