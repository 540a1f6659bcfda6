/** Sends single messages at once, gathering nothing, and tells when the broker has acknowledged them. */
import { Buffer } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import RdKafka from "@confluentinc/kafka-javascript";
import { createTopics } from "../../src/kafka/admin.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";

const PARTITIONS = 4;

/** Wall clock with a fraction, the same in all processes of one machine. */
export const now = () => performance.timeOrigin + performance.now();

/** A message on its way. Times are those of `now`. */
export interface Sending {
  sentAt: number;
  /** `NaN` until the broker has acknowledged it. */
  acknowledgedAt: number;
}

export class PromptSender {
  readonly #client: InstanceType<typeof RdKafka.Producer>;
  readonly #admin: KafkaProducer;
  #pending = 0;
  #sendings: Sending[] = [];

  private constructor(client: InstanceType<typeof RdKafka.Producer>, admin: KafkaProducer) {
    this.#client = client;
    this.#admin = admin;
    client.on("delivery-report", (error, report) => {
      if (error) throw error;
      report.opaque.acknowledgedAt = now();
      this.#pending--;
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

  send(topic: string, id: number): Sending {
    const value = Buffer.from(JSON.stringify({ id, name: `name-${id}`, ok: true }));
    const sending = { sentAt: now(), acknowledgedAt: NaN };
    this.#pending++;
    this.#sendings.push(sending);
    this.#client.produce(topic, id % PARTITIONS, value, null, null, sending);
    return sending;
  }

  /** Milliseconds from send to acknowledgement of all messages since the last call; waits for the last ones. */
  async takeAcknowledged(): Promise<number[]> {
    while (this.#pending > 0) await sleep(1);
    const taken = this.#sendings;
    this.#sendings = [];
    return taken.map(({ sentAt, acknowledgedAt }) => acknowledgedAt - sentAt);
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.#client.disconnect(resolve));
    await this.#admin.close(5000);
  }
}
