/** A producer of batches on a mock cluster, and a reader of all that came of them. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { type BatchHandle, loadAddon } from "../../src/kafka/addon.ts";
import { Reader } from "./reader.ts";
import { newProducer, turn } from "./support.ts";

export const { batchProduce, produceExactly } = await loadAddon();

interface Report {
  sequence: number;
  offset: number;
  partition: number;
  error: number;
}

interface Given {
  topic: string;
  values: readonly (Uint8Array | string)[];
  headers?: readonly (Uint8Array | null)[];
  uuidAt?: number;
  key?: Uint8Array | null;
  timestamp?: number;
  uuids?: Uint8Array;
  from?: number;
  count?: number;
  sequence?: number;
}

/** A producer with a handle; reports are taken as they are announced. */
export class BatchSender {
  readonly producer: Awaited<ReturnType<typeof newProducer>>;
  readonly reports: Report[] = [];
  readonly handle: BatchHandle;
  wakes = 0;

  private constructor(producer: BatchSender["producer"]) {
    this.producer = producer;
    this.handle = batchProduce.attach(producer.getClient(), () => {
      this.wakes++;
      this.take();
    });
  }

  static async open(
    address: string,
    properties: Record<string, unknown> = {},
  ): Promise<BatchSender> {
    const all = { "dr_cb": true, "linger.ms": 1, ...properties };
    const producer = await newProducer(address, all);
    producer.setPollInBackground(true);
    return new BatchSender(producer);
  }

  take(): void {
    const columns = batchProduce.reports(this.handle);
    if (!columns) return;
    const [count, buffer] = columns;
    assert.ok(count > 0);
    assert.equal(buffer.byteLength, count * 24);
    const numbers = new Float64Array(buffer, 0, 2 * count);
    const integers = new Int32Array(buffer, 16 * count, 2 * count);
    for (let i = 0; i < count; i++) {
      this.reports.push({
        sequence: numbers[i]!,
        offset: numbers[count + i]!,
        partition: integers[i]!,
        error: integers[count + i]!,
      });
    }
  }

  produce(given: Given): [taken: number, error: number] {
    const values = given.values.map((value) => Buffer.from(value));
    return batchProduce.produce(
      this.handle,
      given.topic,
      given.headers ?? [],
      given.uuidAt ?? -1,
      given.key ?? null,
      given.timestamp ?? 0,
      Buffer.concat(values),
      Int32Array.from(values, ({ length }) => length),
      given.uuids ?? new Uint8Array(16 * values.length),
      given.from ?? 0,
      given.count ?? values.length,
      given.sequence ?? 0,
    );
  }
}

/** All messages of a topic of the mock cluster, which has four partitions. */
export async function readAll(address: string, topic: string, count: number) {
  const partitions = [0, 1, 2, 3].map((partition) => ({ topic, partition }));
  const reader = await Reader.open(address, partitions);
  const read = [];
  while (read.length < count) {
    const batch = reader.poll();
    if (!batch) await turn();
    for (let i = 0; batch && i < batch.count; i++) {
      const headers = batch.headers(i).map(([name, value]) => [name, value && Buffer.from(value)]);
      const [key, value] = [batch.key(i), batch.value(i)];
      read.push({
        key: key && Buffer.from(key),
        value: value && Buffer.from(value),
        timestamp: batch.timestamp(i),
        partition: reader.queues.indexOf(batch.queue(i)),
        offset: batch.offset(i),
        headers: headers as [string, Buffer | null][],
      });
    }
  }
  await reader.close();
  return read;
}
