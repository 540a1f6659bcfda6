/** Rebalances under load on a real broker: nothing lost, and kept partitions flow meanwhile. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import type { PollHandle } from "../../src/kafka/addon.ts";
import { Batch } from "../../src/kafka/batch.ts";
import {
  ASSIGN,
  brokers,
  call,
  connect,
  type Consumer,
  disconnect,
  kafka,
  needsBroker,
  newConsumer,
  newProducer,
  newTopic,
  type Partition,
  partitionPoll,
  until,
} from "./support.ts";

const PARTITIONS = 6;

/** A member that polls by itself and holds back its answer to a revoke until it is told. */
class Member {
  readonly consumer: Consumer;
  readonly received: [partition: number, offset: number][] = [];
  readonly partitions = new Map<number, number>();
  revoked: Partition[] | null = null;
  strays = 0;
  errors: string[] = [];
  #handle!: PollHandle;
  #timer: ReturnType<typeof setInterval> | undefined;
  readonly #room = new Int32Array([2 ** 31 - 1]);
  readonly #queues = new Map<number, number>();

  constructor(group: string, protocol: Record<string, unknown>) {
    this.consumer = newConsumer(brokers!, {
      "group.id": group,
      "statistics.interval.ms": 100,
      ...protocol,
      "rebalance_cb": (error: { code: number }, partitions: Partition[]) => {
        if (error.code === ASSIGN) this.#assign(partitions);
        else if (this.#timer === undefined) this.#answer(partitions);
        else this.#block(partitions);
      },
    });
  }

  async join(topic: string): Promise<void> {
    await connect(this.consumer);
    const poll = () => this.#poll();
    this.#handle = partitionPoll.attach(this.consumer.getClient(), () => setImmediate(poll));
    this.#timer = setInterval(poll, 20);
    this.consumer.subscribe([topic]);
  }

  #assign(partitions: Partition[]): void {
    for (const { topic, partition } of partitions) {
      const queue = partitionPoll.open(this.#handle, topic, partition, 0);
      this.partitions.set(partition, queue);
      this.#queues.set(queue, partition);
    }
    this.consumer.incrementalAssign(partitions);
  }

  #block(partitions: Partition[]): void {
    for (const { partition } of partitions) {
      partitionPoll.block(this.#handle, this.partitions.get(partition)!, true);
    }
    this.revoked = partitions;
  }

  #answer(partitions: Partition[]): void {
    if (this.consumer.rebalanceProtocol() === "NONE") this.consumer.unassign();
    else this.consumer.incrementalUnassign(partitions);
  }

  /** Commits what came of the revoked partitions, gives them up and closes their queues. */
  giveUp(): void {
    const partitions = this.revoked!;
    this.revoked = null;
    this.#commit(partitions);
    this.#answer(partitions);
    for (const { partition } of partitions) {
      partitionPoll.close(this.#handle, this.partitions.get(partition)!);
      this.partitions.delete(partition);
    }
  }

  #commit(partitions: Partition[]): void {
    const next = new Map<number, number>();
    for (const [partition, offset] of this.received) next.set(partition, offset + 1);
    const entries = partitions.filter(({ partition }) => next.has(partition))
      .map((entry) => ({ ...entry, offset: next.get(entry.partition)! }));
    if (entries.length > 0) this.consumer.commitSync(entries);
  }

  #poll(): void {
    if (this.#timer === undefined) return;
    const columns = partitionPoll.poll(this.#handle, 1000, 100, 2 ** 20, this.#room);
    if (!columns) return;
    const batch = new Batch(columns);
    for (let i = 0; i < batch.count; i++) {
      if (batch.error(i) !== 0) this.errors.push(batch.errorText(i));
      else if (batch.queue(i) < 0) this.strays++;
      else this.received.push([this.#queues.get(batch.queue(i))!, batch.offset(i)]);
    }
    if (batch.more) setImmediate(() => this.#poll());
  }

  async leave(topic: string): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#commit([...this.partitions.keys()].map((partition) => ({ topic, partition })));
    partitionPoll.detach(this.#handle);
    await disconnect(this.consumer);
  }
}

async function createTopic(topic: string): Promise<void> {
  const admin = kafka.AdminClient.create({ "bootstrap.servers": brokers! });
  await call((done) =>
    admin.createTopic(
      { topic, num_partitions: PARTITIONS, replication_factor: 1 },
      done as never,
    )
  );
  admin.disconnect();
}

describe("when a second member joins a group", needsBroker(), () => {
  const protocols = {
    "consumer": { "group.protocol": "consumer" },
    "cooperative-sticky": {
      "partition.assignment.strategy": "cooperative-sticky",
      "session.timeout.ms": 6000,
      "heartbeat.interval.ms": 200,
    },
  };
  for (const [name, protocol] of Object.entries(protocols)) {
    test(`kept partitions flow until the revoke is answered, nothing is lost (${name})`, async () => {
      const topic = newTopic();
      await createTopic(topic);
      const producer = await newProducer(brokers!, { "linger.ms": 1 });
      let sent = 0;
      const produce = () => {
        for (let i = 0; i < 60; i++) producer.produce(topic, sent++ % PARTITIONS, Buffer.from("x"));
      };
      const load = setInterval(produce, 10);

      const first = new Member(topic, protocol);
      await first.join(topic);
      await until(() => first.partitions.size === PARTITIONS && first.received.length > 100);
      const second = new Member(topic, protocol);
      await second.join(topic);
      await until(() => first.revoked !== null);

      // The revoke waits for its answer. Each kept partition goes on all the while.
      const gone = new Set(first.revoked!.map(({ partition }) => partition));
      const kept = [...first.partitions.keys()].filter((partition) => !gone.has(partition));
      assert.ok(kept.length > 0 && gone.size > 0);
      const before = first.received.length;
      const since = () => first.received.slice(before);
      const flows = () =>
        kept.every((partition) => since().filter(([other]) => other === partition).length >= 100);
      await until(flows);
      assert.ok(since().every(([partition]) => !gone.has(partition)), "a blocked partition came");

      first.giveUp();
      await until(() => second.partitions.size === gone.size && second.received.length > 100);
      clearInterval(load);
      await call((done) => producer.flush(10_000, (error) => done(error, undefined)));
      await until(() => first.received.length + second.received.length >= sent);
      await second.leave(topic);
      await first.leave(topic);
      await disconnect(producer);

      const all = [...first.received, ...second.received].map(([partition, offset]) =>
        `${partition}/${offset}`
      );
      assert.equal(new Set(all).size, sent, "each message came");
      assert.equal(all.length, sent, "and none twice");
      assert.deepEqual([first.strays, second.strays], [0, 0]);
      assert.deepEqual([first.errors, second.errors], [[], []]);
    });
  }
});
