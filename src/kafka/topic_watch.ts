/**
 * What becomes of the consumed topics while the worker runs: deleted, out of reach, back again, grown.
 * librdkafka tells little of it, and under KIP-848 nothing. The group takes up what is back or new by itself;
 * this only tells. A topic that is deleted and made again between two looks is known by its id alone: nobody
 * else would notice, and its partitions would be read on at the old log's offsets.
 */
import type { Metadata } from "./connection.ts";
import type { KafkaConsumer } from "./consumer.ts";
import { ask } from "./rdkafka.ts";
import type { TopicIds } from "./standings.ts";

export type TopicChange =
  | { event: "topic-gone"; topic: string; reason: string }
  | { event: "topic-back"; topic: string; partitions: number }
  | { event: "topic-grown"; topic: string; partitions: number; before: number };

/** What the brokers say of one topic. */
export type TopicState = { partitions: number } | { reason: string };

/** As often as librdkafka itself looks for new partitions (consumer_properties.ts). */
export const TOPIC_LOOK_MS = 30_000;
const ASK_TIMEOUT_MS = 5000;

export interface TopicWatchParts {
  ask: (topic: string) => Promise<TopicState>;
  /** Asks for the ids of topics; `null` for brokers that do not tell them. */
  askIds: ((topics: readonly string[]) => Promise<TopicIds>) | null;
  tell: (change: TopicChange) => void;
  /** Told after each look, as far as they are known. */
  tellIds: (ids: ReadonlyMap<string, string>) => void;
}

export class TopicWatch {
  readonly #parts: TopicWatchParts;
  readonly #counts: Map<string, number>;
  readonly #gone = new Set<string>();
  #looking = false;

  constructor(counts: ReadonlyMap<string, number>, parts: TopicWatchParts) {
    this.#counts = new Map(counts);
    this.#parts = parts;
  }

  /** Looks from time to time, until the function that it returns is called. */
  start(): () => void {
    const timer = setInterval(() => void this.look(), TOPIC_LOOK_MS);
    return () => clearInterval(timer);
  }

  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    const there: string[] = [];
    for (const topic of this.#counts.keys()) {
      // Brokers that cannot be asked are told of elsewhere, and say nothing of the topic.
      const state = await this.#parts.ask(topic).catch(() => null);
      if (state) this.#note(topic, state);
      if (state && "partitions" in state) there.push(topic);
    }
    await this.#lookForIds(there).catch(() => {});
    this.#looking = false;
  }

  /** One question for all topics. */
  async #lookForIds(topics: readonly string[]): Promise<void> {
    const { askIds, tellIds } = this.#parts;
    if (!askIds || topics.length === 0) return;
    const ids = new Map<string, string>();
    for (const [topic, id] of await askIds(topics)) {
      if (typeof id === "string") ids.set(topic, id);
    }
    tellIds(ids);
  }

  #note(topic: string, state: TopicState): void {
    const { tell } = this.#parts;
    if ("reason" in state) {
      if (!this.#gone.has(topic)) tell({ event: "topic-gone", topic, reason: state.reason });
      this.#gone.add(topic);
      return;
    }
    const { partitions } = state;
    const before = this.#counts.get(topic)!;
    if (this.#gone.delete(topic)) tell({ event: "topic-back", topic, partitions });
    else if (partitions > before) tell({ event: "topic-grown", topic, partitions, before });
    this.#counts.set(topic, partitions);
  }
}

/** Asks by name, which makes no topic: consumers do not. */
export async function askTopic(consumer: KafkaConsumer, topic: string): Promise<TopicState> {
  const { topics } = await ask<Metadata>(
    ASK_TIMEOUT_MS,
    `what topic "${topic}" is like`,
    (callback) =>
      consumer.client.getMetadata({ topic, timeout: ASK_TIMEOUT_MS }, callback as never),
  );
  const found = topics.find(({ name }) => name === topic);
  const partitions = found?.partitions.length ?? 0;
  if (partitions > 0) return { partitions };
  return { reason: found?.error?.message ?? "there is no such topic" };
}
