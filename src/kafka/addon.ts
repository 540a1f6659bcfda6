/**
 * The native addon: the package's bindings of librdkafka and our partition poll, one file.
 *
 * It is loaded when it is first asked for, since that takes some 10 ms which `--help` need not pay.
 * In the executable the addon is embedded (embedded_addon.ts, by scripts/bundle.ts); elsewhere the
 * package's own loader finds it in node_modules.
 */
import type { Buffer } from "node:buffer";
import manifest from "@confluentinc/kafka-javascript/package.json" with { type: "json" };

/** What `attach` returns: one consumer's poller. Opaque. */
export type PollHandle = object & { readonly __pollHandle: never };

/** One poll's messages; src/native/columns.h says what is in the buffers, batch.ts reads them. */
export type Columns = readonly [
  count: number,
  more: boolean,
  bytes: ArrayBuffer,
  columns: ArrayBuffer,
  ascii: boolean,
];

/** Zero-timeout poll of one queue per partition; src/native/partition_poll.h has the contract. */
export interface PartitionPoll {
  attach(nativeClient: object, wake: () => void): PollHandle;
  open(handle: PollHandle, topic: string, partition: number, lane: number): number;
  poll(
    handle: PollHandle,
    max: number,
    perQueue: number,
    maxBytes: number,
    laneRoom: Int32Array,
  ): Columns | null;
  block(handle: PollHandle, queue: number, blocked: boolean): void;
  close(handle: PollHandle, queue: number): void;
  detach(handle: PollHandle): void;
  queued(handle: PollHandle): number;
}

/**
 * Queues a message exactly as it is; src/native/exact_produce.h has the contract. Returns librdkafka's
 * error code, or 0.
 */
export type ProduceExactly = (
  nativeClient: object,
  topic: string,
  partition: number,
  value: Buffer | null,
  key: Buffer | null,
  timestamp: number,
  opaque: unknown,
  headers: readonly (Buffer | null)[],
) => number;

/** What `attach` of `BatchProduce` returns. Opaque. */
export type BatchHandle = object & { readonly __batchHandle: never };

/** Sequences and offsets as Float64, then partitions and error codes as Int32; `count` of each. */
export type ReportColumns = readonly [count: number, columns: ArrayBuffer];

/** Queues many messages by one call, and takes their reports by one; src/native/batch_produce.h has the contract. */
export interface BatchProduce {
  attach(nativeClient: object, wake: () => void): BatchHandle;
  produce(
    handle: BatchHandle,
    topic: string,
    headers: readonly (Uint8Array | null)[],
    uuidAt: number,
    key: Uint8Array | null,
    timestamp: number,
    bytes: Uint8Array,
    lengths: Int32Array,
    uuids: Uint8Array,
    from: number,
    count: number,
    sequence: number,
  ): [taken: number, error: number];
  reports(handle: BatchHandle): ReportColumns | null;
  detach(handle: BatchHandle): void;
}

/**
 * Why librdkafka has given a producer up, `null` while it has not; src/native/fatal_error.h has the
 * contract.
 */
export type FatalError = (nativeClient: object) => [code: number, text: string] | null;

/** Has all that waits in a producer reported as purged; src/native/fatal_error.h has the contract. */
export type PurgeQueues = (nativeClient: object) => void;

/** A line of the watchdog; its forms and what is replaced in them: src/native/watchdog.h. */
export interface LineForms {
  known: string;
  candidates: string;
  nobody: string;
}

export interface WatchOptions {
  /** Numbers of signals that end the process; each has a listener already. */
  signals: readonly number[];
  /** From the first of them to the end, and from the second. */
  leaveMs: number;
  leaveAtOnceMs: number;
  /** Signals closer to each other than this are one. */
  togetherMs: number;
  /** A loop that has been blocked for so long is told. */
  reportAfterMs: number;
  blocked: LineForms;
  forced: LineForms;
  deadlineReason: string;
  thirdSignalReason: string;
  /** Names of the tasks, and what stands between two of them, as the lines have them. */
  tasks: readonly string[];
  separator: string;
  /** Gives the terminal back; written before a line. */
  restore: string;
}

/** The thread that watches the loop; src/native/watchdog.h has the contract. */
export interface Watchdog {
  /** Cells for so many tasks, for `Pulse`. */
  cells(tasks: number): ArrayBuffer;
  /** Starts it, once for the process. False when it runs already. */
  watch(cells: ArrayBuffer, options: WatchOptions): boolean;
  /** Has the kernel send SIGTERM to this process when its parent, of that id, is gone. */
  followParent(pid: number): void;
}

export interface Addon {
  readonly librdkafkaVersion: string;
  readonly opensslVersion: string;
  readonly partitionPoll: PartitionPoll;
  readonly produceExactly: ProduceExactly;
  readonly batchProduce: BatchProduce;
  readonly fatalError: FatalError;
  readonly purgeQueues: PurgeQueues;
  /** librdkafka's text for one of its error codes. */
  err2str(code: number): string;
  readonly watchdog: Watchdog;
}

let loading: Promise<Addon> | undefined;

/**
 * Loads the addon, once.
 * @throws {EnvironmentError} when the executable cannot unpack it.
 */
export function loadAddon(): Promise<Addon> {
  loading ??= import("@confluentinc/kafka-javascript/librdkafka.js")
    .then((module) => module.default as unknown as Addon);
  return loading;
}

export interface NativeVersions {
  package: string;
  librdkafka: string;
  openssl: string;
}

/** Set by scripts/bundle.ts, which asks the addon that it embeds. */
declare const TASKC_NATIVE_VERSIONS: NativeVersions | undefined;

/** Versions of the native part; in the executable without loading it. */
export async function nativeVersions(): Promise<NativeVersions> {
  if (typeof TASKC_NATIVE_VERSIONS !== "undefined") return TASKC_NATIVE_VERSIONS;
  const addon = await loadAddon();
  return {
    package: manifest.version,
    librdkafka: addon.librdkafkaVersion,
    openssl: addon.opensslVersion,
  };
}
