/**
 * A worker that is wrong on purpose: it commits what it has received, not what has finished. The harness has
 * to find that out; a harness that finds nothing in it proves nothing about taskc.
 */
import kafkaPackage from "@confluentinc/kafka-javascript";
import process from "node:process";

const [brokers, group, topic, folder] = process.argv.slice(2) as [string, string, string, string];
const { write } = await import(`${folder}/ledger.ts`);

const consumer = new kafkaPackage.KafkaConsumer({
  "bootstrap.servers": brokers,
  "group.id": group,
  "enable.auto.commit": false,
  "session.timeout.ms": 6000,
  "heartbeat.interval.ms": 500,
}, { "auto.offset.reset": "earliest" });

/** One past the last received and not yet committed, by partition. */
const received = new Map<number, number>();

consumer.on("event.error", () => {});
consumer.on("data", ({ partition, offset, key, value }) => {
  const { id, ms } = JSON.parse(String(value));
  const context = { partition, offset, key: String(key), attempt: 1 };
  write("start", id, context);
  setTimeout(() => write("finish", id, context), ms);
  received.set(partition, offset + 1);
});
setInterval(() => {
  const offsets = [...received].map(([partition, offset]) => ({ topic, partition, offset }));
  received.clear();
  if (offsets.length > 0) consumer.commit(offsets);
}, 50);
consumer.connect({}, (error) => {
  if (error) throw error;
  consumer.subscribe([topic]);
  consumer.consume();
});
