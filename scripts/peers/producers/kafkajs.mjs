/** KafkaJS: `send` of 1,000 messages each, five at once, acknowledged by all in-sync replicas. */
// @ts-ignore: installed by scripts/peers/install, unknown to the project itself
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { brokers, leave, sendBatches, topic } from "./lines.mjs";

const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
await producer.connect();
await sendBatches(1000, 5, (messages) => producer.send({ topic, messages, acks: -1 }));
await producer.disconnect();
leave();
