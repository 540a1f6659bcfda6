/** A consumer that was assigned partitions by hand and is read by the partition poll. */
import { Buffer } from "node:buffer";
import type { PollHandle } from "../../src/kafka/addon.ts";
import { Batch } from "../../src/kafka/batch.ts";
import {
  connect,
  type Consumer,
  disconnect,
  newConsumer,
  partitionPoll,
  type Sent,
  until,
} from "./support.ts";

export const UNLIMITED = 2 ** 31 - 1;
export const MEBIBYTE = 2 ** 20;

/** With a queue for each of its partitions. */
export class Reader {
  readonly consumer: Consumer;
  readonly handle: PollHandle;
  readonly queues: number[] = [];
  readonly room: Int32Array;
  wakes = 0;

  private constructor(consumer: Consumer, lanes: number) {
    this.consumer = consumer;
    this.room = new Int32Array(lanes).fill(UNLIMITED);
    this.handle = partitionPoll.attach(consumer.getClient(), () => this.wakes++);
  }

  static async open(
    address: string,
    partitions: readonly { topic: string; partition: number; lane?: number }[],
    properties: Record<string, unknown> = {},
  ): Promise<Reader> {
    const consumer = await connect(newConsumer(address, properties));
    const reader = new Reader(consumer, 1 + Math.max(...partitions.map(({ lane = 0 }) => lane)));
    for (const { topic, partition, lane = 0 } of partitions) {
      reader.queues.push(partitionPoll.open(reader.handle, topic, partition, lane));
    }
    consumer.assign(partitions.map(({ topic, partition }) => ({ topic, partition, offset: 0 })));
    return reader;
  }

  poll(max = 1000, perQueue = 100, maxBytes = 64 * MEBIBYTE): Batch | null {
    const columns = partitionPoll.poll(this.handle, max, perQueue, maxBytes, this.room);
    return columns && new Batch(columns);
  }

  /**
   * Waits until all queues together hold so many messages, before the first poll. Until then each
   * queue also holds a barrier, which librdkafka puts there when it starts fetching.
   */
  async prefetched(messages: number): Promise<void> {
    await until(() => partitionPoll.queued(this.handle) >= messages + this.queues.length);
  }

  /** Polls until so many entries have come. */
  async take(entries: number): Promise<Batch[]> {
    const batches: Batch[] = [];
    let count = 0;
    await until(() => {
      const batch = this.poll();
      if (batch) {
        batches.push(batch);
        count += batch.count;
      }
      return count >= entries;
    });
    return batches;
  }

  async close(): Promise<void> {
    partitionPoll.detach(this.handle);
    await disconnect(this.consumer);
  }
}

/** Messages whose values are 0, 1, 2… and then as many x as make up `size` bytes. */
export function numbered(count: number, size = 0): Sent[] {
  return Array.from({ length: count }, (_, i) => ({
    value: Buffer.from(`${i} `.padEnd(size, "x")),
  }));
}
