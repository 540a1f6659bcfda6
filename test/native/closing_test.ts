/** A consumer that is closed while questions of its are on their way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { createTopics } from "../../src/kafka/admin.ts";
import { KafkaConsumer } from "../../src/kafka/consumer.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";
import { brokers, needsBroker, newTopic } from "./support.ts";

test("questions about logs do not outlive the client that they use", needsBroker(), async () => {
  const topic = newTopic();
  const connection = { brokers: brokers!.split(","), properties: {} };
  const producer = await KafkaProducer.open(connection);
  await createTopics(producer, [{ topic, partitions: 4, replicationFactor: -1 }]);
  await producer.close(5000);
  const partitions = [0, 1, 2, 3].map((partition) => ({ topic, partition }));
  for (let round = 0; round < 40; round++) {
    const consumer = await KafkaConsumer.open({
      ...{ ...connection, group: `${topic}-${round}` },
      ...{ topics: [topic], partitions: 4, prefetchBytes: 2 ** 20, topicIds: true },
      ...{ protocol: "classic", fallBack: false, statisticsMs: 1000 },
    });
    // Some are asked before, some at the same moment, and some too late.
    const asked = Array.from({ length: 4 }, () => consumer.lookUp(partitions).catch(told));
    if (round % 2 === 0) await new Promise((resolve) => setTimeout(resolve, round % 7));
    const closed = consumer.close(10_000);
    const late = consumer.lookUp(partitions).catch(told);
    await closed;
    // Each is answered: as it would have been, or with the reason why not.
    for (const answer of await Promise.all([...asked, late])) {
      if (answer instanceof KafkaError) continue;
      assert.equal(answer.length, 4);
    }
  }
});

function told(error: unknown): KafkaError {
  assert.ok(error instanceof KafkaError, String(error));
  return error;
}
