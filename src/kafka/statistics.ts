/** The part of librdkafka's statistics (STATISTICS.md of librdkafka) that the stats show. */
import type { BrokerStatistics } from "./broker_watch.ts";

export interface Statistics {
  /** When they were taken, milliseconds of the client's monotonic clock. */
  atMs: number;
  /** Those that the cluster has told of, and the connection to the group's coordinator. */
  brokers: BrokerStatistics[];
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

interface RawBroker {
  nodename?: string;
  nodeid?: number;
  source?: string;
  state?: string;
  waitresp_cnt?: number;
  /** Microseconds. */
  rxidle?: number;
}

interface RawStatistics {
  /** Microseconds. */
  ts?: number;
  rxmsg_bytes?: number;
  cgrp?: { state?: string; join_state?: string };
  brokers?: Record<string, RawBroker>;
  topics?: Record<string, {
    partitions?: Record<string, { fetchq_size?: number; hi_offset?: number; ls_offset?: number }>;
  }>;
}

export function readStatistics(text: string): Statistics {
  const raw = JSON.parse(text) as RawStatistics;
  const statistics: Statistics = {
    atMs: (raw.ts ?? 0) / 1000,
    brokers: Object.values(raw.brokers ?? {}).flatMap(toBroker),
    coordinatorUp: raw.cgrp?.state === "up",
    settled: raw.cgrp?.join_state === "steady",
    prefetchedBytes: 0,
    receivedBytes: raw.rxmsg_bytes ?? 0,
    ends: new Map(),
  };
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

/** Bootstrap connections are given up once the brokers are known. */
function toBroker(raw: RawBroker): BrokerStatistics[] {
  const { nodename = "", nodeid = -1, source, state = "", waitresp_cnt = 0, rxidle = -1 } = raw;
  if (source !== "logical" && nodeid < 0) return [];
  return [{
    address: nodename,
    kind: source === "logical" ? "coordinator" : "broker",
    state,
    waiting: waitresp_cnt,
    silentMs: rxidle < 0 ? -1 : rxidle / 1000,
  }];
}
