/** The package's callback API, loaded with the addon when a command first needs Kafka. */
import { KafkaError } from "../errors.ts";
import { loadAddon } from "./addon.ts";
import type { TopicPartition } from "./ports.ts";

export type RdKafka = typeof import("@confluentinc/kafka-javascript");

/** librdkafka's codes that the adapters act on (rdkafka.h, `rd_kafka_resp_err_t`). */
export const CODE = {
  assignPartitions: -175,
  revokePartitions: -174,
  fatal: -150,
  /** Also of a client that could not be made: the package passes on the text alone. */
  unknown: -1,
  /** Also of a client that could not be made, with another text than that of this code. */
  wrongState: -172,
  queueFull: -184,
  topicAlreadyExists: 36,
  unknownTopic: 3,
} as const;

/** The package's consumer, with the methods that its types leave out. */
export type ConsumerClient = InstanceType<RdKafka["KafkaConsumer"]> & {
  rebalanceProtocol(): "NONE" | "EAGER" | "COOPERATIVE";
  assignmentLost(): boolean;
  incrementalAssign(partitions: readonly TopicPartition[]): void;
  incrementalUnassign(partitions: readonly TopicPartition[]): void;
};

let loading: Promise<RdKafka> | undefined;

/** Throws an `EnvironmentError` when the executable cannot unpack its native part. */
export function loadRdKafka(): Promise<RdKafka> {
  // Only the callback API: the package's KafkaJS layer would double the time to load.
  loading ??= loadAddon()
    .then(() => import("@confluentinc/kafka-javascript/lib/rdkafka.js"))
    .then((module) => (module.default ?? module) as RdKafka);
  return loading;
}

/** Calls a function of the package that answers by callback. */
export function call<T>(
  start: (callback: (error: unknown, value?: T) => void) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => error ? reject(toKafkaError(error)) : resolve(value as T));
  });
}

/**
 * The same for a question on `what`. Should the answer never come, as was seen after processes had been
 * frozen, it throws a `KafkaError`, so that it can be asked again. librdkafka's own time limit comes first.
 */
export function callWithin<T>(
  limitMs: number,
  what: string,
  start: (callback: (error: unknown, value?: T) => void) => void,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const lost = new Promise<never>((_, reject) => {
    const error = new KafkaError(
      `The Kafka client did not answer within ${limitMs / 1000} s: ${what}`,
    );
    timer = setTimeout(() => reject(error), limitMs);
  });
  return Promise.race([call<T>(start), lost]).finally(() => clearTimeout(timer));
}

/** So long after the client's own time limit, an answer is taken for lost. */
const LATE_MS = 5000;

/** A question that the client itself gives up after `timeoutMs`. */
export function ask<T>(
  timeoutMs: number,
  what: string,
  start: (callback: (error: unknown, value?: T) => void) => void,
): Promise<T> {
  return callWithin<T>(timeoutMs + LATE_MS, what, start);
}

/** Waits for a callback that may never come, at most `timeoutMs`. */
export function settleWithin(timeoutMs: number, start: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    start(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** An error of the package as one of ours, with librdkafka's code and text. */
export function toKafkaError(error: unknown, doing = ""): KafkaError {
  if (error instanceof KafkaError) return error;
  const { code, message } = error as { code?: unknown; message?: unknown };
  const text = String(message ?? error);
  return new KafkaError(doing === "" ? text : `${doing}: ${text}`, {
    cause: error,
    kafkaCode: typeof code === "number" ? code : undefined,
  });
}
