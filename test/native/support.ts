// deno-lint-ignore-file no-explicit-any -- the package's types leave out much of what is tested here
/** What the native tests share: the package unbundled, a mock cluster, and waiting for a condition. */
import kafka from "@confluentinc/kafka-javascript";
import type { KafkaConsumer, Producer } from "@confluentinc/kafka-javascript";
import process from "node:process";
import { loadAddon } from "../../src/kafka/addon.ts";

/** The package's consumer, with what its types leave out. */
export type Consumer = KafkaConsumer & {
  incrementalAssign(partitions: readonly Partition[]): void;
  incrementalUnassign(partitions: readonly Partition[]): void;
  rebalanceProtocol(): "NONE" | "EAGER" | "COOPERATIVE";
};

export interface Partition {
  topic: string;
  partition: number;
  offset?: number;
}

export { kafka };
export const { partitionPoll } = await loadAddon();

/** Error codes of librdkafka that the tests look for. */
export const ASSIGN = -175;
export const PARTITION_EOF = -191;
export const UNKNOWN_TOPIC = 3;

type Callback<T> = (error: unknown, value: T) => void;

/** Calls a function of the package that answers by callback. */
export function call<T = any>(start: (callback: Callback<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => error ? reject(error) : resolve(value));
  });
}

/** Waits until a condition holds, looking once per turn of the event loop and a millisecond. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** Lets timers, callbacks of other threads and finalizers run once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

declare const Bun: { gc(force: boolean): void } | undefined;
declare const gc: (() => void) | undefined;

/** Collects garbage; false where the runtime does not let us. */
export function collectGarbage(): boolean {
  if (typeof Bun !== "undefined") Bun.gc(true);
  else if (typeof gc === "function") gc();
  else return false;
  return true;
}

export interface MockCluster {
  address: string;
  owner: Producer;
  close(): Promise<void>;
}

/** librdkafka's own mock brokers, which live in the client that made them. */
export async function mockCluster(brokers = 1): Promise<MockCluster> {
  const owner = new kafka.Producer({
    "bootstrap.servers": "unused",
    "test.mock.num.brokers": brokers,
  } as any, {});
  owner.on("event.error", () => {});
  const metadata = await call<{ brokers: { host: string; port: number }[] }>((done) =>
    owner.connect({ timeout: 10_000 } as any, done as any)
  );
  return {
    owner,
    address: metadata.brokers.map(({ host, port }) => `${host}:${port}`).join(","),
    close: () => disconnect(owner),
  };
}

export async function connect<T extends Consumer | Producer>(client: T): Promise<T> {
  await call((done) => client.connect({ timeout: 10_000 } as any, done as any));
  return client;
}

export async function disconnect(client: KafkaConsumer | Producer): Promise<void> {
  await call((done) => client.disconnect(done));
}

export async function newProducer(
  address: string,
  properties: Record<string, unknown> = {},
): Promise<Producer> {
  return await connect(new kafka.Producer({ "bootstrap.servers": address, ...properties }, {}));
}

/** A consumer that reads from the start, commits nothing by itself and is not connected yet. */
export function newConsumer(
  address: string,
  properties: Record<string, unknown> = {},
): Consumer {
  return new kafka.KafkaConsumer({
    "bootstrap.servers": address,
    "group.id": "native-tests",
    "enable.auto.commit": false,
    "enable.auto.offset.store": false,
    "fetch.wait.max.ms": 10,
    ...properties,
  }, { "auto.offset.reset": "earliest" }) as Consumer;
}

let topics = 0;

/** A topic name that no other test uses. */
export function newTopic(): string {
  return `native-${process.pid}-${Date.now()}-${topics++}`;
}

export interface Sent {
  key?: string | Uint8Array | null;
  value?: Uint8Array | null;
  timestamp?: number;
  headers?: Record<string, unknown>[];
}

/** Writes messages to one partition and waits for the broker to have them. */
export async function send(
  producer: Producer,
  topic: string,
  partition: number,
  messages: readonly Sent[],
): Promise<void> {
  for (const { key = null, value = null, timestamp, headers } of messages) {
    producer.produce(
      topic,
      partition,
      value as any,
      key as any,
      timestamp,
      undefined,
      headers as any,
    );
  }
  await call((done) => producer.flush(30_000, (error) => done(error, undefined)));
}

/** Mock brokers make a topic, of 4 partitions, when its metadata are asked for. */
export async function makeTopic(producer: Producer): Promise<string> {
  const topic = newTopic();
  await call((done) => producer.getMetadata({ topic, timeout: 5000 }, done as never));
  return topic;
}

/** Bootstrap servers of the real broker, or why there is none. */
export const brokers = process.env.TASKC_TEST_BROKERS;

/** Options of a test that needs a real broker: skipped without one, unless one is required. */
export function needsBroker(): { skip: string | false } {
  if (brokers) return { skip: false };
  if (process.env.TASKC_TEST_REQUIRE_BROKER === "1") {
    throw new Error("TASKC_TEST_BROKERS is not set, but TASKC_TEST_REQUIRE_BROKER is 1");
  }
  return { skip: "needs a real broker: set TASKC_TEST_BROKERS" };
}
