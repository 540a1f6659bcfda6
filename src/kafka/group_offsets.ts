/** Where a group stands before it starts, and where one without commits begins. */
import type { KafkaError } from "../errors.ts";
import { retryWhileCoordinatorMoves } from "./coordinator.ts";
import type { KafkaConsumer } from "./consumer.ts";
import type { CommitEntry, TopicPartition } from "./ports.ts";
import { call, toKafkaError } from "./rdkafka.ts";
import { readStrictly } from "./standings.ts";

/**
 * Kafka's ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID and REBALANCE_IN_PROGRESS: a group with members takes
 * commits from them alone.
 */
const HAS_MEMBERS = new Set([22, 25, 27]);
const ASK_TIMEOUT_MS = 8000;

export interface PartitionOffsets extends TopicPartition {
  /** -1 without a commit. */
  committed: number;
  /** The first offset there is. */
  start: number;
  /** One past the last, for a reader of committed messages. */
  end: number;
}

export type StartFrom = { kind: "earliest" } | { kind: "latest" } | {
  kind: "time";
  epochMs: number;
};

/** The group's commits and the ends of all partitions, asked of the brokers. */
export function readGroupOffsets(
  consumer: KafkaConsumer,
  counts: ReadonlyMap<string, number>,
): Promise<PartitionOffsets[]> {
  return readStrictly(consumer.client, listPartitions(counts));
}

/**
 * Commits the start of a group that has no commits yet. It is a commit rather than a setting of the
 * consumer, so that it holds for all members, also for one that comes later, and so that partitions
 * added later are read from their start. Of members that start together, the one that has joined first
 * decides for the others. Returns the offsets as they are then.
 */
export async function pinStart(
  consumer: KafkaConsumer,
  offsets: readonly PartitionOffsets[],
  from: StartFrom,
): Promise<PartitionOffsets[]> {
  if (from.kind === "earliest" || offsets.some(({ committed }) => committed >= 0)) {
    return [...offsets];
  }
  const starts = from.kind === "latest"
    ? offsets.map(({ end }) => end)
    : await offsetsAt(consumer, offsets, from.epochMs);
  const pinned = offsets.map((one, index) => ({ ...one, committed: starts[index]! }));
  const commit = () => {
    try {
      consumer.client.commitSync(
        pinned.map(({ topic, partition, committed }) => ({ topic, partition, offset: committed })),
      );
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(toKafkaError(error, "Cannot set the start of the group"));
    }
  };
  try {
    await retryWhileCoordinatorMoves(commit);
    return pinned;
  } catch (error) {
    if (!HAS_MEMBERS.has((error as KafkaError).kafkaCode ?? 0)) throw error;
    return await readCommits(consumer, offsets);
  }
}

async function readCommits(
  consumer: KafkaConsumer,
  offsets: readonly PartitionOffsets[],
): Promise<PartitionOffsets[]> {
  const commits = await consumer.committed(offsets);
  return offsets.map((one) => ({ ...one, committed: committedOf(commits, one) }));
}

/** -1 without a commit. */
function committedOf(
  commits: readonly CommitEntry[],
  { topic, partition }: TopicPartition,
): number {
  const commit = commits.find((one) => one.topic === topic && one.partition === partition);
  return Math.max(-1, commit?.offset ?? -1);
}

function listPartitions(counts: ReadonlyMap<string, number>): TopicPartition[] {
  return [...counts].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition }))
  );
}

/** The first offset at or after a time; the end where there is none. */
async function offsetsAt(
  consumer: KafkaConsumer,
  offsets: readonly PartitionOffsets[],
  epochMs: number,
): Promise<number[]> {
  const found = await call<{ topic: string; partition: number; offset: number }[]>((callback) =>
    consumer.client.offsetsForTimes(
      offsets.map(({ topic, partition }) => ({ topic, partition, offset: epochMs })),
      ASK_TIMEOUT_MS,
      callback as never,
    )
  );
  const byKey = new Map(found.map((one) => [`${one.topic}/${one.partition}`, one.offset]));
  return offsets.map(({ topic, partition, end }) => {
    const offset = byKey.get(`${topic}/${partition}`) ?? -1;
    return offset >= 0 ? offset : end;
  });
}
