/** Where a group stands in its partitions, and how far their logs reach: asked of the brokers. */
import { KafkaError } from "../errors.ts";
import { retryWhileCoordinatorMoves } from "./coordinator.ts";
import type { CommitEntry, LookedUp, Standing, TopicPartition } from "./ports.ts";
import { adminOf } from "./questions.ts";
import { ask, loadRdKafka, type RdKafka, toKafkaError } from "./rdkafka.ts";

const ASK_TIMEOUT_MS = 8000;
const COMMITTED_TIMEOUT_MS = 5000;
const SEEK_TIMEOUT_MS = 5000;

type Client = InstanceType<RdKafka["KafkaConsumer"]>;

/** Offset and error of one partition, as the package gives them. */
interface Found extends TopicPartition {
  offset?: number;
  metadata?: string | null;
  error?: unknown;
}

/**
 * All of it at once, in the order of the partitions: one that cannot be told does not keep the others. The
 * reach of a log may stay unknown where there is a commit to begin at. Throws a `KafkaError` when none can
 * be told.
 */
export async function readStandings(
  client: Client,
  partitions: readonly TopicPartition[],
  { topicIds = true }: { topicIds?: boolean } = {},
): Promise<LookedUp[]> {
  if (partitions.length === 0) return [];
  const topics = [...new Set(partitions.map(({ topic }) => topic))];
  const [commits, starts, ends, ids] = await Promise.all([
    findCommits(client, partitions),
    findOffsets(client, partitions, "EARLIEST").catch((error) => toKafkaError(error)),
    findOffsets(client, partitions, "LATEST").catch((error) => toKafkaError(error)),
    topicIds ? readTopicIds(client, topics) : new Map<string, string>() as TopicIds,
  ]);
  return mergeAnswers(partitions, { commits, starts, ends, ids });
}

/** By topic. */
export type TopicIds = ReadonlyMap<string, string | KafkaError>;

/** Each in the order of the partitions, or the error for all of them. */
export interface Answers {
  commits: readonly (CommitEntry | KafkaError)[];
  starts: readonly (number | KafkaError)[] | KafkaError;
  ends: readonly (number | KafkaError)[] | KafkaError;
  ids: TopicIds;
}

export function mergeAnswers(
  partitions: readonly TopicPartition[],
  { commits, starts, ends, ids }: Answers,
): LookedUp[] {
  return partitions.map(({ topic, partition }, index) => {
    const commit = commits[index]!;
    const start = starts instanceof KafkaError ? starts : starts[index]!;
    const end = ends instanceof KafkaError ? ends : ends[index]!;
    if (commit instanceof KafkaError) return { topic, partition, error: commit };
    if (commit.offset < 0 && start instanceof KafkaError) return { topic, partition, error: start };
    const id = ids.get(topic) ?? null;
    return {
      topic,
      partition,
      committed: Math.max(-1, commit.offset),
      metadata: commit.metadata ?? "",
      ...(id instanceof KafkaError
        ? { incarnation: null, incarnationProblem: id }
        : { incarnation: id }),
      start: start instanceof KafkaError ? 0 : start,
      end: end instanceof KafkaError ? Infinity : end,
    };
  });
}

/** Commits and ends, without topic ids. Throws a `KafkaError` when any of it cannot be told. */
export async function readStrictly(
  client: Client,
  partitions: readonly TopicPartition[],
): Promise<Standing[]> {
  if (partitions.length === 0) return [];
  const [commits, starts, ends] = await Promise.all([
    readCommits(client, partitions),
    findOffsets(client, partitions, "EARLIEST"),
    findOffsets(client, partitions, "LATEST"),
  ]);
  return commits.map(({ topic, partition, offset, metadata = "" }, index) => ({
    topic,
    partition,
    committed: Math.max(-1, offset),
    metadata,
    incarnation: null,
    start: certain(starts[index]!),
    end: certain(ends[index]!),
  }));
}

/**
 * Offsets the group has committed, in the order of the partitions; -1001 where it has none. Throws a
 * `KafkaError` when one cannot be told.
 */
export async function readCommits(
  client: Client,
  partitions: readonly TopicPartition[],
): Promise<CommitEntry[]> {
  return (await findCommits(client, partitions)).map(certain);
}

/** The same, with an error for each that cannot be told. */
export async function findCommits(
  client: Client,
  partitions: readonly TopicPartition[],
): Promise<(CommitEntry | KafkaError)[]> {
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
      return toKafkaError(error, `Cannot ask for the commit of ${topic}/${partition}`);
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

async function findOffsets(
  client: Client,
  partitions: readonly TopicPartition[],
  which: "EARLIEST" | "LATEST",
): Promise<(number | KafkaError)[]> {
  const [{ OffsetSpec, IsolationLevel }, admin] = await Promise.all([
    loadRdKafka(),
    adminOf(client),
  ]);
  const side = which === "LATEST" ? "end" : "start";
  const found = await ask<Found[]>(
    ASK_TIMEOUT_MS,
    `the ${side}s of partitions`,
    (callback) =>
      admin.listOffsets(
        partitions.map((one) => ({ ...one, offset: OffsetSpec[which] })) as never,
        { timeout: ASK_TIMEOUT_MS, isolationLevel: IsolationLevel.READ_COMMITTED } as never,
        callback as never,
      ),
  );
  const byKey = indexed(found);
  return partitions.map(({ topic, partition }) => {
    const one = byKey.get(`${topic}/${partition}`);
    if (one && !one.error && typeof one.offset === "number") return one.offset;
    return toKafkaError(
      one?.error ?? "no answer",
      `Cannot ask for the ${side} of ${topic}/${partition}`,
    );
  });
}

/** The ids of topics: one that was deleted and made again has another. */
export async function readTopicIds(
  client: Client,
  topics: readonly string[],
): Promise<TopicIds> {
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
  return identify(topics, described);
}

/** An error for those that cannot be told now; missing for those of brokers that know no ids. */
export function identify(topics: readonly string[], described: readonly Described[]): TopicIds {
  const ids = new Map<string, string | KafkaError>();
  const byName = new Map(described.map((one) => [one.name, one]));
  for (const topic of topics) {
    const one = byName.get(topic);
    if (!one || one.error) {
      const error = one?.error ?? "no answer";
      ids.set(topic, toKafkaError(error, `Cannot ask for the id of topic "${topic}"`));
    } else if (one.topicId) ids.set(topic, one.topicId.base64);
  }
  return ids;
}

function certain<T>(told: T | KafkaError): T {
  if (told instanceof KafkaError) throw told;
  return told;
}

export interface Described {
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
