import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { loadAddon } from "../../src/kafka/addon.ts";
import { KafkaProducer } from "../../src/kafka/producer.ts";
import { ProducerClient } from "../../src/kafka/producer_client.ts";
import {
  disconnect,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  newTopic,
  until,
} from "./support.ts";

const { fatalError, purgeQueues } = await loadAddon();
const UNSUPPORTED_FEATURE = -165;

/** librdkafka then takes the brokers for ones that know of no idempotence, which is fatal. */
const OLD = { "api.version.request": "false", "broker.version.fallback": "0.9.0" };

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster();
});
after(() => cluster.close());

describe("fatalError", () => {
  test("is null for a producer that is well, and for one that is not connected", async () => {
    const producer = await newProducer(cluster.address);
    const native = producer.getClient();
    assert.equal(fatalError(native), null);
    await disconnect(producer);
    assert.equal(fatalError(native), null);
  });

  test("tells the code and the text of the first fatal error", async () => {
    const producer = await newProducer(cluster.address, { ...OLD, "enable.idempotence": true });
    producer.on("event.error", () => {});
    const native = producer.getClient();
    await until(() => fatalError(native) !== null);
    const [code, text] = fatalError(native)!;
    assert.equal(code, UNSUPPORTED_FEATURE);
    assert.match(text, /Idempotent producer not supported/i);
    await disconnect(producer);
  });

  test("throws for anything but a producer", () => {
    const consumer = newConsumer(cluster.address);
    for (const ask of [fatalError, purgeQueues]) {
      assert.throws(() => ask({}), /native client of a Producer/);
      assert.throws(() => ask(consumer.getClient()), /native client of a Producer/);
    }
  });
});

describe("ProducerClient", () => {
  test("tells the outcome of a message that was being queued when the fatal error came", async () => {
    // To copy it takes longer than librdkafka takes from the error to the end of its purge.
    const value = new Uint8Array(64 * 1024 * 1024);
    const overtaken = new Set<boolean>();
    for (let i = 0; i < 5; i++) {
      const client = await ProducerClient.open({ brokers: [cluster.address], properties: OLD });
      const sent = client.trySend({ topic: newTopic(), key: null, value, headers: [] });
      overtaken.add(sent !== null && fatalError(client.client.getClient()) !== null);
      if (sent) await assert.rejects(sent, { message: /Idempotent producer not supported/i });
      await client.close(5000);
    }
    assert.ok(overtaken.has(true));
  });
});

describe("KafkaProducer", () => {
  test("tells the true cause of a fatal error, and closes in time after it", async () => {
    const settings = { brokers: [cluster.address], properties: OLD };
    const producer = await KafkaProducer.open(settings);
    const first = producer.client;
    const send = () => producer.send({ topic: newTopic(), key: null, value: null, headers: [] });
    for (let i = 0; i < 3; i++) {
      await assert.rejects(send, { message: /Idempotent producer not supported/i });
    }
    assert.notEqual(producer.client, first);
    // It had nothing under way any more.
    await until(() => !first.isConnected());
    await producer.close(5000);
    await assert.rejects(send, { message: /closed/ });
  });
});
