/** What the comparison itself asks of the broker: topics full of messages, and what a group has committed. */
import RdKafka from "@confluentinc/kafka-javascript";
import { Buffer } from "node:buffer";

const PARTITIONS = 4;
const REQUEST_MS = 10_000;

/** Less than the producer's queue takes. */
const MOST_QUEUED_BYTES = 1e9;

interface Outgoing {
  topic: string;
  partition: number;
  value: string;
  key: string | null;
}

type Producer = InstanceType<typeof RdKafka.Producer>;

export class Broker {
  readonly #producer: Producer;
  readonly #admin;

  private constructor(producer: Producer) {
    this.#producer = producer;
    this.#admin = RdKafka.AdminClient.createFrom(producer);
  }

  static open(brokers: string): Promise<Broker> {
    return new Promise((resolve, reject) => {
      const producer = new RdKafka.Producer({
        "bootstrap.servers": brokers,
        "queue.buffering.max.messages": 3_000_000,
        "queue.buffering.max.kbytes": 2_000_000,
        // As large as a broker takes by its default, with what belongs to a message.
        "message.max.bytes": 1_048_000,
        "dr_cb": false,
      });
      producer.connect({ timeout: REQUEST_MS }, (error) => {
        if (error) return reject(error);
        producer.setPollInBackground(true);
        resolve(new Broker(producer));
      });
    });
  }

  /** Makes a topic with messages spread evenly over its partitions. */
  async fillTopic(
    topic: string,
    count: number,
    message: (id: number) => string,
  ): Promise<void> {
    await this.makeTopics([topic], PARTITIONS);
    await this.send(count, (id) => ({
      ...{ topic, partition: id % PARTITIONS },
      ...{ value: message(id), key: null },
    }));
  }

  async makeTopics(topics: readonly string[], partitions: number): Promise<void> {
    for (const topic of topics) {
      await new Promise<void>((resolve, reject) =>
        this.#admin.createTopic(
          { topic, num_partitions: partitions, replication_factor: 1 },
          REQUEST_MS,
          (error: unknown) => error ? reject(error) : resolve(),
        )
      );
    }
  }

  /** Resolves when all have been acknowledged. */
  async send(count: number, message: (n: number) => Outgoing): Promise<void> {
    let bytes = 0;
    for (let n = 0; n < count; n++) {
      const { topic, partition, value, key } = message(n);
      this.#producer.produce(topic, partition, Buffer.from(value), key);
      bytes += value.length;
      if (bytes < MOST_QUEUED_BYTES && n < count - 1) continue;
      bytes = 0;
      await this.#flush();
    }
  }

  #flush(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#producer.flush(
        120_000,
        (error: unknown) => error ? reject(error) : resolve(),
      )
    );
  }

  createTopic(topic: string): Promise<void> {
    return this.makeTopics([topic], PARTITIONS);
  }

  deleteTopic(topic: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.#admin.deleteTopic(
        topic,
        REQUEST_MS,
        (error: unknown) => error ? reject(error) : resolve(),
      )
    );
  }

  /** How many messages a topic has, none of which was removed: the sum of its ends. */
  async messages(topic: string): Promise<number> {
    const ends = Array.from(
      { length: PARTITIONS },
      (_, partition) =>
        new Promise<number>((resolve, reject) =>
          this.#producer.queryWatermarkOffsets(
            topic,
            partition,
            REQUEST_MS,
            (error, { highOffset }) => error ? reject(error) : resolve(highOffset),
          )
        ),
    );
    return (await Promise.all(ends)).reduce((sum, end) => sum + end, 0);
  }

  /** The sum of the offsets that a group has committed in a topic: as many messages count as done. */
  committed(group: string, topic: string): Promise<number> {
    const partitions = Array.from(
      { length: PARTITIONS },
      (_, partition) => ({ topic, partition }),
    );
    return new Promise((resolve, reject) =>
      this.#admin.listConsumerGroupOffsets(
        [{ groupId: group, partitions }],
        { timeout: REQUEST_MS },
        (error, [result]) => {
          if (error) return reject(error);
          const offsets = result!.partitions.map(({ offset }) => Math.max(0, Number(offset)));
          resolve(offsets.reduce((sum, offset) => sum + offset, 0));
        },
      )
    );
  }

  close(): Promise<void> {
    this.#admin.disconnect();
    return new Promise((resolve) => this.#producer.disconnect(2000, () => resolve()));
  }
}
