/** What really is in a topic of dead letters, read once from its start to its end. */
import type { Cluster } from "./cluster.ts";
import type { DeadLetter } from "./evidence.ts";
import { readLetter } from "./letters.ts";
import { closeReader, newReader, readFromStart } from "./reader.ts";
import { until } from "./waiting.ts";

/** Where the design puts what a group gives up of a topic. */
export function deadLetterTopic(group: string, topic: string): string {
  return `${group}.${topic}.dead`;
}

export async function readDeadLetters(cluster: Cluster, topic: string): Promise<DeadLetter[]> {
  const ends = await cluster.ends(topic);
  if (ends.size === 0) return [];
  const letters: DeadLetter[] = [];
  const read = new Map<number, number>();
  const reader = await newReader(cluster.direct, 50, (record) => {
    letters.push(readLetter(record));
    read.set(record.partition, record.offset + 1);
  });
  try {
    readFromStart(reader, topic, Math.max(...ends.keys()) + 1);
    await until(
      `${topic} to be read`,
      () => [...ends].every(([partition, end]) => (read.get(partition) ?? 0) >= end),
    );
  } finally {
    await closeReader(reader);
  }
  return letters;
}
