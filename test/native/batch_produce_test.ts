import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import { batchProduce, BatchSender, produceExactly, readAll } from "./batch_harness.ts";
import {
  disconnect,
  makeTopic,
  type MockCluster,
  mockCluster,
  newProducer,
  turn,
  until,
} from "./support.ts";

const QUEUE_FULL = -184;
const TOO_LARGE = 10;

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster();
});
after(() => cluster.close());

describe("batchProduce", () => {
  test("sends each message with all that it has in common with the others, and reports each", async () => {
    const sender = await BatchSender.open(cluster.address);
    const topic = await makeTopic(sender.producer);
    const values = ["", "a\0b", "ü".repeat(300), Buffer.from([0xff, 0xfe])];
    const headers = ["name", null, "name", "", "id", "left out", "ü", "\0\xff"].map((text) =>
      text === null ? null : Buffer.from(text, "latin1")
    );
    const uuids = Uint8Array.from({ length: 16 * values.length }, (_, i) => (7 * i) & 0xff);
    const given = { topic, values, headers, uuidAt: 2, key: Buffer.from("k\0"), uuids };
    const at = { timestamp: 4102444800123, sequence: 2 ** 40 };
    assert.deepEqual(sender.produce({ ...given, ...at }), [4, 0]);
    await until(() => sender.reports.length === 4);
    assert.deepEqual(sender.reports.map(({ error }) => error), [0, 0, 0, 0]);

    const read = await readAll(cluster.address, topic, 4);
    for (const [i, value] of values.entries()) {
      const { partition, offset } = sender.reports.find(({ sequence }) =>
        sequence === at.sequence + i
      )!;
      const message = read.find((other) =>
        other.partition === partition && other.offset === offset
      )!;
      assert.deepEqual(message.value, Buffer.from(value));
      assert.deepEqual(message.key, Buffer.from("k\0"));
      assert.equal(message.timestamp, at.timestamp);
      const bytes = Buffer.from(uuids.subarray(16 * i, 16 * i + 16));
      bytes[6] = 0x40 | (bytes[6]! & 0x0f);
      bytes[8] = 0x80 | (bytes[8]! & 0x3f);
      const uuid = bytes.toString("hex")
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
      assert.deepEqual(message.headers.map(([, value]) => value), [
        null,
        Buffer.alloc(0),
        Buffer.from(uuid),
        Buffer.from([0, 0xff]),
      ]);
      assert.deepEqual(message.headers.slice(0, 3).map(([name]) => name), ["name", "name", "id"]);
    }
    await disconnect(sender.producer);
  });

  test("writes headers of any length as librdkafka's own functions do", async () => {
    const sender = await BatchSender.open(cluster.address);
    const lengths = [0, 1, 63, 64, 127, 128, 8191, 8192, 70_000];
    const headers = lengths.flatMap((length) => [
      Buffer.alloc(length % 9000, "n"),
      Buffer.alloc(length, "v"),
    ]);
    const topic = await makeTopic(sender.producer);
    assert.deepEqual(sender.produce({ topic, values: ["1", "2"], headers }), [2, 0]);
    const other = await makeTopic(sender.producer);
    const value = Buffer.from("1");
    const native = sender.producer.getClient();
    assert.equal(produceExactly(native, other, 0, value, null, 0, null, headers), 0);
    const [first, second] = await readAll(cluster.address, topic, 2);
    const [exact] = await readAll(cluster.address, other, 1);
    assert.deepEqual(first!.headers.map(([, value]) => value!.length), lengths);
    assert.deepEqual(first!.headers, exact!.headers);
    assert.deepEqual(second!.headers, exact!.headers);
    await disconnect(sender.producer);
  });

  test("sends without headers and without a key", async () => {
    const sender = await BatchSender.open(cluster.address);
    const topic = await makeTopic(sender.producer);
    assert.deepEqual(sender.produce({ topic, values: ["1"] }), [1, 0]);
    const [message] = await readAll(cluster.address, topic, 1);
    assert.deepEqual([message!.key, message!.headers], [null, []]);
    assert.ok(Math.abs(message!.timestamp - Date.now()) < 3_600_000);
    await disconnect(sender.producer);
  });

  test("announces reports once until they are taken, in batches", async () => {
    const producer = await newProducer(cluster.address, { "dr_cb": true, "linger.ms": 1 });
    producer.setPollInBackground(true);
    const topic = await makeTopic(producer);
    let wakes = 0;
    const handle = batchProduce.attach(producer.getClient(), () => wakes++);
    assert.equal(batchProduce.reports(handle), null);
    const send = (sequence: number) => {
      const lengths = new Int32Array(500).fill(1);
      const [bytes, uuids] = [Buffer.alloc(500, "x"), new Uint8Array(0)];
      const rest = [null, 0, bytes, lengths, uuids, 0, 500] as const;
      return batchProduce.produce(handle, topic, [], -1, ...rest, sequence);
    };
    let seen = 0;
    for (const round of [1, 2]) {
      assert.deepEqual(send(500 * round), [500, 0]);
      await until(() => wakes === round);
      for (let total = 0; total < 500;) {
        const [count = 0] = batchProduce.reports(handle) ?? [];
        total += count;
        seen += count;
        // The rest of them is announced again.
        if (total < 500) await turn();
      }
      wakes = round;
    }
    assert.equal(seen, 1000);
    await disconnect(producer);
  });

  test("stops at the first message that is not taken, and goes on from there later", async () => {
    const sender = await BatchSender.open(cluster.address, {
      "queue.buffering.max.messages": 3,
      "linger.ms": 50,
    });
    const topic = await makeTopic(sender.producer);
    const given = {
      topic,
      values: ["0", "1", "2", "3", "4"],
      uuidAt: 0,
      headers: [Buffer.from("id"), null],
    };
    assert.deepEqual(sender.produce(given), [3, QUEUE_FULL]);
    await until(() => sender.reports.length === 3);
    assert.deepEqual(sender.produce({ ...given, from: 3, count: 2, sequence: 3 }), [2, 0]);
    await until(() => sender.reports.length === 5);
    const read = await readAll(cluster.address, topic, 5);
    const bySequence = sender.reports.toSorted((a, b) => a.sequence - b.sequence)
      .map(({ partition, offset }) =>
        read.find((message) => message.partition === partition && message.offset === offset)!
      );
    assert.deepEqual(bySequence.map(({ value }) => String(value)), given.values);
    await disconnect(sender.producer);
  });

  test("stops at one that is too large, which can be left out", async () => {
    const sender = await BatchSender.open(cluster.address, { "message.max.bytes": 1000 });
    const topic = await makeTopic(sender.producer);
    const given = { topic, values: ["1", "x".repeat(2000), "3"] };
    assert.deepEqual(sender.produce(given), [1, TOO_LARGE]);
    assert.deepEqual(sender.produce({ ...given, from: 2, count: 1, sequence: 2 }), [1, 0]);
    await until(() => sender.reports.length === 2);
    assert.deepEqual(
      (await readAll(cluster.address, topic, 2)).map(({ value }) => String(value)).sort(),
      [
        "1",
        "3",
      ],
    );
    await disconnect(sender.producer);
  });

  test("leaves the package's own messages and reports alone", async () => {
    const sender = await BatchSender.open(cluster.address);
    const topic = await makeTopic(sender.producer);
    const opaques: unknown[] = [];
    sender.producer.on("delivery-report", (_, { opaque }) => opaques.push(opaque));
    const native = sender.producer.getClient();
    for (let i = 0; i < 10; i++) {
      assert.deepEqual(sender.produce({ topic, values: ["b"], sequence: i }), [1, 0]);
      assert.equal(produceExactly(native, topic, 0, null, null, 0, { i }, []), 0);
    }
    await until(() => opaques.length === 10 && sender.reports.length === 10);
    assert.deepEqual(opaques, Array.from({ length: 10 }, (_, i) => ({ i })));
    const sequences = sender.reports.map(({ sequence }) => sequence).sort((a, b) => a - b);
    assert.deepEqual(sequences, Array.from({ length: 10 }, (_, i) => i));
    await disconnect(sender.producer);
  });
});
