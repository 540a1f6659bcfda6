/** How clients reach the brokers, and what to say when they cannot. */
import { KafkaError, SettingsError } from "../errors.ts";
import { call, CODE } from "./rdkafka.ts";
import { defaultTlsProperties } from "./tls.ts";

export interface ConnectionSettings {
  /** `host:port`, one or more. */
  brokers: readonly string[];
  /** librdkafka properties for this kind of client, from `-X` and taskc.json. */
  properties: Readonly<Record<string, string>>;
}

/** A failing start is told within this time; a user waits in front of it. */
export const CONNECT_TIMEOUT_MS = 8000;
/** A port that refuses connections for so long is taken for the wrong one. */
const REFUSED_FOR_MS = 3000;
/** Of syslog. */
const LOG_WARNING = 4;

/**
 * For the package's second argument. With any object there, an empty one too, librdkafka forgets the properties of
 * topics that stand among the others: `message.timeout.ms`, `partitioner`, `request.timeout.ms`.
 */
export const NO_TOPIC_PROPERTIES = null as unknown as Record<string, never>;

/** For so long a topic that brokers do not know counts as one that was just made. Milliseconds. */
export const TOPIC_PROPAGATION_MS = 10_000;

/** The properties that every client has. A user's own win over our defaults. */
export function connectionProperties(connection: ConnectionSettings): Record<string, unknown> {
  return {
    ...defaultTlsProperties(connection.properties),
    "client.id": "taskc",
    "socket.nagle.disable": true,
    // Doubled after each attempt that fails. Half of it, and 11 ms at least, is also what lies between any two
    // first connections, of which each client needs two: librdkafka gives up the one that told it the brokers.
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 2000,
    "topic.metadata.propagation.max.ms": TOPIC_PROPAGATION_MS,
    ...connection.properties,
    "bootstrap.servers": connection.brokers.join(","),
  };
}

/** A client of the package, as far as connecting goes. */
interface ConnectableClient {
  connect(
    options: { timeout: number },
    callback: (error: unknown, metadata?: Metadata) => void,
  ): unknown;
  on(event: "event.log", listener: (line: LogLine) => void): unknown;
  removeListener(event: "event.log", listener: (line: LogLine) => void): unknown;
}

interface LogLine {
  /** Of syslog: 3 is an error, 7 debug. */
  severity: number;
  fac: string;
  message: string;
}

export interface Connected {
  metadata: Metadata;
  /** Versions of each request that the brokers speak, by its number; empty without `debug=feature`. */
  apis: ReadonlyMap<number, ApiVersions>;
}

export interface ApiVersions {
  min: number;
  max: number;
}

export interface Metadata {
  brokers: { id: number; host: string; port: number }[];
  topics: {
    name: string;
    partitions: { id: number; leader: number; replicas: number[]; isrs: number[] }[];
    error?: { message: string; code: number };
  }[];
}

/**
 * Connects, or throws a `KafkaError` that says why it cannot be. What will not get better by waiting (a
 * wrong password, TLS against a plain port) ends it at once; a port that refuses gets a moment, for a
 * broker that is just starting; silence gets the timeout.
 *
 * The reasons come from librdkafka's log: its errors arrive through the poll, and nothing polls yet.
 */
export async function connect(
  client: ConnectableClient,
  connection: ConnectionSettings,
  timeoutMs = CONNECT_TIMEOUT_MS,
): Promise<Connected> {
  const reasons: string[] = [];
  const apis = new Map<number, ApiVersions>();
  let giveUp: (error: unknown) => void = () => {};
  const hopeless = new Promise<never>((_, reject) => giveUp = reject);
  hopeless.catch(() => {});
  let refusedTimer: ReturnType<typeof setTimeout> | undefined;
  const listener = ({ severity, fac, message }: LogLine) => {
    // A connection that fails is logged as an error or, when the other side closed it, as information.
    if (severity > LOG_WARNING && fac !== "FAIL") return noteApiVersions(message, apis);
    if (reasons.length < 100) reasons.push(message);
    if (isHopeless(message)) giveUp(new Error(message));
    if (/Connection refused|in state APIVERSION_QUERY/.test(message)) {
      refusedTimer ??= setTimeout(() => giveUp(new Error(message)), REFUSED_FOR_MS);
    }
  };
  client.on("event.log", listener);
  try {
    const metadata = await Promise.race([
      call<Metadata>((callback) => client.connect({ timeout: timeoutMs }, callback)),
      hopeless,
    ]);
    return { metadata, apis };
  } catch (cause) {
    // The client was never made: no broker has anything to do with it.
    if (wasNotMade(cause)) {
      throw wrongProperties(cause, reasons);
    }
    throw describeConnectFailure(connection, reasons, cause);
  } finally {
    clearTimeout(refusedTimer);
    client.removeListener("event.log", listener);
  }
}

