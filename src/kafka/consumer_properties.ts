/** The librdkafka properties of our consumer. */
import { connectionProperties, type ConnectionSettings } from "./connection.ts";
import { TOPIC_LOOK_MS } from "./topic_watch.ts";
import { groupProperties, type GroupProtocol } from "./group_protocol.ts";

export interface ConsumerSettings extends ConnectionSettings {
  group: string;
  protocol: GroupProtocol;
  /** When the brokers have KIP-848 but switched it off, take the classic protocol instead of failing. */
  fallBack: boolean;
  instanceId?: string | undefined;
  topics: readonly string[];
  /** Partitions of those topics, for the share each may prefetch. */
  partitions: number;
  /** Bytes that all partitions together may prefetch. */
  prefetchBytes: number;
  /** Brokers answer when they are asked for topic ids; the embedded one does not. @default true */
  topicIds?: boolean;
  /** Milliseconds between two looks at lag and brokers. */
  statisticsMs: number;
}

/** Kafka's own default; a fetch of one partition overshoots its share by at most so much. */
const LARGEST_FETCH = 1_048_576;
const LEAST_SHARE_KIB = 64;

/**
 * A user's properties win over what is tuned, not over what delivery rests on: offsets are committed by
 * us alone, only committed messages are read, and the end of a partition is told.
 */
export function consumerProperties(
  settings: ConsumerSettings,
  protocol: GroupProtocol,
): Record<string, unknown> {
  const { group, instanceId, partitions, prefetchBytes, statisticsMs } = settings;
  // librdkafka bounds the prefetch by partition, so the budget is shared out when the client is made.
  const share = Math.floor(prefetchBytes / Math.max(1, partitions) / 1024);
  const shareKiB = Math.max(LEAST_SHARE_KIB, share);
  return {
    // fetch.wait.max.ms stays librdkafka's own; src/native/fetch_wait.h shortens it while messages flow.
    "fetch.queue.backoff.ms": 10,
    // How soon partitions are noticed that a topic got while it is consumed; librdkafka's own is 5 min.
    "topic.metadata.refresh.interval.ms": TOPIC_LOOK_MS,
    "queued.min.messages": 10_000,
    "queued.max.messages.kbytes": shareKiB,
    "fetch.message.max.bytes": Math.min(LARGEST_FETCH, shareKiB * 1024),
    "statistics.interval.ms": statisticsMs,
    ...groupProperties(protocol),
    ...connectionProperties(settings),
    ...(instanceId ? { "group.instance.id": instanceId } : {}),
    "group.id": group,
    "auto.offset.reset": "earliest",
    "enable.auto.commit": false,
    "enable.auto.offset.store": false,
    "enable.partition.eof": true,
    "isolation.level": "read_committed",
  };
}
