/**
 * The consumer: the package's own for everything but fetching, and the native poll with one queue per
 * assigned partition for that.
 *
 * The package's callbacks (rebalances, commit answers, errors, statistics) are served by the poll of the
 * main queue and arrive as events; they are stored here until the loop takes them. While it closes, the
 * consumer answers rebalances itself, since an unanswered revoke would hold up the closing for ever.
 */
import { loadAddon, type PartitionPoll, type PollHandle } from "./addon.ts";
import { Batch } from "./batch.ts";
import { connect, makeClient, NO_TOPIC_PROPERTIES } from "./connection.ts";
import { consumerProperties, type ConsumerSettings } from "./consumer_properties.ts";
import { type CommitReport, ConsumerInbox } from "./consumer_inbox.ts";
import { Membership } from "./membership.ts";
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
} from "./ports.ts";
import { type GroupProtocol, toGroupProblem } from "./group_protocol.ts";
import {
  CODE,
  type ConsumerClient as Client,
  loadRdKafka,
  type RdKafka,
  toKafkaError,
} from "./rdkafka.ts";
import { disconnectWithin } from "./questions.ts";
import { readCommits, readStandings, seekTo } from "./standings.ts";
import type { Statistics } from "./statistics.ts";

/** At most this many messages from one partition before the next has its turn. */
const PER_QUEUE = 64;
/** Leaving while joining waits for the join this long, looking this often. */
const JOIN_WAIT_MS = 2000;
const JOIN_POLL_MS = 10;

export class KafkaConsumer implements Consumer {
  readonly #settings: ConsumerSettings;
  readonly #rdkafka: RdKafka;
  readonly #poll: PartitionPoll;
  #client!: Client;
  #handle: PollHandle | null = null;
  #protocol: GroupProtocol = "classic";
  #laneRoom = new Int32Array(64);
  readonly #inbox = new ConsumerInbox();
  #closing = false;
  /** Subscribed, and no assignment has come yet. */
  #joining = false;
  #replacing = false;
  readonly #membership = new Membership();
  more = false;

  private constructor(settings: ConsumerSettings, rdkafka: RdKafka, poll: PartitionPoll) {
    this.#settings = settings;
    this.#rdkafka = rdkafka;
    this.#poll = poll;
  }

  /** Connects, without joining the group yet. Throws a `KafkaError` that says why it cannot. */
  static async open(settings: ConsumerSettings): Promise<KafkaConsumer> {
    const [rdkafka, addon] = await Promise.all([loadRdKafka(), loadAddon()]);
    const consumer = new KafkaConsumer(settings, rdkafka, addon.partitionPoll);
    await consumer.#connect(settings.protocol);
    return consumer;
  }

  /** What the group speaks. */
  get protocol(): GroupProtocol {
    return this.#protocol;
  }

  /** Resolves when the group has taken this member: from then on `protocol` is what they speak. */
  get joined(): Promise<void> {
    return this.#membership.taken;
  }

  /** The package's consumer, for questions before the group is joined. */
  get client(): Client {
    return this.#client;
  }

  get statistics(): Statistics | null {
    return this.#inbox.statistics;
  }

  /** Joins the group. */
  subscribe(): void {
    this.#joining = true;
    this.#membership.subscribed();
    this.#client.subscribe([...this.#settings.topics]);
  }

  onWake(wake: () => void): void {
    this.#inbox.wake = wake;
  }

