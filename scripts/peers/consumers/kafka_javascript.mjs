/** @confluentinc/kafka-javascript by its interface in the manner of KafkaJS: `eachMessage` or `eachBatch`. */
import Confluent from "@confluentinc/kafka-javascript";
import { allDone, brokers, group, leave, topic, variant, work } from "./work.mjs";

const PARTITIONS = 4;
/** In flight of one partition, so that there are 1,000 in all. */
const AT_ONCE = 1000 / PARTITIONS;

const { Kafka, logLevel } = Confluent.KafkaJS;
const kafka = new Kafka({
  kafkaJS: { brokers: brokers.split(","), logLevel: logLevel.ERROR },
});
const consumer = kafka.consumer({
  kafkaJS: {
    groupId: group,
    fromBeginning: true,
    autoCommit: true,
    autoCommitInterval: 1000,
  },
  "js.consumer.max.batch.size": 1000,
  "fetch.queue.backoff.ms": 100,
});
const eachMessage = ({ message }) => work(message.value);
const eachBatch = async ({ batch }) => {
  for (let at = 0; at < batch.messages.length; at += AT_ONCE) {
    const messages = batch.messages.slice(at, at + AT_ONCE);
    await Promise.all(messages.map((message) => work(message.value)));
  }
};

await consumer.connect();
await consumer.subscribe({ topic });
await consumer.run({
  partitionsConsumedConcurrently: PARTITIONS,
  ...(variant === "eachBatch" ? { eachBatch } : { eachMessage }),
});
await allDone;
// What belongs to the last message still runs in this turn of the loop.
await new Promise((resolve) => setImmediate(resolve));
await consumer.commitOffsets();
await consumer.disconnect();
leave();
