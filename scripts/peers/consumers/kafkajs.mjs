/**
 * KafkaJS by `eachMessage` or `eachBatch`, one worker for each partition.
 */
// @ts-ignore: installed by scripts/peers/install, unknown to the project itself
import { Kafka, logLevel } from "kafkajs";
import { allDone, brokers, group, leave, longestFetchMs, topic, variant, work } from "./work.mjs";

const PARTITIONS = 4;
/** In flight of one partition, so that there are 1,000 in all. */
const AT_ONCE = 1000 / PARTITIONS;

const kafka = new Kafka({
  brokers: brokers.split(","),
  logLevel: logLevel.ERROR,
});
const consumer = kafka.consumer({ groupId: group, maxWaitTimeInMs: longestFetchMs });
/** What comes after the last message that is done, by partition. */
const next = new Map();

const eachMessage = async ({ partition, message }) => {
  await work(message.value);
  next.set(partition, message.offset);
};

const eachBatch = async (
  { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary },
) => {
  for (let at = 0; at < batch.messages.length; at += AT_ONCE) {
    const messages = batch.messages.slice(at, at + AT_ONCE);
    await Promise.all(messages.map((message) => work(message.value)));
    const last = messages.at(-1).offset;
    next.set(batch.partition, last);
    resolveOffset(last);
    await commitOffsetsIfNecessary();
    await heartbeat();
  }
};

await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommitInterval: 1000,
  partitionsConsumedConcurrently: PARTITIONS,
  ...(variant === "eachBatch" ? { eachBatch } : { eachMessage }),
});
await allDone;
// What belongs to the last message still runs in this turn of the loop.
await new Promise((resolve) => setImmediate(resolve));
await consumer.commitOffsets(
  [...next].map(([partition, offset]) => ({
    topic,
    partition,
    offset: `${Number(offset) + 1}`,
  })),
);
await consumer.disconnect();
leave();
