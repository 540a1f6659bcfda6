/**
 * The least that a worker on this runtime can take: taskc's native poll of partitions assigned by hand, and for each
 * message the work of all contenders, one after another. It commits once, at its end, and does nothing of what makes a
 * worker: no group, no offsets in between, no retries, no limits, no stats.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import RdKafka from "@confluentinc/kafka-javascript";
import { loadAddon } from "../../../src/kafka/addon.ts";
import { Batch } from "../../../src/kafka/batch.ts";
import type { Metadata } from "../../../src/kafka/connection.ts";
import { call } from "../../../src/kafka/rdkafka.ts";
import { allDone, leave, work } from "./work.mjs";

const [brokers, topic, group] = process.argv.slice(2) as [string, string, string];
const BATCH = 256;
const PER_PARTITION = 64;
const MAX_BYTES = 2 ** 26;

const consumer = new RdKafka.KafkaConsumer({
  "bootstrap.servers": brokers,
  "group.id": group,
  "enable.auto.commit": false,
}, { "auto.offset.reset": "earliest" });
const { topics } = await call<Metadata>((callback) =>
  consumer.connect({ topic, timeout: 10_000 }, callback as never)
);
const { partitionPoll } = await loadAddon();
const handle = partitionPoll.attach(consumer.getClient(), () => {});
const { partitions } = topics.find(({ name }) => name === topic)!;
const partitionOf = new Map(
  partitions.map(({ id }) => [partitionPoll.open(handle, topic, id, 0), id]),
);
consumer.assign(partitions.map(({ id }) => ({ topic, partition: id, offset: 0 })));

const nextOffsets = new Map<number, number>();
let finished = false;
void allDone.then(() => finished = true);
const room = new Int32Array([2 ** 31 - 1]);
while (!finished) {
  const columns = partitionPoll.poll(handle, BATCH, PER_PARTITION, MAX_BYTES, room);
  if (!columns) {
    await sleep(1);
    continue;
  }
  const batch = new Batch(columns);
  for (let index = 0; index < batch.count; index++) {
    if (batch.error(index) !== 0) continue;
    await work(batch.valueText(index));
    nextOffsets.set(partitionOf.get(batch.queue(index))!, batch.offset(index) + 1);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
partitionPoll.detach(handle);
consumer.commitSync(
  [...nextOffsets].map(([partition, offset]) => ({ topic, partition, offset })),
);
leave();
