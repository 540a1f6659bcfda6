import assert from "node:assert/strict";
import type { KafkaError } from "../../../src/errors.ts";
import { Batch, type BatchError, type BatchMessage } from "../../../src/kafka/batch.ts";
import type {
  AssignmentChange,
  BrokerChange,
  CommitAnswer,
  CommitEntry,
  Consumer,
  KafkaProblem,
  LookedUp,
  QueueId,
  TopicPartition,
} from "../../../src/kafka/ports.ts";
import { FakeKafka, keyOf, type LogEntry, type Queue } from "./fake_kafka.ts";

/**
 * Kafka in memory, for one consumer: logs, a group's commits, assignments on command. It refuses what
 * librdkafka would not stand: a second commit while one is in flight, queues that are not open.
 */
export class FakeConsumer implements Consumer {
  more = false;
  /** Commits as they were sent, in order. */
  readonly commits: CommitEntry[][] = [];
  readonly #kafka = new FakeKafka();
  /** What the broker holds for the group. */
  readonly committed = this.#kafka.committed;
  /** The metadata that it holds. */
  readonly metadata = this.#kafka.metadata;
  /** First offsets of logs that have lost their beginning. */
  readonly logStarts = this.#kafka.logStarts;
  /** Topics whose ids are not told. */
  readonly unidentified = this.#kafka.unidentified;
  /** Look-ups fail with this. */
  failLookUp: Error | null = null;
  /** Partitions that look-ups do not tell, by topic/partition. */
  readonly untold = new Map<string, KafkaError>();
  /** The same of partitions that cannot be sought; and those that were, in order. */
  readonly unseekable = new Map<string, KafkaError>();
  readonly sought: string[] = [];
  /** Answers to assignment changes, in order. */
  readonly answers: { kind: "assign" | "unassign"; partitions: string[] }[] = [];
  commitAnswers: "at once" | "on command" = "at once";
  /** Refuses commits; the reason, or null to accept. */
  refuseCommit: (entry: CommitEntry) => KafkaProblem | null = () => null;
  /** Makes `commit` itself throw, as a client does that is closing. */
  throwOnCommit: Error | null = null;
  closedWith: number | null = null;
  turns = 0;
  readonly #queues = new Map<QueueId, Queue>();
  readonly #laneRoom = new Map<number, number>();
  #nextQueue = 7;
  #inFlight: CommitEntry[] | null = null;
  #changes: AssignmentChange[] = [];
  #commitAnswers: CommitAnswer[] = [];
  #problems: KafkaProblem[] = [];
  #brokerChanges: BrokerChange[] = [];
  #extra: (BatchMessage | BatchError)[] = [];
  #wake: () => void = () => {};
  #waiting: (() => void)[] = [];

  // --- what tests do

  /** Appends to a partition's log; numbers become messages with that JSON. */
  append(topic: string, partition: number, ...entries: (LogEntry | number)[]): void {
    this.#kafka.append({ topic, partition }, entries);
    this.#wake();
  }

