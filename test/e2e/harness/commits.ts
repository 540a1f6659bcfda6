/** What groups have committed, seen and set from outside. */
import kafkaPackage from "@confluentinc/kafka-javascript";
import { brokers, connect, connectConsumer, disconnectConsumer, endOffsets } from "./broker.ts";
import { until } from "./waiting.ts";

const { KafkaConsumer } = kafkaPackage;

export interface Committed {
  offset: number;
  metadata: string;
}

/** What a group has committed of a topic, by partition; one without a commit is not there. */
export async function committed(group: string, of: string): Promise<Map<number, Committed>> {
  const { admin } = await connect();
  await coordinated(group, of);
  const answer = await admin.fetchOffsets({ groupId: group, topics: [of] });
  const partitions = answer.find(({ topic }) => topic === of)?.partitions ?? [];
  return new Map(
    partitions.filter(({ offset }) => Number(offset) >= 0).map((
      { partition, offset, metadata },
    ) => [
      partition,
      { offset: Number(offset), metadata: metadata ?? "" },
    ]),
  );
}

const coordinators = new Map<string, Promise<void>>();

/**
 * Resolves when the group has a coordinator. Without one, as at the first use of a fresh cluster, the
 * package's `fetchOffsets` crashes the process (1.10.1, common.cc:1337).
 */
function coordinated(group: string, of: string): Promise<void> {
  let found = coordinators.get(group);
  if (!found) coordinators.set(group, found = findCoordinator(group, of));
  return found;
}

async function findCoordinator(group: string, of: string): Promise<void> {
  const consumer = new KafkaConsumer({
    "bootstrap.servers": brokers.plain ?? "",
    "group.id": group,
  });
  await connectConsumer(consumer);
  try {
    await until(
      `the coordinator of ${group}`,
      () =>
        new Promise((resolve) =>
          consumer.committed([{ topic: of, partition: 0 }], 5000, (error) => resolve(!error))
        ),
    );
  } finally {
    await disconnectConsumer(consumer);
  }
}

/** Commits for a group that has no member, as a worker before would have. */
export async function commitAs(
  group: string,
  entries: readonly { topic: string; partition: number; offset: number; metadata?: string }[],
): Promise<void> {
  const consumer = new KafkaConsumer({
    "bootstrap.servers": brokers.plain ?? "",
    "group.id": group,
  });
  await connectConsumer(consumer);
  try {
    consumer.commitSync([...entries]);
  } finally {
    await disconnectConsumer(consumer);
  }
}

/** The sum of end minus commit over a topic's partitions; one without a commit counts from its start. */
export async function lag(group: string, of: string): Promise<number> {
  const [ends, commits] = await Promise.all([endOffsets(of), committed(group, of)]);
  let sum = 0;
  for (const [partition, end] of ends) {
    sum += end - (commits.get(partition)?.offset ?? 0);
  }
  return sum;
}