function wasNotMade(cause: unknown): boolean {
  if (!(cause instanceof KafkaError)) return false;
  const { kafkaCode, message } = cause;
  // A machine that lacks threads or files has no wrong settings.
  if (/failed to create .*thread|too many open files/i.test(message)) return false;
  return kafkaCode === CODE.unknown ||
    (kafkaCode === CODE.wrongState && !/erroneous state/i.test(message));
}

/** Makes a client. Throws a `SettingsError` for properties that librdkafka refuses at once. */
export function makeClient<Client>(make: () => Client): Client {
  try {
    return make();
  } catch (cause) {
    throw wrongProperties(cause);
  }
}

/** `logged`: what librdkafka has said before, of a certificate say. */
function wrongProperties(cause: unknown, logged: readonly string[] = []): SettingsError {
  const texts = new Set([(cause as Error).message, ...logged.map(tidyReason)]);
  return new SettingsError([
    `Cannot use the properties of librdkafka that are set: ${[...texts].join("; ")}`,
  ]);
}

/** librdkafka logs what a broker speaks when `debug=feature` is on; no call tells. */
function noteApiVersions(message: string, apis: Map<number, ApiVersions>): void {
  const match = /ApiKey \S+ \((\d+)\) Versions (\d+)\.\.(\d+)/.exec(message);
  if (match) apis.set(Number(match[1]), { min: Number(match[2]), max: Number(match[3]) });
}

function isHopeless(reason: string): boolean {
  return /authentication fail|SASL authentication error|certificate verify failed|unsupported SASL|wrong version number|connecting to a (PLAINTEXT|SSL)/i
    .test(reason);
}

/** The most telling of librdkafka's reasons, and what to do about it. */
export function describeConnectFailure(
  connection: ConnectionSettings,
  reasons: readonly string[],
  cause?: unknown,
): KafkaError {
  const brokers = connection.brokers.join(",");
  const reason = reasons.find(isHopeless) ??
    reasons.find((text) => !/brokers? are down/.test(text)) ?? (cause as Error)?.message ??
    "no answer";
  return new KafkaError(`Cannot connect to Kafka at "${brokers}": ${tidyReason(reason)}`, {
    hint: hintFor(reason),
    cause,
  });
}

/** Drops librdkafka's prefix of addresses and its timing, which say nothing to the reader. */
export function tidyReason(reason: string): string {
  return reason
    .replace(/^\[thrd:[^\]]*\]: /, "")
    .replace(/^(\w+:\/\/)?[^\s]*:\d+\/(bootstrap|\d+): /, "")
    .replace(/(, \d+ identical error\(s\) suppressed|\(\d+ identical error\(s\) suppressed\))/g, "")
    .replace(/ \(after \d+ms in state [^)]*\)/g, "")
    .trim();
}

const CHECK_BROKER =
  "Check that the broker runs and that --brokers has its address; `taskc dev` needs no broker";

const CHECK_PLAINTEXT = "The port may speak plain text: check -X security.protocol and the port";

function hintFor(reason: string): string {
  if (/refused/.test(reason)) return CHECK_BROKER;
  // Its broker may ask for a password all the same, but that comes later.
  if (/connecting to a PLAINTEXT/.test(reason)) return CHECK_PLAINTEXT;
  if (/SASL|authentication/i.test(reason)) {
    return "Check sasl.mechanisms, sasl.username and sasl.password, given with -X or in taskc.json";
  }
  if (/certificate/i.test(reason)) {
    return "Give the CA that signed the broker's certificate with -X ssl.ca.location=FILE";
  }
  // A broker closes the connection on what is no TLS; the log tells the state that it was in.
  if (
    /in state APIVERSION_QUERY|connecting to a SSL listener|incorrect security\.protocol/i.test(
      reason,
    )
  ) {
    return "The port may expect TLS: try -X security.protocol=ssl or sasl_ssl";
  }
  if (/SSL|TLS|wrong version number|PLAINTEXT/i.test(reason)) {
    return CHECK_PLAINTEXT;
  }
  if (/resolve/i.test(reason)) return "Check the host name in --brokers";
  return CHECK_BROKER;
}