  /** The log is gone; a new one begins at offset 0, and the consumer reads on there or at `next`. */
  recreate(topic: string, partition: number, next = 0): void {
    this.#kafka.recreate({ topic, partition });
    for (const queue of this.#queuesOf(topic, partition)) queue.next = next;
  }

  /** The log loses all from `end` on, as when a replica that lagged behind becomes the leader. */
  truncate(topic: string, partition: number, end: number): void {
    this.#kafka.log({ topic, partition }).length = end;
    for (const queue of this.#queuesOf(topic, partition)) queue.next = end;
  }

  /** One more message at the end of the log, and the first one of the log that replaces it, in one poll. */
  appendAndRecreate(topic: string, partition: number, last: number, first: number): void {
    const offset = this.#kafka.log({ topic, partition }).length;
    for (const queue of this.#queuesOf(topic, partition)) {
      this.#extra.push({ queue: queue.id, offset, value: String(last) });
      this.#extra.push({ queue: queue.id, offset: 0, value: String(first) });
      queue.next = 1;
    }
    this.#kafka.logs.set(keyOf({ topic, partition }), [{ value: String(first) }]);
    this.#wake();
  }

  /** Takes over the logs and the group's commits of another consumer's Kafka. */
  inherit(from: FakeConsumer): void {
    this.#kafka.inherit(from.#kafka);
  }

  /** The same Kafka as it is now, for an heir. */
  snapshot(): FakeConsumer {
    const copy = new FakeConsumer();
    copy.inherit(this);
    return copy;
  }

  /** The consumer reads on at `offset`: what lies before was deleted. */
  skipTo(topic: string, partition: number, offset: number): void {
    for (const queue of this.#queuesOf(topic, partition)) queue.next = offset;
  }

  change(kind: AssignmentChange["kind"], ...partitions: TopicPartition[]): void {
    this.#changes.push({ kind, partitions });
    this.#wake();
  }

  problem(problem: KafkaProblem): void {
    this.#problems.push(problem);
    this.#wake();
  }

  broker(change: BrokerChange): void {
    this.#brokerChanges.push(change);
    this.#wake();
  }

  /** An error entry for the next poll. */
  pollError(error: BatchError): void {
    this.#extra.push(error);
    this.#wake();
  }

  get commitInFlight(): readonly CommitEntry[] | null {
    return this.#inFlight && this.#inFlight.map(withoutMetadata);
  }

  /** The broker answers the commit in flight; librdkafka tells the refusal of one entry of all of them. */
  answerCommit(): void {
    const sent = this.#inFlight;
    assert.ok(sent, "no commit is in flight");
    this.#inFlight = null;
    let error: KafkaProblem | null = null;
    for (const entry of sent) {
      const refusal = this.refuseCommit(entry);
      error = refusal ?? error;
      if (refusal) continue;
      this.committed.set(keyOf(entry), entry.offset);
      this.metadata.set(keyOf(entry), entry.metadata ?? "");
    }
    this.#commitAnswers.push({ entries: sent.map((one) => error ? { ...one, error } : one) });
    this.#wake();
  }

  /** Settles with the next poll of the loop. */
  nextPoll(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#wake();
    });
  }

  /** Partitions that are assigned, with where they are polled from. */
  get positions(): Map<string, number> {
    return new Map([...this.#queues.values()].map((queue) => [keyOf(queue), queue.next]));
  }

  isBlocked(topic: string, partition: number): boolean {
    return this.#queuesOf(topic, partition)[0]!.blocked;
  }

  // --- the port

  onWake(wake: () => void): void {
    this.#wake = wake;
  }

  poll(max: number, maxBytes: number): Batch | null {
    this.turns++;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
    assert.ok(max >= 0 && maxBytes > 0, `poll(${max}, ${maxBytes})`);
    const entries: (BatchMessage | BatchError)[] = this.#extra.splice(0);
    let [messages, bytes] = [0, 0];
    const rooms = new Map(this.#laneRoom);
    for (const queue of this.#queues.values()) {
      while (!queue.blocked && messages < max && bytes < maxBytes) {
        const room = rooms.get(queue.lane) ?? 0;
        if (room <= 0) break;
        const entry = this.#kafka.take(queue);
        if (!entry) break;
        entries.push(entry);
        if ("error" in entry) continue;
        rooms.set(queue.lane, room - 1);
        messages++;
        bytes += Batch.of([entry]).byteLength;
      }
    }
    this.more = false;
    return entries.length === 0 ? null : Batch.of(entries);
  }

  takeAssignmentChanges(): AssignmentChange[] {
    return this.#changes.splice(0);
  }

  takeCommitAnswers(): CommitAnswer[] {
    return this.#commitAnswers.splice(0);
  }

  takeProblems(): KafkaProblem[] {
    return this.#problems.splice(0);
  }

  takeBrokerChanges(): BrokerChange[] {
    return this.#brokerChanges.splice(0);
  }

  assign(
    partitions: readonly (TopicPartition & { lane: number; offset?: number })[],
  ): QueueId[] {
    this.answers.push({ kind: "assign", partitions: partitions.map(keyOf) });
    return partitions.map(({ topic, partition, lane, offset }) => {
      const id = this.#nextQueue++;
      const next = offset ?? this.#kafka.positionOf({ topic, partition });
      this.#queues.set(id, { id, topic, partition, lane, next, blocked: false, toldEnd: -1 });
      return id;
    });
  }

  async seek({ topic, partition }: TopicPartition, offset: number): Promise<void> {
    await Promise.resolve();
    const error = this.unseekable.get(keyOf({ topic, partition }));
    if (error) throw error;
    this.sought.push(keyOf({ topic, partition }));
    this.skipTo(topic, partition, offset);
  }

  block(queue: QueueId, blocked: boolean): void {
    this.#require(queue).blocked = blocked;
  }

  unassign(partitions: readonly TopicPartition[], queues: readonly QueueId[]): void {
    this.answers.push({ kind: "unassign", partitions: partitions.map(keyOf) });
    for (const queue of queues) {
      this.#queues.delete(this.#require(queue).id);
    }
  }

  setLaneRoom(lane: number, room: number): void {
    assert.ok(Number.isInteger(room) && room >= 0, `room ${room}`);
    this.#laneRoom.set(lane, room);
  }

  commit(entries: readonly CommitEntry[]): void {
    if (this.throwOnCommit) throw this.throwOnCommit;
    assert.equal(this.#inFlight, null, "a second commit while one is in flight");
    // What metadata say has tests of its own; the broker's copy of them is in `metadata`.
    this.commits.push(
      entries.map(({ topic, partition, offset }) => ({ topic, partition, offset })),
    );
    this.#inFlight = [...entries];
    if (this.commitAnswers === "at once") this.answerCommit();
  }

  endOffset(topic: string, partition: number): number {
    return this.#kafka.log({ topic, partition }).length;
  }

  logStart(topic: string, partition: number): number {
    return this.logStarts.get(keyOf({ topic, partition })) ?? 0;
  }

  lookUp(partitions: readonly TopicPartition[]): Promise<LookedUp[]> {
    if (this.failLookUp) return Promise.reject(this.failLookUp);
    return Promise.resolve(partitions.map((one) => {
      const error = this.untold.get(keyOf(one));
      return error ? { ...one, error } : this.#kafka.standing(one);
    }));
  }

  close(timeoutMs: number): Promise<void> {
    this.closedWith = timeoutMs;
    return Promise.resolve();
  }

  #queuesOf(topic: string, partition: number): Queue[] {
    const all = [...this.#queues.values()];
    return all.filter((queue) => queue.topic === topic && queue.partition === partition);
  }

  #require(id: QueueId): Queue {
    const queue = this.#queues.get(id);
    assert.ok(queue, `queue ${id} is not open`);
    return queue;
  }
}

function withoutMetadata({ topic, partition, offset }: CommitEntry): CommitEntry {
  return { topic, partition, offset };
}
