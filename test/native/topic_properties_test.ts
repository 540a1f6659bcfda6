/** Properties that librdkafka has for topics reach our clients; the package easily loses them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaProducer } from "../../src/kafka/producer.ts";
import { mockCluster, newTopic } from "./support.ts";

const KEYS = Array.from({ length: 16 }, (_, index) => `key-${index}`);

async function partitionsOf(
  address: string,
  topic: string,
  partitioner: string,
): Promise<number[]> {
  const producer = await KafkaProducer.open({ brokers: [address], properties: { partitioner } });
  const delivered = await Promise.all(
    KEYS.map((key) => producer.send({ topic, key, value: null, headers: [] })),
  );
  await producer.close(5000);
  return delivered.map(({ partition }) => partition);
}

describe("KafkaProducer", () => {
  test("has the partitioner that was asked for", async () => {
    const cluster = await mockCluster();
    const topic = newTopic();
    const [java, other] = [
      await partitionsOf(cluster.address, topic, "murmur2"),
      await partitionsOf(cluster.address, topic, "fnv1a"),
    ];
    // Of Kafka's own client: (murmur2(key) & 0x7fffffff) % 4, its DefaultPartitioner.
    assert.deepEqual(java, KEYS.map((key) => (murmur2(key) & 0x7fffffff) % 4));
    assert.notDeepEqual(other, java);
    await cluster.close();
  });

  test("gives a message up after message.timeout.ms", async () => {
    const cluster = await mockCluster();
    const producer = await KafkaProducer.open({
      brokers: [cluster.address],
      properties: { "message.timeout.ms": "500" },
    });
    const send = () => producer.send({ topic: "gone", key: null, value: null, headers: [] });
    await send();
    await cluster.close();
    await assert.rejects(send, { message: /Cannot deliver to topic "gone": .*timed out/i });
    await producer.close(1000);
  });
});

/** Of org.apache.kafka.common.utils.Utils; keys whose length is a multiple of four or leaves a rest. */
function murmur2(text: string): number {
  const bytes = new TextEncoder().encode(text);
  const [M, R] = [0x5bd1e995, 24];
  let hash = 0x9747b28c ^ bytes.length;
  const whole = bytes.length & ~3;
  for (let at = 0; at < whole; at += 4) {
    let word = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
    word = Math.imul(word, M);
    word ^= word >>> R;
    hash = Math.imul(hash, M) ^ Math.imul(word, M);
  }
  const rest = bytes.subarray(whole);
  for (let at = rest.length - 1; at >= 0; at--) hash ^= rest[at]! << (8 * at);
  if (rest.length > 0) hash = Math.imul(hash, M);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, M);
  return hash ^ hash >>> 15;
}
