import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import type { Producer } from "@confluentinc/kafka-javascript";
import type { Batch } from "../../src/kafka/batch.ts";
import { numbered, Reader, UNLIMITED } from "./reader.ts";
import {
  disconnect,
  type MockCluster,
  mockCluster,
  newProducer,
  newTopic,
  PARTITION_EOF,
  partitionPoll,
  send,
  until,
} from "./support.ts";

let cluster: MockCluster;
let producer: Producer;

before(async () => {
  cluster = await mockCluster();
  producer = await newProducer(cluster.address);
});
after(async () => {
  await disconnect(producer);
  await cluster.close();
});

describe("partitionPoll.poll returns", () => {
  test("keys, values and headers as they were sent: null, empty, binary, duplicate", async () => {
    const topic = newTopic();
    const binary = new Uint8Array([0, 255, 0, 1]);
    await send(producer, topic, 0, [
      {
        key: "kéy",
        value: Buffer.from("välue"),
        timestamp: 4102444800123,
        headers: [{ a: "1" }, { "ü": "" }, { a: Buffer.from(binary) }],
      },
      { key: null, value: null },
      { key: Buffer.alloc(0), value: Buffer.alloc(0) },
      { key: Buffer.from(binary), value: Buffer.alloc(900_000, "é") },
    ]);
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(4);
    const batch = reader.poll()!;

    assert.equal(batch.count, 4);
    assert.deepEqual([0, 1, 2, 3].map((i) => batch.offset(i)), [0, 1, 2, 3]);
    assert.deepEqual([0, 1, 2, 3].map((i) => batch.error(i)), [0, 0, 0, 0]);
    assert.equal(batch.queue(0), reader.queues[0]);
    assert.equal(batch.keyText(0), "kéy");
    assert.equal(batch.valueText(0), "välue");
    assert.equal(batch.timestamp(0), 4102444800123);
    assert.deepEqual(
      batch.headers(0).map(([name, value]) => [name, [...value!]]),
      [["a", [0x31]], ["ü", []], ["a", [...binary]]],
    );
    assert.deepEqual([...batch.header(0, Buffer.from("a"))!], [...binary], "the last one counts");
    assert.equal(batch.header(0, Buffer.from("ü"))!.length, 0);
    assert.equal(batch.header(0, Buffer.from("b")), undefined);

    assert.deepEqual([batch.key(1), batch.value(1)], [null, null]);
    assert.deepEqual([batch.key(2)!.length, batch.value(2)!.length], [0, 0]);
    assert.deepEqual([...batch.key(3)!], [...binary]);
    assert.ok(Buffer.from(batch.value(3)!).equals(Buffer.alloc(900_000, "é")));
    assert.equal(batch.headerCount(3), 0);
    await reader.close();
  });

  test("whether all is ASCII, wherever the one byte lies that is not", async () => {
    const topic = newTopic();
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    // Of words of eight bytes, and of what is left behind the last of them.
    for (let at = -1; at < 20; at++) {
      const value = Buffer.alloc(20, 0x7f);
      if (at >= 0) value[at] = 0x80;
      await send(producer, topic, 0, [{ key: "k", value }]);
      const [batch] = await reader.take(1);
      assert.equal(batch!.ascii, at === -1, `at ${at}`);
    }
    await reader.close();
  });

  test("no queue's message twice, all of them in order", async () => {
    const topic = newTopic();
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic, partition }));
    for (const { partition } of partitions) await send(producer, topic, partition, numbered(5000));
    const reader = await Reader.open(cluster.address, partitions);
    const next = new Map(reader.queues.map((queue) => [queue, 0]));
    for (const batch of await reader.take(20_000)) {
      for (let i = 0; i < batch.count; i++) {
        assert.equal(batch.error(i), 0);
        assert.equal(batch.offset(i), next.get(batch.queue(i)));
        assert.equal(batch.valueText(i), `${batch.offset(i)} `);
        next.set(batch.queue(i), batch.offset(i) + 1);
      }
    }
    assert.deepEqual([...next.values()], [5000, 5000, 5000, 5000]);
    assert.equal(reader.poll(), null);
    await reader.close();
  });

  test("errors after messages in one batch, with topic, partition and text", async () => {
    const topic = newTopic();
    await send(producer, topic, 2, numbered(3));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 2 }], {
      "enable.partition.eof": true,
    });
    await reader.prefetched(4);
    const batch = reader.poll()!;
    assert.equal(batch.count, 4);
    assert.deepEqual([0, 1, 2, 3].map((i) => batch.error(i)), [0, 0, 0, PARTITION_EOF]);
    assert.equal(batch.errorTopic(3), topic);
    assert.equal(batch.errorPartition(3), 2);
    assert.equal(batch.offset(3), 3, "the end of the partition");
    assert.match(batch.errorText(3), /end of partition|No more messages/i);
    assert.equal(batch.queue(3), reader.queues[0]);
    await reader.close();
  });

  test("null when there is nothing", async () => {
    const reader = await Reader.open(cluster.address, [{ topic: newTopic(), partition: 0 }]);
    assert.equal(reader.poll(), null);
    await reader.close();
  });
});

