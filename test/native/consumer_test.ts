import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import {
  ASSIGN,
  call,
  collectGarbage,
  connect,
  disconnect,
  makeTopic,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  newTopic,
  type Partition,
  send,
  until,
} from "./support.ts";

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster();
});
after(() => cluster.close());

interface Message {
  topic: string;
  partition: number;
  offset: number;
  value: Buffer;
}

describe("a consumer of a group", () => {
  for (const protocol of ["consumer", "classic"] as const) {
    test(`calls back for rebalances, commits, statistics, logs and ends (${protocol})`, async () => {
      const producer = await newProducer(cluster.address, { "compression.type": "zstd" });
      const topic = await makeTopic(producer);
      for (let partition = 0; partition < 4; partition++) {
        await send(producer, topic, partition, [{ value: Buffer.from(`${partition}`) }]);
      }
      const seen = { assigned: 0, revoked: 0, statistics: 0, logs: 0, ends: 0, wakes: 0 };
      const commits: { offset: number }[] = [];
      const consumer = newConsumer(cluster.address, {
        "group.id": newTopic(),
        "statistics.interval.ms": 20,
        "debug": "cgrp",
        "enable.partition.eof": true,
        "queue_non_empty_cb": () => seen.wakes++,
        ...(protocol === "consumer" ? { "group.protocol": "consumer" } : {
          "partition.assignment.strategy": "cooperative-sticky",
        }),
        "rebalance_cb": (error: { code: number }, partitions: Partition[]) => {
          if (error.code === ASSIGN) {
            seen.assigned += partitions.length;
            consumer.incrementalAssign(partitions);
          } else {
            seen.revoked += partitions.length;
            if (consumer.rebalanceProtocol() === "NONE") consumer.unassign();
            else consumer.incrementalUnassign(partitions);
          }
        },
        "offset_commit_cb": (_error: unknown, partitions: { offset: number }[]) =>
          commits.push(...partitions),
      });
      consumer.on("event.stats", ({ message }) => {
        assert.equal(JSON.parse(message).type, "consumer");
        seen.statistics++;
      });
      consumer.on("event.log", () => seen.logs++);
      consumer.on("partition.eof", ({ offset }) => {
        assert.equal(offset, 1);
        seen.ends++;
      });
      await connect(consumer);
      consumer.setDefaultConsumeTimeout(0);
      consumer.subscribe([topic]);
      const messages: Message[] = [];
      const consume = async () => {
        messages.push(...await call<Message[]>((done) => consumer.consume(100, done as never)));
      };
      while (messages.length < 4 || seen.ends < 4 || seen.statistics === 0) await consume();
      assert.equal(seen.assigned, 4);
      assert.deepEqual(messages.map(({ value }) => value.toString()).sort(), ["0", "1", "2", "3"]);
      assert.ok(seen.logs > 0 && seen.wakes > 0);
      consumer.commit([{ topic, partition: 2, offset: 1 }]);
      while (commits.length === 0) await consume();
      assert.equal(commits[0]!.offset, 1);
      await disconnect(consumer);
      assert.equal(seen.revoked, 4);
      await disconnect(producer);
    });
  }

  test("gives every field of 50,000 messages rightly while garbage is collected", async (t) => {
    if (!collectGarbage()) return t.skip("the runtime does not expose garbage collection");
    const topic = newTopic();
    const producer = await newProducer(cluster.address, { "linger.ms": 20 });
    const value = Buffer.alloc(40, "v");
    const total = 50_000;
    for (let i = 0; i < total; i++) {
      producer.produce(topic, i % 4, value);
      if (i % 10_000 === 0) producer.poll();
    }
    await call((done) => producer.flush(30_000, done as never));
    const consumer = await connect(newConsumer(cluster.address));
    consumer.setDefaultConsumeTimeout(0);
    consumer.assign([0, 1, 2, 3].map((partition) => ({ topic, partition, offset: 0 })));
    const next = [0, 0, 0, 0];
    const kept: Message[] = [];
    let count = 0;
    while (count < total) {
      const batch = await call<Message[]>((done) => consumer.consume(200, done as never));
      for (const message of batch) {
        assert.equal(message.topic, topic);
        assert.equal(message.offset, next[message.partition]!++);
        assert.ok(message.value.equals(value));
        if (count++ % 500 === 0) kept.push(message);
      }
      if (count % 3 === 0) collectGarbage();
    }
    for (const { value: own } of kept) assert.ok(own.equals(value));
    await disconnect(consumer);
    await disconnect(producer);
  });
});

describe("blocking calls", () => {
  test("of 12 consumers hold up neither each other nor the runtime", async () => {
    const producer = await newProducer(cluster.address);
    const topic = await makeTopic(producer);
    const consumers = await Promise.all(
      Array.from({ length: 12 }, () => connect(newConsumer(cluster.address))),
    );
    let returned = 0;
    for (const consumer of consumers) {
      // Longer than any test may take.
      consumer.setDefaultConsumeTimeout(600_000);
      consumer.assign([{ topic, partition: 0, offset: 0 }]);
      consumer.consume(10, () => returned++);
    }
    for (let i = 0; i < 20; i++) {
      const { brokers } = await call<{ brokers: unknown[] }>((done) =>
        producer.getMetadata({ timeout: 5000, allTopics: true } as never, done as never)
      );
      assert.equal(brokers.length, 1);
    }
    assert.equal(returned, 0);
    // What each of them asked for ends the wait.
    await send(
      producer,
      topic,
      0,
      Array.from({ length: 10 }, () => ({ value: Buffer.from("x") })),
    );
    await until(() => returned === 12);
    await Promise.all(consumers.map((consumer) => disconnect(consumer)));
    await disconnect(producer);
  });
});
