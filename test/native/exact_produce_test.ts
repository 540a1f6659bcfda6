import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import { loadAddon } from "../../src/kafka/addon.ts";
import { Reader } from "./reader.ts";
import {
  disconnect,
  type MockCluster,
  mockCluster,
  newProducer,
  newTopic,
  until,
} from "./support.ts";

const { produceExactly } = await loadAddon();
const QUEUE_FULL = -184;
const STATE = -172;

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster();
});
after(() => cluster.close());

describe("produceExactly", () => {
  const headers: [string, Buffer | null][] = [
    ["name", null],
    ["name", Buffer.alloc(0)],
    ["", Buffer.from("nul\0inside")],
    ["ü", Buffer.from([0xff, 0])],
    ["nul\0inside", Buffer.from("x".repeat(200))],
  ];
  const pairs = headers.flatMap(([name, value]) => [Buffer.from(name), value]);

  test("keeps null apart from empty, and every byte; the report brings the opaque", async () => {
    const topic = newTopic();
    const opaques: unknown[] = [];
    const producer = await newProducer(cluster.address, { "dr_cb": true });
    producer.on("delivery-report", (_, { opaque }) => opaques.push(opaque));
    producer.setPollInterval(5);
    const native = producer.getClient();
    const empty = Buffer.alloc(0);
    const sent = { o: 1 };
    assert.equal(produceExactly(native, topic, 0, null, empty, 4102444800123, sent, pairs), 0);
    assert.equal(produceExactly(native, topic, 0, empty, null, 0, sent, []), 0);
    await until(() => opaques.length === 2);
    assert.ok(opaques.every((opaque) => opaque === sent));
    await disconnect(producer);

    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(2);
    const batch = reader.poll()!;
    assert.deepEqual([batch.key(0)?.length, batch.value(0)], [0, null]);
    assert.deepEqual([batch.key(1), batch.value(1)?.length], [null, 0]);
    assert.equal(batch.timestamp(0), 4102444800123);
    assert.deepEqual(
      batch.headers(0).map(([name, value]) => [name, value && Buffer.from(value)]),
      headers,
    );
    assert.equal(batch.headerCount(1), 0);
    await reader.close();
  });

  test("answers with librdkafka's code what it does not take, and no report comes", async () => {
    const producer = await newProducer(cluster.address, {
      "dr_cb": true,
      "queue.buffering.max.messages": 1,
      "linger.ms": 1000,
    });
    const reports: unknown[] = [];
    producer.on("delivery-report", (_, { opaque }) => reports.push(opaque));
    const native = producer.getClient();
    const topic = newTopic();
    const send = (opaque: number) => produceExactly(native, topic, 0, null, null, 0, opaque, pairs);
    assert.deepEqual([send(1), send(2)], [0, QUEUE_FULL]);
    producer.setPollInterval(5);
    await until(() => reports.length > 0);
    await disconnect(producer);
    assert.deepEqual(reports, [1]);
    assert.equal(send(3), STATE);
  });

  test("refuses what is no producer", () => {
    for (const other of [{}, null, 5]) {
      assert.throws(
        () => produceExactly(other as never, "t", 0, null, null, 0, null, []),
        /native client of a Producer/,
      );
    }
  });
});
