/** A consumer without a group's partitions, which reads all of a topic along from its start. */
import kafkaPackage from "@confluentinc/kafka-javascript";

const { KafkaConsumer } = kafkaPackage;
export type Reader = InstanceType<typeof KafkaConsumer>;

export interface ReadRecord {
  partition: number;
  offset: number;
  timestamp?: number | undefined;
  key?: Uint8Array | string | null | undefined;
  value: Uint8Array | null;
  /** An object of one property for each, in their order. */
  headers?: readonly object[] | undefined;
}

/** Connected, and reads nothing yet. */
export async function newReader(
  brokers: string,
  fetchWaitMs: number,
  onRecord: (record: ReadRecord) => void,
): Promise<Reader> {
  const reader = new KafkaConsumer({
    "bootstrap.servers": brokers,
    "group.id": "observer",
    "enable.auto.commit": false,
    "fetch.wait.max.ms": fetchWaitMs,
  }, { "auto.offset.reset": "earliest" });
  reader.on("event.error", () => {});
  reader.on("data", onRecord);
  await new Promise<void>((resolve, reject) =>
    reader.connect({}, (error) => error ? reject(error) : resolve())
  );
  return reader;
}

export function readFromStart(reader: Reader, topic: string, partitions: number): void {
  reader.assign(
    Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 })),
  );
  reader.setDefaultConsumeTimeout(50);
  reader.consume();
}

export function closeReader(reader: Reader): Promise<void> {
  return new Promise((resolve) => void reader.disconnect(() => resolve()));
}
