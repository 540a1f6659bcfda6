/** Which topics are there before work starts, and which are made. */
import { KafkaError } from "../errors.ts";
import { createTopics } from "./admin.ts";
import type { KafkaProducer } from "./producer.ts";

export interface TopicPlan {
  /** Topics that tasks consume. */
  topics: readonly string[];
  /** Make missing ones among them (`--create-topics`). */
  create: boolean;
  /** For those; -1 is the broker's default. */
  partitions: number;
  replicationFactor: number;
  /** Name of the dead-letter topic of a topic. */
  deadLetterTopic: (topic: string) => string;
  /** Make missing dead-letter topics, like their origin (`--no-create` forbids it). */
  createDeadLetters: boolean;
}

/** Kept without limit, unless the topic was made by somebody else: a dead letter waits for a person. */
const DEAD_LETTER_CONFIG = { "cleanup.policy": "delete", "retention.ms": "-1" };

/** For how long a topic is looked for before it is said to be missing. */
const LOOK_FOR_MS = 2000;
const LOOK_AGAIN_MS = 100;

/** What of a producer is needed to see which topics there are. */
export type TopicSource = Pick<KafkaProducer, "partitionCounts">;

/**
 * Partitions of each topic that exists, seen when all of `wanted` were there, or 2 s later without them:
 * the creation of a topic is answered before every broker knows of it, so one may deny it at first.
 */
export async function lookForTopics(
  source: TopicSource,
  wanted: readonly string[],
): Promise<Map<string, number>> {
  const until = performance.now() + LOOK_FOR_MS;
  for (;;) {
    const counts = await source.partitionCounts();
    const complete = wanted.every((topic) => counts.has(topic));
    if (complete || performance.now() > until) return counts;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** Partitions of each consumed topic. Throws a `KafkaError` that names all topics that are missing. */
export async function prepareTopics(
  producer: KafkaProducer,
  plan: TopicPlan,
): Promise<Map<string, number>> {
  let counts = await lookForTopics(producer, plan.create ? [] : plan.topics);
  const missing = plan.topics.filter((topic) => !counts.has(topic));
  if (missing.length > 0) {
    if (!plan.create) throw missingTopics(missing);
    await createTopics(
      producer,
      missing.map((topic) => ({
        topic,
        partitions: plan.partitions,
        replicationFactor: plan.replicationFactor,
      })),
    );
    counts = await producer.partitionCounts();
  }
  const origins = new Map(plan.topics.map((topic) => [plan.deadLetterTopic(topic), topic]));
  const missingDead = [...origins.keys()].filter((topic) => !counts.has(topic));
  if (missingDead.length > 0) {
    if (!plan.createDeadLetters) {
      throw new KafkaError(`Cannot find ${name(missingDead, "dead-letter topic")} in Kafka`, {
        hint: "Create what is missing, or leave out --no-create",
      });
    }
    await createTopics(
      producer,
      missingDead.map((topic) => ({
        topic,
        partitions: counts.get(origins.get(topic)!) ?? -1,
        replicationFactor: -1,
        config: DEAD_LETTER_CONFIG,
      })),
    );
  }
  return new Map(plan.topics.map((topic) => [topic, counts.get(topic) ?? 0]));
}

export function missingTopics(missing: readonly string[]): KafkaError {
  return new KafkaError(`Cannot find ${name(missing, "topic")} in Kafka`, {
    hint: "Create what is missing, or let taskc do so: taskc run MODULE --create-topics",
  });
}

function name(topics: readonly string[], noun: string): string {
  const quoted = topics.map((topic) => `"${topic}"`).join(", ");
  return topics.length === 1 ? `${noun} ${quoted}` : `${noun}s ${quoted}`;
}
