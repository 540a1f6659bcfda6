/**
 * @confluentinc/kafka-javascript by its older interface, that of node-rdkafka, which is its fastest: a call for
 * each message, and a report for each.
 */
import Confluent from "@confluentinc/kafka-javascript";
import { Buffer } from "node:buffer";
import { brokers, leave, lines, messageOf, topic } from "./lines.mjs";

const QUEUE_FULL = -184;
const MOST_IN_FLIGHT = 100_000;

const producer = new Confluent.Producer({
  "bootstrap.servers": brokers,
  "enable.idempotence": true,
  "linger.ms": 5,
  "queue.buffering.max.messages": 500_000,
  "dr_cb": true,
});
let inFlight = 0;
let wake = () => {};
producer.on("delivery-report", (error) => {
  if (error) throw error;
  inFlight--;
  wake();
});
await new Promise((resolve, reject) =>
  producer.connect({}, (error) => error ? reject(error) : resolve())
);
producer.setPollInBackground(true);
const room = () => new Promise((resolve) => wake = resolve);

for await (const line of lines()) {
  const { value, headers } = messageOf(line);
  const pairs = Object.entries(headers).map(([name, value]) => ({ [name]: value }));
  for (;;) {
    try {
      producer.produce(topic, null, Buffer.from(value), null, null, null, pairs);
      break;
    } catch (error) {
      if (error.code !== QUEUE_FULL) throw error;
      await room();
    }
  }
  if (++inFlight >= MOST_IN_FLIGHT) await room();
}
while (inFlight > 0) await room();
await new Promise((resolve) => producer.disconnect(resolve));
leave();
