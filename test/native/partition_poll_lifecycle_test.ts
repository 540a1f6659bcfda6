import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Producer } from "@confluentinc/kafka-javascript";
import { Batch } from "../../src/kafka/batch.ts";
import { MEBIBYTE, numbered, Reader, UNLIMITED } from "./reader.ts";
import {
  ASSIGN,
  collectGarbage,
  connect,
  type Consumer,
  disconnect,
  makeTopic,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  newTopic,
  partitionPoll,
  send,
  turn,
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

describe("partitionPoll refuses", () => {
  test("what is not the native client of a connected consumer", async () => {
    const client = await newProducer(cluster.address);
    const unconnected = newConsumer(cluster.address);
    // deno-lint-ignore no-explicit-any
    const wrong = [{}, null, 1, client.getClient(), unconnected.getClient(), unconnected] as any[];
    for (const value of wrong) {
      assert.throws(() => partitionPoll.attach(value, () => {}), {
        name: "TypeError",
        message: "partitionPoll.attach needs the native client of a connected KafkaConsumer",
      });
    }
    await disconnect(client);
  });

  test("wrong arguments, and takes no message then", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(3));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0, lane: 2 }]);
    await reader.prefetched(3);
    const { handle } = reader;
    const poll = (...args: unknown[]) =>
      // deno-lint-ignore no-explicit-any
      (partitionPoll.poll as any)(...args);
    const wrong: [unknown[], RegExp][] = [
      [[{}, 1, 1, 1, reader.room], /handle/],
      [[handle, -1, 1, 1, reader.room], /max/],
      [[handle, 1, 0, 1, reader.room], /perQueue/],
      [[handle, 1, 1, "x", reader.room], /maxBytes/],
      [[handle, 1, 1, NaN, reader.room], /maxBytes/],
      [[handle, 1, 1, 1, new Int32Array(2)], /Int32Array of 3 entries/],
      [[handle, 1, 1, 1, new Float64Array(9)], /Int32Array/],
      [[handle, 1, 1, 1], /Int32Array/],
    ];
    for (const [args, message] of wrong) {
      assert.throws(() => poll(...args), { name: "TypeError", message });
    }
    assert.throws(() => partitionPoll.open(handle, topic, 0, -1), /lane/);
    assert.equal(reader.poll()!.count, 3);
    await reader.close();
  });
});

describe("partitionPoll after", () => {
  test("detach does nothing, and detaching twice is harmless", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(10));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(10);
    partitionPoll.detach(reader.handle);
    partitionPoll.detach(reader.handle);
    assertInert(reader, topic);
    await disconnect(reader.consumer);
    assertInert(reader, topic);
  });

  test("a disconnect without detach does nothing", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(10));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(10);
    const closing = disconnect(reader.consumer);
    // While it closes, on another thread, polling goes on.
    for (let i = 0; i < 100; i++) reader.poll();
    await closing;
    assert.equal(reader.poll(), null);
    assert.equal(partitionPoll.open(reader.handle, topic, 0, 0), -1);
    partitionPoll.close(reader.handle, reader.queues[0]!);
    partitionPoll.detach(reader.handle);
    assertInert(reader, topic);
  });

  test("close frees the queue; its number is not used again", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(10));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.prefetched(10);
    const [queue] = reader.queues as [number];
    reader.consumer.unassign();
    partitionPoll.close(reader.handle, queue);
    partitionPoll.close(reader.handle, queue);
    partitionPoll.block(reader.handle, queue, true);
    assert.equal(partitionPoll.queued(reader.handle), 0);

    const again = partitionPoll.open(reader.handle, topic, 0, 0);
    assert.notEqual(again, queue);
    reader.consumer.assign([{ topic, partition: 0, offset: 4 }]);
    const batches = await reader.take(6);
    assert.deepEqual(batches.flatMap((batch) => offsets(batch)), [4, 5, 6, 7, 8, 9]);
    assert.ok(batches.every((batch) => batch.queue(0) === again));
    await reader.close();
  });

  test("a partition was opened a second time: the later queue gets its messages", async () => {
    const topic = newTopic();
    await send(producer, topic, 0, numbered(10));
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    const later = partitionPoll.open(reader.handle, topic, 0, 0);
    partitionPoll.close(reader.handle, reader.queues[0]!);
    await reader.prefetched(10);
    const batch = reader.poll()!;
    assert.deepEqual([batch.count, batch.queue(0)], [10, later]);
    await reader.close();
  });

  test("the handle was dropped: it is collected and the consumer still disconnects", async (t) => {
    if (!collectGarbage()) return t.skip("the runtime does not expose garbage collection");
    const topic = newTopic();
    await send(producer, topic, 0, numbered(100));
    let finalized = 0;
    const registry = new FinalizationRegistry(() => finalized++);
    const consumers: Consumer[] = [];
    for (let i = 0; i < 4; i++) consumers.push(await openAndDrop(topic, registry));
    // Which of them goes in which collection is the runtime's choice.
    await until(() => collectGarbage() && finalized >= 3);
    for (const consumer of consumers) await disconnect(consumer);
  });
});

