/** What brokers hold: logs, and a group's commits. It outlives the consumers. */
import type { KafkaError } from "../../../src/errors.ts";
import type { BatchError, BatchMessage } from "../../../src/kafka/batch.ts";
import type { QueueId, Standing, TopicPartition } from "../../../src/kafka/ports.ts";

const PARTITION_EOF = -191;

export type LogMessage = Omit<BatchMessage, "queue" | "offset">;

/** `null` stands for a control record: it takes an offset and is never handed out. */
export type LogEntry = LogMessage | null;

/** A partition that a consumer reads. */
export interface Queue extends TopicPartition {
  id: QueueId;
  lane: number;
  next: number;
  blocked: boolean;
  /** The end that was told last. */
  toldEnd: number;
}

export class FakeKafka {
  readonly logs = new Map<string, LogEntry[]>();
  readonly committed = new Map<string, number>();
  readonly metadata = new Map<string, string>();
  readonly logStarts = new Map<string, number>();
  readonly unidentified = new Map<string, KafkaError>();
  /** Ids of topics, which change when a topic is made again. */
  readonly #incarnations = new Map<string, string>();

  log(partition: TopicPartition): LogEntry[] {
    const key = keyOf(partition);
    let log = this.logs.get(key);
    if (!log) this.logs.set(key, log = []);
    return log;
  }

  append(partition: TopicPartition, entries: readonly (LogEntry | number)[]): void {
    const log = this.log(partition);
    for (const entry of entries) {
      log.push(typeof entry === "number" ? { value: String(entry) } : entry);
    }
  }

  standing({ topic, partition }: TopicPartition): Standing {
    const key = keyOf({ topic, partition });
    const problem = this.unidentified.get(topic);
    return {
      topic,
      partition,
      committed: this.committed.get(key) ?? -1,
      metadata: this.metadata.get(key) ?? "",
      ...(problem
        ? { incarnation: null, incarnationProblem: problem }
        : { incarnation: this.incarnation(topic) }),
      start: this.logStarts.get(key) ?? 0,
      end: this.log({ topic, partition }).length,
    };
  }

  /** Where a consumer of the group begins, with auto.offset.reset=earliest. */
  positionOf(partition: TopicPartition): number {
    const { committed, start, end } = this.standing(partition);
    return committed >= start && committed <= end ? committed : start;
  }

  /** The next message of a queue, or the word that its end was reached. */
  take(queue: Queue): BatchMessage | BatchError | null {
    const log = this.log(queue);
    while (queue.next < log.length) {
      const offset = queue.next++;
      const entry = log[offset];
      if (entry) return { ...entry, queue: queue.id, offset };
    }
    if (queue.toldEnd === queue.next) return null;
    queue.toldEnd = queue.next;
    return { queue: queue.id, error: PARTITION_EOF, text: "end", offset: queue.next };
  }

  recreate(partition: TopicPartition): void {
    this.logs.set(keyOf(partition), []);
    this.#incarnations.set(partition.topic, `${this.incarnation(partition.topic)}+`);
  }

  incarnation(topic: string): string {
    return this.#incarnations.get(topic) ?? `id-of-${topic}`;
  }

  inherit(from: FakeKafka): void {
    for (const [key, log] of from.logs) this.logs.set(key, [...log]);
    for (const [key, offset] of from.committed) this.committed.set(key, offset);
    for (const [key, text] of from.metadata) this.metadata.set(key, text);
    for (const [key, start] of from.logStarts) this.logStarts.set(key, start);
    for (const [topic, id] of from.#incarnations) this.#incarnations.set(topic, id);
  }
}

export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}
