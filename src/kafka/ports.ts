/**
 * What the worker needs of Kafka. The adapters beside this file implement it on
 * `@confluentinc/kafka-javascript` and the native batch poll; tests implement it in memory.
 */
import type { KafkaError } from "../errors.ts";
import type { Batch } from "./batch.ts";

export interface TopicPartition {
  topic: string;
  partition: number;
}

export interface CommitEntry extends TopicPartition {
  offset: number;
  metadata?: string;
}

/** Where a group stands in a partition, and how far the log reaches. */
export interface Standing extends TopicPartition {
  /** The group's commit; -1 without one. */
  committed: number;
  /** Of that commit, "" without any. */
  metadata: string;
  /** The topic's id: a topic deleted and made again has another. `null` when the brokers did not tell. */
  incarnation: string | null;
  /** Why they did not, where they may tell it yet. */
  incarnationProblem?: KafkaError;
  /** The first offset there is. */
  start: number;
  /** One past the last, for a reader of committed messages. */
  end: number;
}

/** A partition of which the brokers cannot tell now where the group stands. */
export interface Untold extends TopicPartition {
  error: KafkaError;
}

export type LookedUp = Standing | Untold;

/** The broker's word on one commit, partition by partition. */
export interface CommitAnswer {
  /** Entries as they were sent, each with the broker's refusal if there was one. */
  entries: (CommitEntry & { error?: KafkaProblem })[];
}

export interface KafkaProblem {
  /** librdkafka's code: negative for local errors, positive for those of the broker. */
  code: number;
  message: string;
  fatal?: boolean;
}

export type AssignmentChange =
  | { kind: "assign"; partitions: TopicPartition[] }
  | { kind: "revoke"; partitions: TopicPartition[] }
  | { kind: "lost"; partitions: TopicPartition[] };

/** A broker is in trouble, or well again; `null` stands for all of them. */
export type BrokerChange =
  | { up: true; broker: string | null }
  | { up: false; broker: string | null; reason: string };

/** A partition queue's number in the poll; never used twice in the life of a consumer. */
export type QueueId = number;

export interface Consumer {
  /** Called, on the JS thread, when something arrived while nothing was polled. */
  onWake(wake: () => void): void;
  /**
   * Takes what is there without waiting: assignment changes, commit answers and errors are stored for
   * the `take…` calls, messages are returned. At most `max` messages and about `maxBytes`.
   */
  poll(max: number, maxBytes: number): Batch | null;
  /** True when the last poll left something behind, for which no wake-up will come. */
  readonly more: boolean;
  takeAssignmentChanges(): AssignmentChange[];
  takeCommitAnswers(): CommitAnswer[];
  takeProblems(): KafkaProblem[];
  takeBrokerChanges(): BrokerChange[];

  /**
   * Asks the brokers where the group stands; answers in the order of the partitions. Rejects with a
   * `KafkaError` when none can be told.
   */
  lookUp(partitions: readonly TopicPartition[]): Promise<LookedUp[]>;
  /** Opens a queue for each partition, then answers the assignment. Lanes bound what is polled. */
  assign(partitions: readonly (TopicPartition & { lane: number; offset?: number })[]): QueueId[];
  /** Makes an assigned partition go on at another offset; rejects with a `KafkaError` while it cannot. */
  seek(partition: TopicPartition, offset: number): Promise<void>;
  /** Stops polling a queue; what it has prefetched stays. */
  block(queue: QueueId, blocked: boolean): void;
  /** Answers a revoke or a loss, then closes the queues and frees their prefetch. */
  unassign(partitions: readonly TopicPartition[], queues: readonly QueueId[]): void;
  /** Messages a lane (one topic) may still hand out; read by each poll. */
  setLaneRoom(lane: number, room: number): void;

  /** Starts a commit. Only `takeCommitAnswers` tells what became of it. */
  commit(entries: readonly CommitEntry[]): void;
  /** The end of a partition as far as the client knows, or -1. */
  endOffset(topic: string, partition: number): number;
  /** The first offset of a partition as far as the client knows, or -1; asks nobody. */
  logStart(topic: string, partition: number): number;
  /** Leaves the group and frees everything; resolves within `timeoutMs` in any case. */
  close(timeoutMs: number): Promise<void>;
}

export interface OutgoingMessage {
  topic: string;
  partition?: number | undefined;
  key: Uint8Array | string | null;
  value: Uint8Array | null;
  /** Names as bytes where they may be no UTF-8. */
  headers: readonly (readonly [name: Uint8Array | string, value: Uint8Array | string | null])[];
  timestamp?: number | undefined;
}

export interface Delivered extends TopicPartition {
  offset: number;
}

export interface Producer {
  /** Resolves when the broker acknowledged; rejects with a `KafkaError` when it refused. */
  send(message: OutgoingMessage): Promise<Delivered>;
  /** Waits for all acknowledgements, at most `timeoutMs`, then closes. */
  close(timeoutMs: number): Promise<void>;
}

/** Messages that have all but their values in common, and the id where a header has one. */
export interface MessageBatch {
  topic: string;
  key: Uint8Array | string | null;
  headers: OutgoingMessage["headers"];
  /** Which of the headers has a random UUID for each message as its value; -1: none. */
  uuidAt: number;
  count: number;
  /** The values, one after another. */
  bytes: Uint8Array;
  lengths: Int32Array;
}

/** Hears what becomes of each message of a batch, once. */
export interface DeliveryListener {
  delivered(sequence: number, partition: number, offset: number): void;
  undelivered(sequence: number, error: KafkaError): void;
  /** Some of these calls are over for now. */
  told(): void;
}

export interface BatchProducer {
  /**
   * Resolves when librdkafka has taken all that it takes; the listener hears the rest. The messages have the
   * numbers from `sequence` on.
   */
  send(batch: MessageBatch, sequence: number): Promise<void>;
  /** Nothing more is to be heard of messages below that number. */
  forget(below: number): void;
}