function offsets(batch: Batch): number[] {
  return Array.from({ length: batch.count }, (_, index) => batch.offset(index));
}

async function openAndDrop(
  topic: string,
  registry: FinalizationRegistry<unknown>,
): Promise<Consumer> {
  const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
  await reader.prefetched(100);
  reader.poll(10);
  registry.register(reader.handle, undefined);
  return reader.consumer;
}

function assertInert({ handle, queues, room }: Reader, topic: string): void {
  assert.equal(partitionPoll.poll(handle, 10, 10, MEBIBYTE, room), null);
  assert.equal(partitionPoll.open(handle, topic, 0, 0), -1);
  assert.equal(partitionPoll.queued(handle), 0);
  partitionPoll.block(handle, queues[0]!, true);
  partitionPoll.close(handle, queues[0]!);
  partitionPoll.detach(handle);
}

test("partitionPoll serves two consumers at once, each its own messages", async () => {
  const topics = [newTopic(), newTopic()] as const;
  for (const topic of topics) await send(producer, topic, 0, numbered(500));
  const readers = await Promise.all(
    topics.map((topic) => Reader.open(cluster.address, [{ topic, partition: 0 }])),
  );
  const taken = await Promise.all(readers.map((reader) => reader.take(500)));
  for (const batches of taken) {
    assert.equal(batches.reduce((sum, batch) => sum + batch.count, 0), 500);
  }
  await readers[0]!.close();
  // The other one goes on.
  await send(producer, topics[1], 0, numbered(5));
  await readers[1]!.take(5);
  await readers[1]!.close();
});

test("partitionPoll under a group: rebalances, commits and statistics still call back", async () => {
  const topic = await makeTopic(cluster.owner);
  for (let partition = 0; partition < 4; partition++) {
    await send(producer, topic, partition, numbered(100));
  }
  const seen = { assigned: 0, statistics: 0, commits: [] as { offset: number }[] };
  const room = new Int32Array([UNLIMITED]);
  const consumer = newConsumer(cluster.address, {
    "group.id": newTopic(),
    "group.protocol": "consumer",
    "statistics.interval.ms": 50,
    "rebalance_cb": (
      error: { code: number },
      partitions: { topic: string; partition: number }[],
    ) => {
      if (error.code === ASSIGN) {
        for (const { topic, partition } of partitions) {
          partitionPoll.open(handle, topic, partition, 0);
        }
        seen.assigned += partitions.length;
        consumer.incrementalAssign(partitions);
      } else if (consumer.rebalanceProtocol() === "NONE") consumer.unassign();
      else consumer.incrementalUnassign(partitions);
    },
    "offset_commit_cb": (_error: unknown, partitions: { offset: number }[]) =>
      seen.commits.push(...partitions),
  });
  consumer.on("event.stats", () => seen.statistics++);
  await connect(consumer);
  const handle = partitionPoll.attach(consumer.getClient(), () => {});
  consumer.subscribe([topic]);

  let received = 0;
  const pollOnce = () => {
    const columns = partitionPoll.poll(handle, 1000, 100, MEBIBYTE, room);
    if (columns) received += new Batch(columns).count;
  };
  await until(() => (pollOnce(), received >= 400 && seen.statistics > 0));
  assert.equal(seen.assigned, 4);
  consumer.commit([{ topic, partition: 1, offset: 100 }]);
  await until(() => (pollOnce(), seen.commits.length > 0));
  assert.equal(seen.commits[0]!.offset, 100);
  partitionPoll.detach(handle);
  await disconnect(consumer);
});

test("partitionPoll through 30 cycles of connect, prefetch and disconnect, in either order", async () => {
  const topic = newTopic();
  await send(producer, topic, 0, numbered(1000));
  for (let cycle = 0; cycle < 30; cycle++) {
    const reader = await Reader.open(cluster.address, [{ topic, partition: 0 }]);
    await reader.take(cycle % 3 === 0 ? 1 : 500);
    if (cycle % 2 === 0) partitionPoll.detach(reader.handle);
    await disconnect(reader.consumer);
    partitionPoll.detach(reader.handle);
    await turn();
  }
});
