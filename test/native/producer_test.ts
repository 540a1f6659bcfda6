import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { after, before, describe, test } from "node:test";
import {
  call,
  connect,
  disconnect,
  kafka,
  makeTopic,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  newTopic,
  until,
} from "./support.ts";

let cluster: MockCluster;

before(async () => {
  cluster = await mockCluster(3);
});
after(() => cluster.close());

interface Report {
  topic: string;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  size: number;
  opaque: unknown;
  headers?: Record<string, Buffer>[];
  timestamp?: number;
}

describe("a client", () => {
  test("connects, disconnects and connects again", async () => {
    const consumer = newConsumer(cluster.address);
    let ready = 0;
    let disconnected = 0;
    consumer.on("ready", ({ name }) => {
      ready++;
      assert.match(name, /rdkafka#consumer/);
    });
    consumer.on("disconnected", () => disconnected++);
    for (let i = 1; i <= 2; i++) {
      await connect(consumer);
      assert.equal(ready, i);
      await disconnect(consumer);
      assert.equal(disconnected, i);
    }
  });

  test("refuses properties that do not exist or are out of range", () => {
    assert.throws(
      () => new kafka.Producer({ "no.such.thing": 1 } as never, {}),
      /No such configuration property/,
    );
    assert.throws(
      () => new kafka.KafkaConsumer({ "group.id": "g", "session.timeout.ms": -5 }, {}),
      /outside allowed range/,
    );
  });
});

describe("Producer.produce", () => {
  const later = 4102444800123;
  const large = Buffer.alloc(100_000, "é");
  const slice = Buffer.from("0123456789").subarray(3, 6);
  const opaques = [{ o: 1 }, 42, "opaque", null, undefined, [1, 2], Symbol.iterator];

  test("sends odd keys, values, headers and opaques; reports and a consumer give them back", async () => {
    const topic = newTopic();
    const reports: [unknown, Report][] = [];
    const producer = await newProducer(cluster.address, { "dr_msg_cb": true, "linger.ms": 1 });
    producer.on("delivery-report", (error, report) => reports.push([error, report as never]));
    producer.setPollInterval(5);
    const headers = [{ h1: "str-ü" }, { h2: Buffer.from([0, 255, 0]) }, { h1: "dup" }];
    const more = [{ 7: "numeric" }, { e: "" }, { eb: Buffer.alloc(0) }];
    // deno-lint-ignore no-explicit-any
    const produce = producer.produce.bind(producer) as any;
    produce(topic, 0, Buffer.from("plain"), "key-é", later, opaques[0], headers);
    produce(topic, 0, null, Buffer.from([0, 1, 0, 2]), later + 1, opaques[1], []);
    produce(topic, 0, Buffer.alloc(0), "", undefined, opaques[2], undefined);
    produce(topic, 0, large, null, undefined, opaques[3]);
    produce(topic, 0, Buffer.from(new Uint8Array([1, 2, 3])), undefined, undefined, opaques[4]);
    produce(topic, 0, slice, Buffer.alloc(0), undefined, opaques[5], more);
    produce(topic, 0, new Uint8Array([1, 2, 3]), "u8", undefined, opaques[6]);
    await until(() => reports.length === 7);

    assert.deepEqual(reports.map(([error]) => error), Array(7).fill(null));
    const inOrder = reports.map(([, report]) => report).sort((a, b) => a.offset - b.offset);
    assert.deepEqual(inOrder.map(({ offset }) => offset), [0, 1, 2, 3, 4, 5, 6]);
    assert.deepEqual(inOrder.map(({ opaque }) => opaque), opaques);
    assert.equal(inOrder[0]!.key!.toString(), "key-é");
    assert.equal(inOrder[1]!.value, null);
    assert.equal(inOrder[3]!.size, 100_000);

    const messages = await readBack(topic, 7);
    assert.equal(messages[0]!.timestamp, later);
    assert.deepEqual(headerList(messages[0]!), [
      ["h1", "str-ü"],
      ["h2", "\0\ufffd\0"],
      ["h1", "dup"],
    ]);
    assert.deepEqual([messages[1]!.value, [...messages[1]!.key!]], [null, [0, 1, 0, 2]]);
    assert.deepEqual([messages[2]!.value!.length, messages[2]!.key!.length], [0, 0]);
    assert.ok(messages[3]!.value!.equals(large));
    assert.equal(messages[3]!.key, null);
    assert.deepEqual([...messages[4]!.value!], [1, 2, 3]);
    assert.equal(messages[5]!.value!.toString(), "345");
    assert.equal(messages[5]!.key!.length, 0);
    assert.deepEqual(headerList(messages[5]!), [["7", "numeric"], ["e", ""], ["eb", ""]]);
    assert.deepEqual([...messages[6]!.value!], [1, 2, 3]);
    await disconnect(producer);
  });

  test("reports each of 5,000 messages once", async () => {
    const topic = newTopic();
    const producer = await newProducer(cluster.address, { "dr_cb": true });
    const opaques = new Set<unknown>();
    let reports = 0;
    producer.on("delivery-report", (_error, { opaque }) => {
      reports++;
      opaques.add(opaque);
    });
    producer.setPollInterval(5);
    for (let i = 0; i < 5000; i++) producer.produce(topic, null, Buffer.from("m"), null, null, i);
    await until(() => reports >= 5000);
    assert.deepEqual([reports, opaques.size], [5000, 5000]);
    await disconnect(producer);
  });

  test("throws for wrong arguments, with the exceptions of user code as they are", async () => {
    const producer = await newProducer(cluster.address);
    // deno-lint-ignore no-explicit-any
    const produce = producer.produce.bind(producer) as any;
    const value = Buffer.from("x");
    const mine = new Error("mine");
    const thrower = {
      toString() {
        throw mine;
      },
    };
    assert.throws(() => produce("t", 0, "no buffer"), /buffer/);
    assert.throws(() => produce("t", 0, value, null, "ts"), /Timestamp must be a number/);
    for (const header of [10, null, undefined]) {
      assert.throws(
        () => produce("t", 0, value, null, null, null, [{ header }]),
        /string or buffer/,
      );
    }
    assert.throws(() => produce("t", 0, value, thrower), mine);
    const getter = {
      get h() {
        throw mine;
      },
    };
    assert.throws(() => produce("t", 0, value, null, null, null, [getter]), mine);
    assert.throws(() => produce("t", 0, value, null, null, null, [null]));
    // More arguments than any of its functions takes.
    produce("t", 0, value, null, null, null, [], 1, 2, 3, 4, 5);
    await disconnect(producer);
  });
});

test("a consumer commits offsets of 53 bits with metadata and reads them back", async () => {
  const consumer = await connect(newConsumer(cluster.address, { "group.id": newTopic() }));
  const topic = await makeTopic(cluster.owner);
  const committed = () =>
    call<{ offset: number; metadata?: string }[]>((done) =>
      consumer.committed([{ topic, partition: 0 }], 5000, done as never)
    );
  const offset = Number.MAX_SAFE_INTEGER - 7;
  // deno-lint-ignore no-explicit-any
  consumer.commitSync([{ topic, partition: 0, offset, metadata: "méta" }] as any);
  assert.equal((await committed())[0]!.offset, offset);
  assert.equal((await committed())[0]!.metadata, "méta");
  consumer.commitSync({ topic, partition: 0, offset: 2 ** 40 + 1 });
  assert.equal((await committed())[0]!.offset, 2 ** 40 + 1);
  await disconnect(consumer);
});

test("a producer with transactions commits and aborts", async () => {
  const producer = await newProducer(cluster.address, { "transactional.id": newTopic() });
  const topic = newTopic();
  await call((done) => producer.initTransactions(5000, done as never));
  await call((done) => producer.beginTransaction(done as never));
  producer.produce(topic, 0, Buffer.from("in a transaction"));
  await call((done) => producer.commitTransaction(5000, done as never));
  await call((done) => producer.beginTransaction(done as never));
  await call((done) => producer.abortTransaction(5000, done as never));
  await disconnect(producer);
});

async function readBack(topic: string, count: number): Promise<Report[]> {
  const consumer = await connect(newConsumer(cluster.address));
  consumer.assign([{ topic, partition: 0, offset: 0 }]);
  const messages: Report[] = [];
  while (messages.length < count) {
    messages.push(...await call<Report[]>((done) => consumer.consume(10, done as never)));
  }
  await disconnect(consumer);
  return messages;
}

function headerList({ headers = [] }: Report): [string, string][] {
  return headers.flatMap((header) =>
    Object.entries(header).map(([name, value]): [string, string] => [
      name,
      Buffer.from(value).toString(),
    ])
  );
}
