import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import type { Producer } from "@confluentinc/kafka-javascript";
import { Batch } from "../../src/kafka/batch.ts";
import type { PollHandle } from "../../src/kafka/addon.ts";
import {
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
  PARTITION_EOF,
  partitionPoll,
  send,
  type Sent,
  turn,
  until,
} from "./support.ts";

const UNLIMITED = 2 ** 31 - 1;
const MEBIBYTE = 2 ** 20;

/** A consumer that was assigned partitions by hand, with a queue for each. */
class Reader {
  readonly consumer: Consumer;
  readonly handle: PollHandle;
  readonly queues: number[] = [];
  readonly room: Int32Array;
  wakes = 0;

  private constructor(consumer: Consumer, lanes: number) {
    this.consumer = consumer;
    this.room = new Int32Array(lanes).fill(UNLIMITED);
    this.handle = partitionPoll.attach(consumer.getClient(), () => this.wakes++);
  }

  static async open(
    address: string,
    partitions: readonly { topic: string; partition: number; lane?: number }[],
    properties: Record<string, unknown> = {},
  ): Promise<Reader> {
    const consumer = await connect(newConsumer(address, properties));
    const reader = new Reader(consumer, 1 + Math.max(...partitions.map(({ lane = 0 }) => lane)));
    for (const { topic, partition, lane = 0 } of partitions) {
      reader.queues.push(partitionPoll.open(reader.handle, topic, partition, lane));
    }
    consumer.assign(partitions.map(({ topic, partition }) => ({ topic, partition, offset: 0 })));
    return reader;
  }

  poll(max = 1000, perQueue = 100, maxBytes = 64 * MEBIBYTE): Batch | null {
    const columns = partitionPoll.poll(this.handle, max, perQueue, maxBytes, this.room);
    return columns && new Batch(columns);
  }

  /** Waits until all queues together hold so many messages. */
  async prefetched(messages: number): Promise<void> {
    await until(() => partitionPoll.queued(this.handle) >= messages);
  }

  /** Polls until so many entries have come. */
  async take(entries: number): Promise<Batch[]> {
    const batches: Batch[] = [];
    let count = 0;
    await until(() => {
      const batch = this.poll();
      if (batch) {
        batches.push(batch);
        count += batch.count;
      }
      return count >= entries;
    });
    return batches;
  }

  async close(): Promise<void> {
    partitionPoll.detach(this.handle);
    await disconnect(this.consumer);
  }
}

function numbered(count: number, size = 0): Sent[] {
  return Array.from({ length: count }, (_, i) => ({
    value: Buffer.from(`${i} `.padEnd(size, "x")),
  }));
}

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
    assert.deepEqual([...batch.header(0, "a")!], [...binary], "the last one counts");
    assert.equal(batch.header(0, "ü")!.length, 0);
    assert.equal(batch.header(0, "b"), undefined);

    assert.deepEqual([batch.key(1), batch.value(1)], [null, null]);
    assert.deepEqual([batch.key(2)!.length, batch.value(2)!.length], [0, 0]);
    assert.deepEqual([...batch.key(3)!], [...binary]);
    assert.ok(Buffer.from(batch.value(3)!).equals(Buffer.alloc(900_000, "é")));
    assert.equal(batch.headerCount(3), 0);
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
    // Three messages, the end, and an entry of librdkafka's own from the start of fetching.
    await reader.prefetched(5);
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
    // Beside the messages, the other queue may have had an entry of librdkafka's own.
    const left = partitionPoll.queued(reader.handle);
    assert.ok(left >= prefetched - 1001 && left >= 1000, `${left} of ${prefetched} left`);
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
    await reader.prefetched(6);
    const batch = reader.poll()!;
    assert.deepEqual([batch.count, batch.offset(0), batch.queue(0)], [6, 4, again]);
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
      if (error.code === -175) {
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
