/**
 * `--drain`: is all done that was there at the start? The targets are the ends of all partitions then;
 * it is done when the group's commits reach them, whichever member does the work.
 */
import type { Consumer, TopicPartition } from "../kafka/ports.ts";
import { nameOf, type Partition } from "./partition.ts";

export interface DrainTarget extends TopicPartition {
  /** The end of the partition when the worker started. */
  end: number;
}

/** What the group has committed, asked of the broker. */
export type AskCommitted = (
  partitions: readonly TopicPartition[],
) => Promise<readonly (TopicPartition & { offset: number })[]>;

/** Commits of other members are looked up this often. */
const ASK_INTERVAL_MS = 500;

export class Drain {
  readonly #open = new Map<string, DrainTarget>();
  readonly #ask: AskCommitted;
  readonly #consumer: Consumer;
  /** When its time is over, on the worker's clock. */
  readonly deadline: number;
  #asking = false;
  #lastAsked = -Infinity;

  /** `targets`: only those that the group's commits do not reach yet. */
  constructor(
    targets: readonly DrainTarget[],
    ask: AskCommitted,
    consumer: Consumer,
    deadline: number,
  ) {
    for (const target of targets) this.#open.set(nameOf(target), target);
    this.#ask = ask;
    this.#consumer = consumer;
    this.deadline = deadline;
  }

  /** Nothing is left to wait for. */
  get done(): boolean {
    return this.#open.size === 0;
  }

  /** `finished`: all is done here, and only the commit is missing. */
  check(
    partitions: Iterable<Partition>,
    now: number,
  ): "open" | "finished" | "done" | "out of time" {
    let finished = 0;
    for (const partition of partitions) {
      const target = this.#open.get(partition.name);
      if (target && partition.committed >= target.end) this.#open.delete(partition.name);
      else if (target && partition.tracker.watermark >= target.end) finished++;
      this.#holdBack(partition, target);
    }
    if (this.#open.size === 0) return "done";
    // Before all else: a commit that is refused again and again has no end of its own.
    if (now >= this.deadline) return "out of time";
    if (finished === this.#open.size) return "finished";
    if (!this.#asking && now - this.#lastAsked >= ASK_INTERVAL_MS) {
      this.#lastAsked = now;
      void this.#lookUp();
    }
    return "open";
  }

  /** What came after the start is left to the next run. */
  #holdBack(partition: Partition, target: DrainTarget | undefined): void {
    if (target && partition.tracker.position < target.end) return;
    if (partition.block("past the target")) this.#consumer.block(partition.queue, true);
  }

  async #lookUp(): Promise<void> {
    this.#asking = true;
    try {
      for (const { topic, partition, offset } of await this.#ask([...this.#open.values()])) {
        const key = nameOf({ topic, partition });
        const target = this.#open.get(key);
        if (target && offset >= target.end) this.#open.delete(key);
      }
    } catch {
      // The coordinator is away for a moment; the next look-up tells.
    } finally {
      this.#asking = false;
    }
  }
}
