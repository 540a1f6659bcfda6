/** @confluentinc/kafka-javascript by its older interface, that of node-rdkafka: `consume(1000)`. */
import Confluent from "@confluentinc/kafka-javascript";
import { allDone, brokers, group, leave, topic, work } from "./work.mjs";

const AT_ONCE = 1000;

const consumer = new Confluent.KafkaConsumer({
  "bootstrap.servers": brokers,
  "group.id": group,
  "enable.auto.commit": true,
  "auto.commit.interval.ms": 1000,
  "fetch.queue.backoff.ms": 100,
}, { "auto.offset.reset": "earliest" });

const connected = () =>
  new Promise((resolve, reject) =>
    consumer.connect({}, (error) => error ? reject(error) : resolve())
  );
const consume = () =>
  new Promise((resolve, reject) =>
    consumer.consume(
      AT_ONCE,
      (error, messages) => error ? reject(error) : resolve(messages),
    )
  );

let finished = false;
allDone.then(() => finished = true);
await connected();
// A batch that is not full is handed over at once, not after a second.
consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
consumer.subscribe([topic]);
while (!finished) {
  const messages = await consume();
  await Promise.all(messages.map((message) => work(message.value)));
}
// Leaving commits what is left.
await new Promise((resolve) => consumer.disconnect(resolve));
leave();
