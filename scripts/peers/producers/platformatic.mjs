/** @platformatic/kafka: `send` of 1,000 messages each, five at once, acknowledged by all in-sync replicas. */
// @ts-ignore: installed by scripts/peers/install, unknown to the project itself
import { ProduceAcks, Producer, stringSerializers } from "@platformatic/kafka";
import { brokers, leave, sendBatches, topic } from "./lines.mjs";

const producer = new Producer({
  clientId: "bench",
  bootstrapBrokers: brokers.split(","),
  serializers: stringSerializers,
  acks: ProduceAcks.ALL,
});
// Without a key it chooses a partition for each message by itself.
await sendBatches(
  1000,
  5,
  (messages) => producer.send({ messages: messages.map((message) => ({ topic, ...message })) }),
);
await producer.close();
leave();
