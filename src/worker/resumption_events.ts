/** What is worth telling of where the work on assigned partitions goes on. */
import type { Resumption } from "../core/resumption.ts";
import type { TopicPartition } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";

/** That topics were made again, by their partitions that begin anew. */
export function tellRecreations(begunAnew: readonly TopicPartition[], stats: Stats): void {
  const counts = new Map<string, number>();
  for (const { topic } of begunAnew) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  for (const [topic, partitions] of counts) {
    stats.event({ event: "topic-recreated", topic, partitions });
  }
}

export function tellResumptions(
  resumed: readonly (TopicPartition & Resumption)[],
  stats: Stats,
): void {
  const takenOver: { topic: string; partition: number; offset: number; takeovers: number }[] = [];
  let finished = 0;
  for (const one of resumed) {
    const { topic, partition, offset, takeovers, reset, ignored } = one;
    if (reset) {
      const { from, reason, lost } = reset;
      stats.event({ event: "offset-reset", topic, partition, from, to: offset, lost, reason });
    }
    if (ignored !== null) {
      stats.event({ event: "metadata-ignored", topic, partition, offset, reason: ignored });
    }
    if (takeovers > 0) takenOver.push({ topic, partition, offset, takeovers });
    for (const { from, to } of one.finished) finished += to - from;
  }
  if (takenOver.length > 0 || finished > 0) {
    stats.event({ event: "resumed", finished, takenOver });
  }
}
