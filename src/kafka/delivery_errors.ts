/** What is said of a message that could not be sent, and of a producer that has met a fatal error. */
import { KafkaError } from "../errors.ts";
import { tidyReason } from "./connection.ts";

/**
 * UNKNOWN_TOPIC_OR_PART of the broker, _UNKNOWN_TOPIC and _UNKNOWN_PARTITION of librdkafka, and its
 * _DESTROY: what still waited for a partition that it forgets (`rd_kafka_toppar_destroy_final`).
 */
const NO_SUCH_TOPIC = new Set([3, -188, -190, -197]);
const CLUSTER_AUTHORIZATION_FAILED = 31;
const MAY_NOT_WRITE =
  "Cluster authorization failed: the user needs IdempotentWrite on the cluster, or Write on a topic";

/** librdkafka's text; where a right is missing, which one. */
export function describeFatal(code: number, text: string): KafkaError {
  const reason = code === CLUSTER_AUTHORIZATION_FAILED ? MAY_NOT_WRITE : tidyReason(text);
  return new KafkaError(reason, { kafkaCode: code });
}

/** The same failure, of something that was to be done. */
export function because(doing: string, cause: unknown): KafkaError {
  const { message, kafkaCode, hint } = cause as KafkaError;
  return new KafkaError(`${doing}: ${message}`, { cause, kafkaCode, hint });
}

/** A topic that is missing or was deleted has several names in librdkafka, none of which says so. */
export function plainly(error: unknown): unknown {
  const { code } = error as { code: number };
  return NO_SUCH_TOPIC.has(code) ? { code, message: "there is no such topic" } : error;
}
