/** The package's callback API, loaded with the addon when a command first needs Kafka. */
import { KafkaError } from "../errors.ts";
import { loadAddon } from "./addon.ts";

export type RdKafka = typeof import("@confluentinc/kafka-javascript");

/** librdkafka's codes that the adapters act on (rdkafka.h, `rd_kafka_resp_err_t`). */
export const CODE = {
  assignPartitions: -175,
  revokePartitions: -174,
  fatal: -150,
  /** Also of a client that could not be made: the package passes on the text alone. */
  unknown: -1,
  queueFull: -184,
  topicAlreadyExists: 36,
} as const;

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
