import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import { batchProduce, BatchSender, readAll } from "./batch_harness.ts";
import {
  collectGarbage,
  disconnect,
  makeTopic,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  newTopic,
  turn,
  until,
} from "./support.ts";

const STATE = -172;

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster();
});
after(() => cluster.close());

describe("a handle of batchProduce", () => {
  test("takes nothing after the disconnect; reports can still be fetched", async () => {
    const producer = await newProducer(cluster.address, { "dr_cb": true, "linger.ms": 0 });
    producer.setPollInBackground(true);
    const topic = await makeTopic(producer);
    let woken = false;
    const handle = batchProduce.attach(producer.getClient(), () => woken = true);
    const rest = [
      [],
      -1,
      null,
      0,
      Buffer.from("x"),
      Int32Array.of(1),
      new Uint8Array(),
      0,
      1,
    ] as const;
    assert.deepEqual(batchProduce.produce(handle, topic, ...rest, 5), [1, 0]);
    await until(() => woken);
    await disconnect(producer);
    assert.deepEqual(batchProduce.produce(handle, topic, ...rest, 6), [0, STATE]);
    const [count, columns] = batchProduce.reports(handle)!;
    assert.deepEqual([count, new Float64Array(columns, 0, 1)[0]], [1, 5]);
    assert.equal(batchProduce.reports(handle), null);
    batchProduce.detach(handle);
    batchProduce.detach(handle);
    assert.equal(batchProduce.reports(handle), null);
    assert.deepEqual(batchProduce.produce(handle, topic, ...rest, 7), [0, STATE]);
  });

  test("a handle that is dropped, or detached, is told nothing; the client goes on", async () => {
    const producer = await newProducer(cluster.address, { "dr_cb": true, "linger.ms": 1 });
    producer.setPollInBackground(true);
    const topic = await makeTopic(producer);
    const rest = [
      [],
      -1,
      null,
      0,
      Buffer.from("x"),
      Int32Array.of(1),
      new Uint8Array(),
      0,
      1,
    ] as const;
    let told = 0;
    for (let round = 0; round < 20; round++) {
      const isDetached = round % 2 === 0;
      const handle = batchProduce.attach(producer.getClient(), () => isDetached && told++);
      assert.deepEqual(batchProduce.produce(handle, topic, ...rest, round), [1, 0]);
      if (isDetached) batchProduce.detach(handle);
      if (round % 5 === 0) collectGarbage();
    }
    collectGarbage();
    await turn();
    let woken = false;
    const sender = batchProduce.attach(producer.getClient(), () => woken = true);
    assert.deepEqual(batchProduce.produce(sender, topic, ...rest, 99), [1, 0]);
    // Reports of the others' messages that are still to come are its own.
    const reported: number[] = [];
    await until(() => {
      const [count, columns] = batchProduce.reports(sender) ?? [0, new ArrayBuffer(0)];
      reported.push(...new Float64Array(columns, 0, count));
      return reported.includes(99);
    });
    await until(() => woken);
    assert.equal(told, 0, "detached handles are not woken");
    await readAll(cluster.address, topic, 21);
    await disconnect(producer);
  });

  test("refuses what is no producer, no handle and no batch", async () => {
    const consumer = newConsumer(cluster.address);
    for (const other of [{}, null, 5, consumer]) {
      assert.throws(
        () => batchProduce.attach(other as never, () => {}),
        /native client of a connected Producer/,
      );
    }
    assert.throws(() => batchProduce.reports({} as never), /handle that its attach\(\) returned/);
    const { producer, handle } = await BatchSender.open(cluster.address);
    const topic = newTopic();
    const good = {
      headers: [Buffer.from("id"), null] as unknown[],
      uuidAt: 0,
      key: null as unknown,
      bytes: Buffer.from("abc") as unknown,
      lengths: Int32Array.of(1, 2) as unknown,
      uuids: new Uint8Array(32) as unknown,
      from: 0,
      count: 2,
    };
    const attempt = (changes: Partial<typeof good>) => {
      const { headers, uuidAt, key, bytes, lengths, uuids, from, count } = { ...good, ...changes };
      // deno-lint-ignore no-explicit-any
      const call = batchProduce.produce as any;
      call(handle, topic, headers, uuidAt, key, 0, bytes, lengths, uuids, from, count, 0);
    };
    const wrong: [changes: Partial<typeof good>, message: RegExp][] = [
      [{ lengths: Int32Array.of(1, 3) }, /bytes for all lengths/],
      [{ lengths: Int32Array.of(4, -1) }, /lengths from 0/],
      [{ lengths: Int32Array.of(1) }, /Int32Array of 2 entries or more as lengths/],
      [{ from: 1 }, /Int32Array of 3 entries or more as lengths/],
      [{ from: -1 }, /integer from 0 .* as from/],
      [{ lengths: [1, 2] }, /Int32Array/],
      [{ uuids: new Uint8Array(31) }, /16 random bytes for each UUID/],
      [{ bytes: "abc" }, /Uint8Array as bytes/],
      [{ key: "k" }, /Uint8Array as key/],
      [{ headers: ["id", null] }, /Uint8Array as a header's name/],
      [{ headers: [Buffer.from("id"), "v"], uuidAt: -1 }, /Uint8Array as a header's value/],
      [{ headers: null as never }, /array as headers/],
    ];
    for (const [changes, message] of wrong) {
      assert.throws(() => attempt(changes), { name: "TypeError", message }, String(message));
    }
    await disconnect(producer);
  });
});
