/**
 * Looks now and then whether the worker gets on, and tells what keeps it when it does not: once when it
 * stalls, once when it is over.
 */
import { decideStall, type StallBounds } from "../core/stall.ts";
import { StallError } from "../errors.ts";
import type { Consumer } from "../kafka/ports.ts";
import type { StallCause, Stats, WorkerEvent } from "../stats/events.ts";
import type { Clock } from "./clock.ts";
import type { Execution } from "./execution.ts";
import type { Partition } from "./partition.ts";

/** Milliseconds between two looks; each walks over all partitions. */
const LOOK_EVERY_MS = 1000;
const OFFSETS_UNKNOWN = "the group's offsets cannot be looked up";

export interface StallWatchParts {
  bounds: StallBounds;
  partitions: () => Iterable<Partition>;
  brokerDown: () => boolean;
  consumer: Consumer;
  stats: Stats;
  clock: Clock;
  /** Called when the stall has lasted for too long. */
  leave: (failure: StallError) => void;
}

export class StallWatch {
  readonly #parts: StallWatchParts;
  readonly #everyMs: number;
  #state = { progress: 0, since: -Infinity, stalled: false };
  #nextLook = -Infinity;
  /** Grows when a message was finished or a commit confirmed, never because partitions come and go. */
  #progress = 0;
  readonly #seen = new WeakMap<Partition, number>();
  #told: Extract<WorkerEvent, { event: "stalled" }> | null = null;

  constructor(parts: StallWatchParts) {
    this.#parts = parts;
    const { afterMs, exitMs } = parts.bounds;
    this.#everyMs = Math.min(LOOK_EVERY_MS, afterMs ?? Infinity, exitMs ?? Infinity);
  }

  /** What keeps the worker, while it is stalled. */
  get stalled(): Extract<WorkerEvent, { event: "stalled" }> | null {
    return this.#told;
  }

  /** One phase of the loop, most often without anything to do. */
  look(): void {
    const { bounds, clock, leave, stats } = this.#parts;
    const now = clock.now();
    if (now < this.#nextLook) return;
    this.#nextLook = now + this.#everyMs;
    const { progress, lagging } = this.#measure();
    const first = this.#state.since === -Infinity;
    const before = first ? { progress, since: now, stalled: false } : this.#state;
    const decision = decideStall(before, { now, progress, lagging }, bounds);
    this.#state = decision.state;
    const forMs = Math.round(decision.forMs);
    if (decision.change === "stalled") {
      this.#told = { event: "stalled", ...this.#findCause(now), forMs };
      stats.event(this.#told);
    } else if (decision.change === "ended") {
      this.#told = null;
      stats.event({ event: "stall-ended", forMs });
    }
    if (decision.leave) leave(new StallError(describeStall(this.#told!, forMs)));
  }

  #measure(): { progress: number; lagging: boolean } {
    let lagging = false;
    for (const partition of this.#parts.partitions()) {
      // Neither of the two ever falls within one assignment.
      const seen = partition.committed + partition.tracker.finishes;
      if (seen > (this.#seen.get(partition) ?? seen)) this.#progress++;
      this.#seen.set(partition, seen);
      lagging ||= this.#lags(partition);
    }
    return { progress: this.#progress, lagging };
  }

  #lags(one: Partition): boolean {
    const { tracker, topic, partition, blocked, commits } = one;
    if (cannotBegin(one)) return true;
    if (tracker.unfinished > 0 || commits.behind) return true;
    // What is held back on purpose, past the target of a drain, is nobody's delay.
    return !blocked && this.#parts.consumer.endOffset(topic, partition) > tracker.position;
  }

  #findCause(now: number): Omit<Extract<WorkerEvent, { event: "stalled" }>, "event" | "forMs"> {
    const partitions = [...this.#parts.partitions()];
    const oldest = partitions.map(({ tracker }) => tracker.headItem)
      .filter((head): head is Execution => head !== undefined)
      .sort((a, b) => a.receivedAt - b.receivedAt)[0];
    const cause = this.#parts.brokerDown() ? "broker down" : oldest ? causeOf(oldest) : null;
    if (oldest) {
      return {
        cause: cause!,
        task: oldest.task.name,
        topic: oldest.partition.topic,
        partition: oldest.partition.partition,
        offset: oldest.offset,
        key: oldest.batch.keyText(oldest.index),
        attempt: oldest.attempt,
        ageMs: Math.round(now - oldest.receivedAt),
      };
    }
    const refused = partitions.find(({ commits }) => commits.behind);
    const untold = refused ? undefined : partitions.find(cannotBegin);
    const behind = refused ?? untold ?? partitions.find((partition) => this.#lags(partition));
    const own = refused ? "commits refused" : untold ? OFFSETS_UNKNOWN : "nothing received";
    return {
      cause: cause ?? own,
      task: null,
      topic: behind?.topic ?? null,
      partition: behind?.partition ?? null,
      offset: behind && !untold ? behind.tracker.watermark : null,
      key: null,
      attempt: null,
      ageMs: null,
    };
  }
}

/** Nobody has told yet where its work begins, and it is this worker's to do. */
function cannotBegin(partition: Partition): boolean {
  return partition.tracker.watermark < 0 && !partition.leaving &&
    !partition.isBlockedBy("past the target");
}

function causeOf({ state, partition, task }: Execution): StallCause {
  // Whatever it does at the moment is up to the next probe.
  if (task.breakerOpen) return "breaker open";
  switch (state) {
    case "running":
      return "task running";
    case "due":
      return partition.caution ? "started with caution" : "no free slot";
    case "waiting":
      return "waiting for a retry";
    case "parked":
      return "breaker open";
    case "dead":
    case "refused":
      return "dead letters refused";
    case "behind":
    case "keeping":
      return "key held by a dead letter";
    case "finished":
      return "commits refused";
    default:
      return state satisfies never;
  }
}

/** `task running: resizeImage images/3@42`. */
export function describeStall(
  { cause, task, topic, partition, offset }: Extract<WorkerEvent, { event: "stalled" }>,
  forMs: number,
): string {
  const at = offset === null ? "" : `@${offset}`;
  const where = topic === null ? "" : ` ${topic}/${partition}${at}`;
  return `Nothing has moved for ${Math.round(forMs / 1000)} s: ` +
    `${cause}${task === null ? "" : `, ${task}`}${where}`;
}
