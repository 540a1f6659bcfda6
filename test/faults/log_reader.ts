/**
 * What really is in a topic, read along from its start without a group. The sender's acknowledgements do not
 * tell all of it: a message sent again after a broker's end can be there twice, one that the sender gave up
 * can be there nevertheless, and each record is work of its own.
 */
import { closeReader, newReader, readFromStart, type ReadRecord } from "./reader.ts";

export interface LogRecord {
  partition: number;
  offset: number;
  /** The sender's number. */
  id: number;
  key: string;
  /** Milliseconds since the epoch. */
  appendedAt: number;
}

export class LogReader implements AsyncDisposable {
  readonly records: LogRecord[] = [];
  /** Of keys and values. */
  bytes = 0;
  /** One past the last record read, by partition. */
  readonly ends = new Map<number, number>();
  #close = () => Promise.resolve();

  private constructor() {}

  static async connect(brokers: string, topic: string, partitions: number): Promise<LogReader> {
    const log = new LogReader();
    const reader = await newReader(brokers, 50, (record) => log.#note(record));
    log.#close = () => closeReader(reader);
    readFromStart(reader, topic, partitions);
    return log;
  }

  #note({ partition, offset, key, value, timestamp = -1 }: ReadRecord): void {
    const { id } = JSON.parse(String(value));
    this.records.push({ partition, offset, id, key: String(key), appendedAt: timestamp });
    this.bytes += (key?.length ?? 0) + (value?.length ?? 0);
    this.ends.set(partition, offset + 1);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#close();
  }
}