  poll(max: number, maxBytes: number): Batch | null {
    this.more = false;
    if (!this.#handle || this.#replacing) return null;
    const columns = this.#poll.poll(this.#handle, max, PER_QUEUE, maxBytes, this.#laneRoom);
    if (!columns) return null;
    const batch = new Batch(columns);
    this.more = batch.more;
    if (batch.count === 0) return null;
    // Entries of the main queue come first; they are errors of the group or the client.
    for (let index = 0; index < batch.count && batch.queue(index) < 0; index++) {
      this.#noteGroupError(batch.error(index), batch.errorText(index));
    }
    return batch;
  }

  takeAssignmentChanges(): AssignmentChange[] {
    return this.#inbox.takeAssignmentChanges();
  }

  takeCommitAnswers(): CommitAnswer[] {
    return this.#inbox.takeCommitAnswers();
  }

  takeProblems(): KafkaProblem[] {
    return this.#inbox.takeProblems();
  }

  takeBrokerChanges(): BrokerChange[] {
    return this.#inbox.takeBrokerChanges();
  }

  assign(
    partitions: readonly (TopicPartition & { lane: number; offset?: number })[],
  ): QueueId[] {
    const handle = this.#requireHandle();
    // The queues must be there before the assignment, or messages would go to the main queue.
    const queues = partitions.map(({ topic, partition, lane }) =>
      this.#poll.open(handle, topic, partition, lane)
    );
    const assignment = partitions.map(({ topic, partition, offset }) => ({
      topic,
      partition,
      ...(offset === undefined ? {} : { offset }),
    }));
    if (this.#client.rebalanceProtocol() === "COOPERATIVE") {
      this.#client.incrementalAssign(assignment);
    } else this.#client.assign(assignment);
    return queues;
  }

  seek(partition: TopicPartition, offset: number): Promise<void> {
    return seekTo(this.#client, partition, offset);
  }

  block(queue: QueueId, blocked: boolean): void {
    if (this.#handle) this.#poll.block(this.#handle, queue, blocked);
  }

  unassign(partitions: readonly TopicPartition[], queues: readonly QueueId[]): void {
    const handle = this.#requireHandle();
    this.#answerRevoke(partitions);
    for (const queue of queues) this.#poll.close(handle, queue);
  }

  setLaneRoom(lane: number, room: number): void {
    if (lane >= this.#laneRoom.length) {
      const grown = new Int32Array(Math.max(lane + 1, this.#laneRoom.length * 2));
      grown.set(this.#laneRoom);
      this.#laneRoom = grown;
    }
    this.#laneRoom[lane] = room;
  }

  commit(entries: readonly CommitEntry[]): void {
    this.#client.commit(entries as never);
  }

  endOffset(topic: string, partition: number): number {
    return this.#inbox.statistics?.ends.get(topic)?.get(partition) ?? -1;
  }

  logStart(topic: string, partition: number): number {
    return Math.max(-1, this.#client.getWatermarkOffsets(topic, partition).lowOffset);
  }

  lookUp(partitions: readonly TopicPartition[]): Promise<LookedUp[]> {
    return readStandings(this.#client, partitions, this.#settings);
  }

  /** Offsets the group has committed; -1001 where it has none. */
  committed(partitions: readonly TopicPartition[]): Promise<CommitEntry[]> {
    return readCommits(this.#client, partitions);
  }

  async close(timeoutMs: number): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#awaitJoin(Math.min(timeoutMs, JOIN_WAIT_MS));
    await this.#disconnect(timeoutMs);
  }

  // --- connecting

  async #connect(protocol: GroupProtocol): Promise<void> {
    const client = makeClient(() =>
      new this.#rdkafka.KafkaConsumer({
        ...consumerProperties(this.#settings, protocol),
        "rebalance_cb": (error: { code: number }, partitions: TopicPartition[]) =>
          this.#rebalanced(error.code, partitions),
        "offset_commit_cb": (error: unknown, reports: CommitReport[]) =>
          this.#inbox.addCommitAnswer(error, reports),
        // deno-lint-ignore no-explicit-any
      } as any, NO_TOPIC_PROPERTIES)
    ) as Client;
    this.#client = client;
    this.#protocol = protocol;
    this.#inbox.listen(client, () => !this.#closing && !this.#replacing);
    client.on("event.stats", () => {
      if (!this.#replacing) this.#membership.look(this.#protocol, this.statistics!);
    });
    await connect(client as never, this.#settings);
    this.#handle = this.#poll.attach(client.getClient(), () => this.#inbox.wake());
  }

  /**
   * A member of the classic protocol that leaves while it joins is not known by its name yet, so it cannot
   * say that it leaves: the group would wait for it, and stand still, for a whole session timeout.
   */
  async #awaitJoin(timeoutMs: number): Promise<void> {
    const until = performance.now() + timeoutMs;
    while (this.#joining && this.#protocol === "classic" && performance.now() < until) {
      if (this.#handle) this.#poll.poll(this.#handle, 0, PER_QUEUE, 1, this.#laneRoom);
      await new Promise((resolve) => setTimeout(resolve, JOIN_POLL_MS));
    }
  }

  async #disconnect(timeoutMs: number): Promise<void> {
    // Detaching comes first: librdkafka must have no queue reference left when it is destroyed.
    if (this.#handle) this.#poll.detach(this.#handle);
    this.#handle = null;
    const client = this.#client;
    await disconnectWithin(timeoutMs, client, (_left, done) => client.disconnect(done));
  }

  /** The brokers have KIP-848, but it is switched off: this client is dead, a classic one takes over. */
  async #replaceByClassic(): Promise<void> {
    this.#replacing = true;
    try {
      await this.#disconnect(2000);
      await this.#connect("classic");
      this.subscribe();
    } catch (error) {
      const { message, kafkaCode } = toKafkaError(error);
      this.#inbox.addProblem({ code: kafkaCode ?? CODE.fatal, message, fatal: true });
    } finally {
      this.#replacing = false;
      this.#inbox.wake();
    }
  }

  // --- events

  #rebalanced(code: number, partitions: TopicPartition[]): void {
    this.#joining = false;
    this.#membership.noteTaken();
    if (this.#closing) {
      if (code === CODE.revokePartitions) this.#answerRevoke(partitions);
      return;
    }
    if (code === CODE.assignPartitions) this.#inbox.addChange({ kind: "assign", partitions });
    else if (code === CODE.revokePartitions) {
      const kind = this.#client.assignmentLost() ? "lost" : "revoke";
      this.#inbox.addChange({ kind, partitions });
    } else this.#inbox.addProblem({ code, message: `Rebalance failed with code ${code}` });
  }

  #answerRevoke(partitions: readonly TopicPartition[]): void {
    if (this.#client.rebalanceProtocol() === "COOPERATIVE") {
      this.#client.incrementalUnassign(partitions);
    } else this.#client.unassign();
  }

  #noteGroupError(code: number, message: string): void {
    const switchedOff = code === CODE.fatal && this.#settings.fallBack &&
      this.#protocol === "consumer" && /not supported/i.test(message);
    if (switchedOff) {
      if (!this.#replacing) void this.#replaceByClassic();
      return;
    }
    this.#inbox.addProblem(toGroupProblem(code, message, this.#settings.instanceId));
  }

  #requireHandle(): PollHandle {
    if (!this.#handle) throw new Error("The consumer is closed");
    return this.#handle;
  }
}
