/**
 * The real broker of the tests, seen from outside: topics, messages, commits. Nothing here goes through
 * taskc; the clients are the package's own.
 */
import kafkaPackage from "@confluentinc/kafka-javascript";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { after, test } from "node:test";
import { until, withinHangBound } from "./waiting.ts";

const { KafkaConsumer, KafkaJS } = kafkaPackage;

/** Bootstrap servers of the listeners that scripts/test has started; undefined without a broker. */
export const brokers = {
  plain: process.env.TASKC_TEST_BROKERS,
  sasl: process.env.TASKC_TEST_SASL_BROKERS,
  tls: process.env.TASKC_TEST_TLS_BROKERS,
  /** What a client of the TLS listener has to trust. */
  ca: process.env.TASKC_TEST_TLS_CA,
};

/** What scripts/kafka sets up for its SASL listener. */
export const SASL_USER = "taskc";
const SASL_PASSWORD = "taskc-secret";

/** For a taskc that reaches Kafka as that user; with another password, one that is refused. */
export function saslEnvironment(password = SASL_PASSWORD): Record<string, string> {
  return {
    TASKC_BROKERS: brokers.sasl ?? "",
    TASKC_X_SECURITY_PROTOCOL: "sasl_plaintext",
    TASKC_X_SASL_MECHANISM: "PLAIN",
    TASKC_X_SASL_USERNAME: SASL_USER,
    TASKC_X_SASL_PASSWORD: password,
  };
}

/** A test that needs the broker: skipped without one, unless TASKC_TEST_REQUIRE_BROKER is set. */
export function brokerTest(name: string, run: () => Promise<void>): void {
  const missing = brokers.plain === undefined;
  if (missing && process.env.TASKC_TEST_REQUIRE_BROKER !== undefined) {
    throw new Error("TASKC_TEST_BROKERS is not set, but TASKC_TEST_REQUIRE_BROKER is");
  }
  test(name, { skip: missing ? "TASKC_TEST_BROKERS names no broker" : false }, run);
}

type Kafka = InstanceType<typeof KafkaJS.Kafka>;
type Admin = ReturnType<Kafka["admin"]>;
type Producer = ReturnType<Kafka["producer"]>;

let connected: Promise<{ admin: Admin; producer: Producer }> | undefined;

export function connect(): Promise<{ admin: Admin; producer: Producer }> {
  connected ??= (async () => {
    const kafka = new KafkaJS.Kafka({
      kafkaJS: { brokers: (brokers.plain ?? "").split(","), logLevel: KafkaJS.logLevel.NOTHING },
    });
    const admin = kafka.admin();
    const producer = kafka.producer({ "linger.ms": 5, "queue.buffering.max.messages": 1_000_000 });
    await Promise.all([admin.connect(), producer.connect()]);
    return { admin, producer };
  })();
  return connected;
}

after(async () => {
  if (connected === undefined) return;
  const { admin, producer } = await connected;
  // Other files of the same process connect anew.
  connected = undefined;
  await Promise.all([admin.disconnect(), producer.disconnect()]);
});

/** A name that no other test has. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString("hex")}`;
}

/** Creates a topic, ready for use, and returns its name. */
export async function topic(
  { prefix = "test", name = uniqueName(prefix), partitions = 1, config = {} }: {
    prefix?: string;
    name?: string;
    partitions?: number;
    config?: Readonly<Record<string, string>>;
  } = {},
): Promise<string> {
  const { admin } = await connect();
  await admin.createTopics({
    topics: [{
      topic: name,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
    }],
  });
  await until(`topic ${name} to have its leaders`, async () => {
    const described = await admin.fetchTopicMetadata({ topics: [name] }).catch(() => []);
    const found = described.find((topic) => topic.name === name)?.partitions ?? [];
    return found.length === partitions && found.every((partition) => partition.leader >= 0);
  });
  return name;
}

export async function topicExists(name: string): Promise<boolean> {
  const { admin } = await connect();
  return (await admin.listTopics()).includes(name);
}

export async function deleteTopic(name: string): Promise<void> {
  const { admin } = await connect();
  await admin.deleteTopics({ topics: [name] });
}

