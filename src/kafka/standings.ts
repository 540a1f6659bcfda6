/** Where a group stands in its partitions, and how far their logs reach: asked of the brokers. */
import { KafkaError } from "../errors.ts";
import { retryWhileCoordinatorMoves } from "./coordinator.ts";
import type { CommitEntry, Standing, TopicPartition } from "./ports.ts";
import { adminOf, callWithin, loadRdKafka, type RdKafka, toKafkaError } from "./rdkafka.ts";

const ASK_TIMEOUT_MS = 8000;
const COMMITTED_TIMEOUT_MS = 5000;
const SEEK_TIMEOUT_MS = 5000;
/** So long after the client's own time limit, an answer is taken for lost. */
const LATE_MS = 5000;

type Client = InstanceType<RdKafka["KafkaConsumer"]>;

/** Offset and error of one partition, as the package gives them. */
interface Found extends TopicPartition {
  offset?: number;
  metadata?: string | null;
  error?: unknown;
}

/**
 * All of it at once, in the order of the partitions. Throws a `KafkaError` when one cannot be told. Unless it
 * is to be `strict`, the reach of a log may stay unknown where there is a commit to begin at: a partition
 * without a leader must not keep the others from starting.
 */
export async function readStandings(
  client: Client,
  partitions: readonly TopicPartition[],
  { topicIds = true, strict = false }: { topicIds?: boolean; strict?: boolean } = {},
): Promise<Standing[]> {
  if (partitions.length === 0) return [];
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const [commits, starts, ends, ids] = await Promise.all([
    readCommits(client, partitions),
    readOffsets(client, partitions, "EARLIEST", strict),
    readOffsets(client, partitions, "LATEST", strict),
    topicIds ? readTopicIds(client, topics) : new Map<string, string>(),
  ]);
  return partitions.map(({ topic, partition }, index) => {
    const { offset, metadata = "" } = commits[index]!;
    const [start, end] = [starts[index] ?? null, ends[index] ?? null];
    if (offset < 0 && start === null) {
      throw new KafkaError(`Cannot ask for the beginning of ${topic}/${partition}`);
    }
    return {
      topic,
      partition,
      committed: Math.max(-1, offset),
      metadata,
      incarnation: ids.get(topic) ?? null,
      start: start ?? 0,
      end: end ?? Infinity,
    };
  });
}

/** Offsets the group has committed, in the order of the partitions; -1001 where it has none. */
export async function readCommits(
  client: Client,
  partitions: readonly TopicPartition[],
): Promise<CommitEntry[]> {
  const found = await retryWhileCoordinatorMoves(() =>
    ask<Found[]>(
      COMMITTED_TIMEOUT_MS,
      "the group's commits",
      (callback) =>
        client.committed([...partitions] as never, COMMITTED_TIMEOUT_MS, callback as never),
    )
  );
  const byKey = indexed(found);
  return partitions.map(({ topic, partition }) => {
    const one = byKey.get(`${topic}/${partition}`);
    // Without its commit a partition would be read from its beginning. The package puts a bare error in the
    // place of one that has an error of its own.
    if (!one || one.error) {
      const error = one?.error ?? found.find((it) => it instanceof Error) ?? "no answer";
      throw toKafkaError(error, `Cannot ask for the commit of ${topic}/${partition}`);
    }
    const { offset, metadata } = one;
    return {
      topic,
      partition,
      offset: typeof offset === "number" ? offset : -1001,
      metadata: metadata ?? "",
    };
  });
}

/** Refused until fetching has begun. */
export async function seekTo(
  client: Client,
  { topic, partition }: TopicPartition,
  offset: number,
): Promise<void> {
  const to = { topic, partition, offset };
  await ask<void>(
    SEEK_TIMEOUT_MS,
    `a seek in ${topic}/${partition}`,
    (callback) => client.seek(to, SEEK_TIMEOUT_MS, callback),
  );
}

/** `null` for those that cannot be told now. */
async function readOffsets(
  client: Client,
  partitions: readonly TopicPartition[],
  which: "EARLIEST" | "LATEST",
  strict: boolean,
): Promise<(number | null)[]> {
  const [{ OffsetSpec, IsolationLevel }, admin] = await Promise.all([
    loadRdKafka(),
    adminOf(client),
  ]);
  let found: Found[] = [];
  try {
    const what = `the ${which === "LATEST" ? "ends" : "starts"} of partitions`;
    found = await ask<Found[]>(
      ASK_TIMEOUT_MS,
      what,
      (callback) =>
        admin.listOffsets(
          partitions.map((one) => ({ ...one, offset: OffsetSpec[which] })) as never,
          { timeout: ASK_TIMEOUT_MS, isolationLevel: IsolationLevel.READ_COMMITTED } as never,
          callback as never,
        ),
    );
  } catch (error) {
    if (strict) throw error;
  }
  const byKey = indexed(found);
  return partitions.map(({ topic, partition }) => {
    const one = byKey.get(`${topic}/${partition}`);
    if (one?.error && strict) {
      throw toKafkaError(one.error, `Cannot ask for the ends of topic "${topic}"`);
    }
    return one && !one.error ? one.offset ?? null : null;
  });
}

/**
 * The ids of topics: one that was deleted and made again has another. Missing for those that cannot be told.
 */
async function readTopicIds(
  client: Client,
  topics: readonly string[],
): Promise<Map<string, string>> {
  const admin = await adminOf(client);
  const described = await ask<Described[]>(
    ASK_TIMEOUT_MS,
    "the topics' ids",
    (callback) =>
      (admin as unknown as DescribeTopics).describeTopics(
        topics,
        { timeout: ASK_TIMEOUT_MS },
        callback,
      ),
  );
  return new Map(
    described.flatMap(({ name, topicId, error }) =>
      error || !topicId ? [] : [[name, topicId.base64]]
    ),
  );
}

/** A question that the client itself gives up after `timeoutMs`. */
function ask<T>(
  timeoutMs: number,
  what: string,
  start: (callback: (error: unknown, value?: T) => void) => void,
): Promise<T> {
  return callWithin<T>(timeoutMs + LATE_MS, what, start);
}

interface Described {
  name: string;
  topicId?: { base64: string };
  error?: unknown;
}

interface DescribeTopics {
  describeTopics(topics: readonly string[], options: object, callback: unknown): void;
}

function indexed(found: readonly Found[]): Map<string, Found> {
  return new Map(found.map((one) => [`${one.topic}/${one.partition}`, one]));
}
