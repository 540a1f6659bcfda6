/**
 * What really is in a topic, read along from its start without a group. The sender's acknowledgements do not
 * tell all of it: a message sent again after a broker's end can be there twice, one that the sender gave up
 * can be there nevertheless, and each record is work of its own.
 */
import kafkaPackage from "@confluentinc/kafka-javascript";

export interface LogRecord {
  partition: number;
  offset: number;
  /** The sender's number. */
  id: number;
  key: string;
}

export class LogReader implements AsyncDisposable {
  readonly records: LogRecord[] = [];
  /** Of keys and values. */
  bytes = 0;
  /** One past the last record read, by partition. */
  readonly ends = new Map<number, number>();
  readonly #consumer;

  private constructor(brokers: string) {
    this.#consumer = new kafkaPackage.KafkaConsumer({
      "bootstrap.servers": brokers,
      "group.id": "observer",
      "enable.auto.commit": false,
      "fetch.wait.max.ms": 50,
    }, { "auto.offset.reset": "earliest" });
    this.#consumer.on("event.error", () => {});
    this.#consumer.on("data", ({ partition, offset, key, value }) => {
      const { id } = JSON.parse(String(value));
      this.records.push({ partition, offset, id, key: String(key) });
      this.bytes += (key?.length ?? 0) + (value?.length ?? 0);
      this.ends.set(partition, offset + 1);
    });
  }

  static async connect(brokers: string, topic: string, partitions: number): Promise<LogReader> {
    const reader = new LogReader(brokers);
    await new Promise<void>((resolve, reject) =>
      reader.#consumer.connect({}, (error) => error ? reject(error) : resolve())
    );
    reader.#consumer.assign(
      Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
    );
    reader.#consumer.setDefaultConsumeTimeout(50);
    reader.#consumer.consume();
    return reader;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return new Promise((resolve) => void this.#consumer.disconnect(() => resolve()));
  }
}
