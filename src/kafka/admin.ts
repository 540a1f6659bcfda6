/** Topics: which are there, and making those that are missing. */
import { KafkaError } from "../errors.ts";
import type { KafkaProducer } from "./producer.ts";
import { adminOf } from "./questions.ts";
import { call, CODE, toKafkaError } from "./rdkafka.ts";

export interface NewTopic {
  topic: string;
  /** -1: the broker's default. */
  partitions: number;
  /** -1: the broker's default. */
  replicationFactor: number;
  config?: Record<string, string>;
}

const ADMIN_TIMEOUT_MS = 8000;
const REQUESTS_AT_ONCE = 50;
/** Number of the request in Kafka's protocol. */
const CREATE_TOPICS = 19;

/** The embedded broker, by what it speaks: it makes topics by themselves and leaves some requests unanswered. */
export function isEmbedded(apis: ReadonlyMap<number, unknown>): boolean {
  return !apis.has(CREATE_TOPICS);
}

/** Makes topics; one that is there already is left as it is. Throws a `KafkaError` otherwise. */
export async function createTopics(
  producer: KafkaProducer,
  topics: readonly NewTopic[],
): Promise<void> {
  if (topics.length === 0) return;
  if (isEmbedded(producer.apis)) {
    // It knows no such request, but makes a topic when it is asked about it.
    for (const { topic } of topics) await producer.touchTopic(topic);
    return await waitUntilKnown(producer, topics.map(({ topic }) => topic));
  }
  const admin = await adminOf(producer.client);
  const create = async ({ topic, partitions, replicationFactor, config }: NewTopic) => {
    try {
      await call<void>((callback) =>
        admin.createTopic(
          {
            topic,
            num_partitions: partitions,
            replication_factor: replicationFactor,
            ...(config ? { config } : {}),
          },
          ADMIN_TIMEOUT_MS,
          callback,
        )
      );
    } catch (error) {
      if ((error as KafkaError).kafkaCode === CODE.topicAlreadyExists) return;
      throw toKafkaError((error as KafkaError).cause, `Cannot create topic "${topic}"`);
    }
  };
  // The package has a request for each topic, so many are on their way at once.
  for (let at = 0; at < topics.length; at += REQUESTS_AT_ONCE) {
    await Promise.all(topics.slice(at, at + REQUESTS_AT_ONCE).map(create));
  }
  await waitUntilKnown(producer, topics.map(({ topic }) => topic));
}

/** Removes topics; one that is not there is as well. Throws a `KafkaError` otherwise. */
export async function removeTopics(
  producer: KafkaProducer,
  topics: readonly string[],
): Promise<void> {
  const admin = await adminOf(producer.client);
  for (const topic of topics) {
    try {
      await call<void>((callback) => admin.deleteTopic(topic, ADMIN_TIMEOUT_MS, callback));
    } catch (error) {
      if ((error as KafkaError).kafkaCode === CODE.unknownTopic) continue;
      throw toKafkaError((error as KafkaError).cause, `Cannot remove topic "${topic}"`);
    }
  }
}

/** Removes a group without members, with its offsets. Throws a `KafkaError`. */
export async function removeGroup(producer: KafkaProducer, group: string): Promise<void> {
  const admin = await adminOf(producer.client);
  const [report] = await call<{ error?: unknown }[]>((callback) =>
    admin.deleteGroups([group], { timeout: ADMIN_TIMEOUT_MS }, callback as never)
  );
  if (report?.error) throw toKafkaError(report.error, `Cannot remove group "${group}"`);
}

/** Brokers answer before all of them know the topic; a client that asks too early is told there is none. */
async function waitUntilKnown(producer: KafkaProducer, topics: readonly string[]): Promise<void> {
  const until = Date.now() + ADMIN_TIMEOUT_MS;
  for (;;) {
    const counts = await producer.partitionCounts();
    const missing = topics.filter((topic) => !counts.has(topic));
    if (missing.length === 0) return;
    if (Date.now() > until) {
      throw new KafkaError(`Cannot see topic "${missing[0]}", which was just created`, {
        hint: "Let this user describe it: Kafka does not show a topic that a user may not describe",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