/** Deletes what lies below `offset`, as retention does. */
export async function deleteRecords(of: string, partition: number, offset: number): Promise<void> {
  const { admin } = await connect();
  await admin.deleteTopicRecords({
    topic: of,
    partitions: [{ partition, offset: String(offset) }],
  });
}

export interface Outgoing {
  key?: string | null;
  value: string | Uint8Array | null;
  headers?: Record<string, string>;
  partition?: number;
  /** Milliseconds since the epoch. */
  timestamp?: string;
}

/** Sends the messages and resolves when the broker has acknowledged all of them. */
export async function produce(to: string, messages: readonly Outgoing[]): Promise<void> {
  const { producer } = await connect();
  const toSend = messages.map(({ value, ...rest }) => ({
    ...rest,
    value: value === null ? null : Buffer.from(value),
  }));
  await withinHangBound(
    producer.send({ topic: to, messages: toSend }),
    () => `The broker did not acknowledge ${messages.length} messages for ${to}`,
  );
}

/** JSON values, one message each. */
export function json(values: readonly unknown[]): Outgoing[] {
  return values.map((value) => ({ value: JSON.stringify(value) }));
}

/** The same, dealt out evenly; without it, one partition after another gets a batch. */
export function spread(values: readonly unknown[], partitions: number): Outgoing[] {
  return json(values).map((message, at) => ({ ...message, partition: at % partitions }));
}

/** One past the last message of each partition, by partition. */
export async function endOffsets(of: string): Promise<Map<number, number>> {
  const { admin } = await connect();
  const offsets = await admin.fetchTopicOffsets(of);
  return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
}

export interface Read {
  partition: number;
  offset: number;
  key: string | null;
  value: string | null;
  /** All of them in order, repeated names included. */
  headers: [name: string, value: string][];
}

/** Reads a topic from its start to its end, by partition and offset. */
export async function consumeAll(from: string): Promise<Read[]> {
  const ends = [...await endOffsets(from)].filter(([, end]) => end > 0);
  if (ends.length === 0) return [];
  const consumer = new KafkaConsumer({
    "bootstrap.servers": brokers.plain ?? "",
    "group.id": uniqueName("observer"),
    "enable.auto.commit": false,
    "enable.partition.eof": true,
  }, {});
  const open = new Set(ends.map(([partition]) => partition));
  const read: Read[] = [];
  try {
    await connectConsumer(consumer);
    consumer.setDefaultConsumeTimeout(100);
    consumer.on("partition.eof", ({ partition }) => void open.delete(partition));
    consumer.assign(ends.map(([partition]) => ({ topic: from, partition, offset: 0 })));
    await until(`all of ${from} to be read`, async () => {
      const batch = await new Promise<Parameters<typeof toRead>[0][]>((resolve, reject) =>
        consumer.consume(1000, (error, messages) => error ? reject(error) : resolve(messages))
      );
      read.push(...batch.map(toRead));
      return open.size === 0;
    });
  } finally {
    await disconnectConsumer(consumer);
  }
  return read.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

type Consumer = InstanceType<typeof KafkaConsumer>;

export function connectConsumer(consumer: Consumer): Promise<void> {
  return new Promise((resolve, reject) =>
    consumer.connect({}, (error) => error ? reject(error) : resolve())
  );
}

export function disconnectConsumer(consumer: Consumer): Promise<void> {
  return new Promise((resolve) => consumer.disconnect(() => resolve()));
}

interface Raw {
  partition: number;
  offset: number;
  key?: Uint8Array | string | null | undefined;
  value: Uint8Array | null;
  headers?: Record<string, unknown>[];
}

function toRead(raw: Raw): Read {
  return {
    partition: raw.partition,
    offset: raw.offset,
    key: toText(raw.key),
    value: toText(raw.value),
    headers: (raw.headers ?? []).flatMap((header) =>
      Object.entries(header).map(([name, value]): [string, string] => [
        name,
        toText(value as Uint8Array) ?? "",
      ])
    ),
  };
}

function toText(bytes: Uint8Array | string | null | undefined): string | null {
  if (bytes === null || bytes === undefined) return null;
  return typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
}
