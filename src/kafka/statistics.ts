/** The part of librdkafka's statistics (STATISTICS.md of librdkafka) that the stats show. */

export interface Statistics {
  brokersUp: number;
  /** The coordinator of the group answers. */
  coordinatorUp: boolean;
  /** A member of the classic protocol has its share, also one that is nothing. */
  settled: boolean;
  /** Bytes prefetched, all partitions together. */
  prefetchedBytes: number;
  /** Bytes of messages received since the client was made. */
  receivedBytes: number;
  /** Ends of partitions for a reader of committed messages, by topic and partition. */
  ends: Map<string, Map<number, number>>;
}

interface RawStatistics {
  rxmsg_bytes?: number;
  cgrp?: { state?: string; join_state?: string };
  brokers?: Record<string, { state?: string; nodeid?: number }>;
  topics?: Record<string, {
    partitions?: Record<string, { fetchq_size?: number; hi_offset?: number; ls_offset?: number }>;
  }>;
}

export function readStatistics(text: string): Statistics {
  const raw = JSON.parse(text) as RawStatistics;
  const statistics: Statistics = {
    brokersUp: 0,
    coordinatorUp: raw.cgrp?.state === "up",
    settled: raw.cgrp?.join_state === "steady",
    prefetchedBytes: 0,
    receivedBytes: raw.rxmsg_bytes ?? 0,
    ends: new Map(),
  };
  for (const broker of Object.values(raw.brokers ?? {})) {
    if (broker.state === "UP") statistics.brokersUp++;
  }
  for (const [topic, { partitions }] of Object.entries(raw.topics ?? {})) {
    const ends = new Map<number, number>();
    for (const [number, partition] of Object.entries(partitions ?? {})) {
      if (Number(number) < 0) continue;
      statistics.prefetchedBytes += partition.fetchq_size ?? 0;
      // Unknown is -1001; the last stable offset is where a reader of committed messages ends.
      const end = partition.ls_offset ?? -1;
      ends.set(Number(number), end >= 0 ? end : Math.max(-1, partition.hi_offset ?? -1));
    }
    statistics.ends.set(topic, ends);
  }
  return statistics;
}