describe("partitionPoll.poll keeps to", () => {
  test("max and perQueue, in turns, and says that there is more", async () => {
    const topic = newTopic();
    const partitions = [0, 1, 2].map((partition) => ({ topic, partition }));
    for (const { partition } of partitions) await send(producer, topic, partition, numbered(100));
    const reader = await Reader.open(cluster.address, partitions);
    await reader.prefetched(300);
    const batch = reader.poll(70, 10)!;
    assert.equal(batch.count, 70);
    assert.equal(batch.more, true);
    const shares = reader.queues.map((queue) => count(batch, (i) => batch.queue(i) === queue));
    assert.deepEqual(shares.sort(), [20, 20, 30], "after two rounds one has had a third turn");
    const rest = reader.poll(1000, 1000)!;
    assert.equal(rest.count, 230);
    assert.equal(rest.more, false);
    await reader.close();
  });

  test("fair shares, also when max is no multiple of perQueue", async () => {
    const topic = newTopic();
    const partitions = [0, 1].map((partition) => ({ topic, partition }));
    for (const { partition } of partitions) await send(producer, topic, partition, numbered(200));
    const reader = await Reader.open(cluster.address, partitions);
    await reader.prefetched(400);
    const taken = new Map(reader.queues.map((queue) => [queue, 0]));
    for (let polls = 0; polls < 10; polls++) {
      const batch = reader.poll(25, 20)!;
      for (let i = 0; i < batch.count; i++) {
        const queue = batch.queue(i);
        if (batch.error(i) === 0) taken.set(queue, taken.get(queue)! + 1);
      }
    }
    const [one, other] = [...taken.values()] as [number, number];
    assert.equal(one + other, 250);
    assert.ok(Math.abs(one - other) <= 5, `${one} and ${other}`);
    await reader.close();
  });

  test("the room of each lane, which it reduces, and goes on where it stopped", async () => {
    const topic = newTopic();
    const full = [0, 1].map((partition) => ({ topic, partition, lane: 0 }));
    const free = [2, 3].map((partition) => ({ topic, partition, lane: 1 }));
    for (let partition = 0; partition < 4; partition++) {
      await send(producer, topic, partition, numbered(50));
    }
    const reader = await Reader.open(cluster.address, [...full, ...free]);
    await reader.prefetched(200);
    reader.room.set([3, 80]);
    const batch = reader.poll(1000, 10)!;
    assert.deepEqual([...reader.room], [0, 0]);
    assert.equal(batch.count, 83);
    assert.equal(batch.more, false, "what has no room is not more");
    assert.equal(reader.poll(), null);

    // One message at a time goes to each queue of the lane in turn.
    const served: number[] = [];
    for (let i = 0; i < 4; i++) {
      reader.room.set([1, 0]);
      const one = reader.poll()!;
      assert.equal(one.count, 1);
      served.push(one.queue(0));
    }
    const [first, second] = reader.queues as [number, number];
    assert.deepEqual(served.sort(), [first, first, second, second]);
    await reader.close();
  });

  test("a lane without room: the others get theirs, and it keeps its prefetch", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(1000));
    await send(producer, topic, 1, numbered(1000));
    const reader = await Reader.open(cluster.address, [
      { topic, partition: 0, lane: 0 },
      { topic, partition: 1, lane: 1 },
    ]);
    await reader.prefetched(2000);
    const prefetched = partitionPoll.queued(reader.handle);
    reader.room.set([0, UNLIMITED]);
    const batches = await reader.take(1000);
    for (const batch of batches) {
      assert.equal(count(batch, (i) => batch.queue(i) === reader.queues[1]), batch.count);
    }
    assert.equal(prefetched, 2002, "with a barrier in each queue");
    assert.equal(partitionPoll.queued(reader.handle), 1001);
    await reader.close();
  });

  test("maxBytes, but for one chunk", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(2000, 1000));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(2000);
    reader.poll(20, 20); // learns how large they are
    const batch = reader.poll(1000, 1000, 100_000)!;
    assert.ok(batch.byteLength >= 100_000 && batch.byteLength <= 110_000, `${batch.byteLength}`);
    assert.equal(batch.more, true);
    await reader.close();
  });

  test("the main queue alone when max is 0", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(10));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(10);
    assert.equal(reader.poll(0), null);
    assert.equal(reader.poll()!.count, 10);
    await reader.close();
  });
});

function count(batch: Batch, accept: (index: number) => boolean): number {
  let accepted = 0;
  for (let i = 0; i < batch.count; i++) if (accept(i)) accepted++;
  return accepted;
}

describe("partitionPoll wakes", () => {
  test("for each arrival on an empty queue, none lost", async () => {
    const topic = newTopic();
    const partitions = [0, 1, 2, 3].map((partition) => ({ topic, partition }));
    const reader = await Reader.open(cluster.address, partitions);
    await send(producer, topic, 0, numbered(1));
    await reader.take(1);
    const rounds = 100;
    let received = 0;
    for (let round = 0; round < rounds; round++) {
      reader.wakes = 0;
      await send(producer, topic, round % 4, numbered(1));
      // Nothing but a wake-up lets this go on: a lost one makes the test time out.
      let got = 0;
      while (got === 0) {
        await until(() => reader.wakes > 0);
        reader.wakes = 0;
        got = reader.poll()?.count ?? 0;
      }
      received += got;
    }
    assert.equal(received, rounds);
    await reader.close();
  });

  test("once for what comes to a blocked queue, and again when it is unblocked", async () => {
    const topic = newTopic();
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    partitionPoll.block(reader.handle, reader.queues[0]!, true);
    await send(producer, topic, 0, numbered(5));
    await reader.prefetched(5);
    assert.equal(reader.poll(), null, "blocked");
    reader.wakes = 0;
    partitionPoll.block(reader.handle, reader.queues[0]!, false);
    await until(() => reader.wakes > 0);
    assert.equal(reader.poll()!.count, 5);
    await reader.close();
  });
});
