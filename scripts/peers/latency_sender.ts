/** Sends single messages at once, gathering nothing, and tells when the broker has acknowledged them. */
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import RdKafka from "@confluentinc/kafka-javascript";
import { createTopics } from "../../src/kafka/admin.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";

const PARTITIONS = 4;

/** Wall clock with a fraction, the same in all processes of one machine. */
export const now = () => performance.timeOrigin + performance.now();

export class PromptSender {
  readonly #client: InstanceType<typeof RdKafka.Producer>;
  readonly #admin: KafkaProducer;
  #sent = 0;
  #acknowledgedMs: number[] = [];

  private constructor(client: InstanceType<typeof RdKafka.Producer>, admin: KafkaProducer) {
    this.#client = client;
    this.#admin = admin;
    client.on("delivery-report", (error, report) => {
      if (error) throw error;
      this.#acknowledgedMs.push(now() - report.opaque);
    });
  }

  static async open(brokers: string): Promise<PromptSender> {
    const admin = await KafkaProducer.open({ brokers: brokers.split(","), properties: {} });
    const client = new RdKafka.Producer({
      "bootstrap.servers": brokers,
      "linger.ms": 0,
      "dr_cb": true,
    });
    await new Promise<void>((resolve, reject) =>
      client.connect({ timeout: 10_000 }, (error) => error ? reject(error) : resolve())
    );
    // Reports come as events: a timer would be in the way of what is measured.
    client.setPollInBackground(true);
    return new PromptSender(client, admin);
  }

  async makeTopic(topic: string): Promise<void> {
    await createTopics(this.#admin, [{ topic, partitions: PARTITIONS, replicationFactor: -1 }]);
  }

  /** Returns the time of the send. */
  send(topic: string, id: number): number {
    const value = Buffer.from(JSON.stringify({ id, name: `name-${id}`, ok: true }));
    this.#sent++;
    const at = now();
    this.#client.produce(topic, id % PARTITIONS, value, null, null, at);
    return at;
  }

  /** Milliseconds from send to acknowledgement of all messages since the last call; waits for the last ones. */
  async takeAcknowledged(): Promise<number[]> {
    while (this.#acknowledgedMs.length < this.#sent) await sleep(1);
    this.#sent = 0;
    const taken = this.#acknowledgedMs;
    this.#acknowledgedMs = [];
    return taken;
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#client.disconnect(resolve));
    await this.#admin.close(5000);
  }
}
