/**
 * Starts the messages of partitions whose last owners did not leave in good order (core/caution.ts).
 *
 * ```
 * taken ──► held back ──► started, as many as the bound allows
 *                └─(bound 1)─► suspect: committed as such ──► started alone ──► its attempt has ended
 * ```
 * One suspect runs at a time in the whole worker. Others run beside it, and one of those may end the worker. So
 * a message that was the suspect at an end is accused: it runs once more with nothing at all beside it. If the
 * worker ends then, the message is condemned: it goes to the dead letters without another attempt. What runs is
 * waited for no longer than half a minute, then it runs as a suspect again: an attempt without an end would keep
 * all else from starting.
 */
import { type CautionLevel, cautionLevel } from "../core/caution.ts";
import type { Resumption } from "../core/resumption.ts";
import type { Consumer } from "../kafka/ports.ts";
import type { Committer } from "./committer.ts";
import type { Execution } from "./execution.ts";
import type { Partition } from "./partition.ts";
import type { Runner } from "./runner.ts";

/** A message that ended its workers: no error of it could be caught. */
export class WorkerKilled extends Error {
  constructor() {
    super("its worker ended without a word while it ran alone");
    this.name = "WorkerKilled";
  }
}

/** For what runs, before an accused message starts beside it. */
const END_WITHIN_MS = 30_000;

/** Of one partition. */
export interface Caution {
  readonly level: CautionLevel;
  readonly takeovers: number;
  /** The offset that was the suspect when the last owner ended, among others that ran. */
  accused: number | null;
  /** The offset that ran when the last owner ended, with nothing beside it. */
  condemned: number | null;
  /** The condemned message, on its way to the dead letters. */
  burying: Execution | null;
  /** Usual again above it, once enough messages have run. */
  readonly extent: number;
  started: number;
  /** Taken and not started, in order. */
  held: Execution[];
}

export function cautionAfter(resumption: Resumption): Caution | null {
  const { takeovers, suspect, exclusive, extent } = resumption;
  const level = cautionLevel(takeovers, suspect);
  return level && {
    level,
    takeovers,
    accused: exclusive ? null : suspect,
    condemned: exclusive ? suspect : null,
    burying: null,
    extent,
    started: 0,
    held: [],
  };
}

export interface CautiousStartsParts {
  consumer: Consumer;
  committer: Committer;
  runner: Runner;
}

export class CautiousStarts {
  readonly #parts: CautiousStartsParts;
  /** Those that are treated with caution and have had a message. */
  readonly #partitions = new Set<Partition>();
  #suspect: Execution | null = null;
  #suspectStarted = false;
  #namedAt = 0;

  constructor(parts: CautiousStartsParts) {
    this.#parts = parts;
  }

  /** Bytes of messages held back. */
  get heldBytes(): number {
    let bytes = 0;
    for (const { caution } of this.#partitions) {
      for (const execution of caution?.held ?? []) bytes += execution.bytes;
    }
    return bytes;
  }

  /** Takes a message over, if its partition is to be treated with caution. */
  take(execution: Execution): boolean {
    const { partition } = execution;
    const { caution } = partition;
    if (!caution) return false;
    this.#partitions.add(partition);
    if (execution.offset === caution.condemned) {
      // All those that ended here have tried it.
      execution.attempt = Math.max(1, caution.takeovers);
      caution.burying = execution;
      this.#parts.runner.condemn(execution, new WorkerKilled());
      return true;
    }
    caution.held.push(execution);
    if (partition.block("cautious")) this.#parts.consumer.block(partition.queue, true);
    return true;
  }

  /** One phase of the loop. Returns how many messages were started. */
  start(now: number): number {
    if (this.#partitions.size === 0 && !this.#suspect) return 0;
    let started = this.#followSuspect(now);
    for (const partition of this.#partitions) {
      const { caution, commits, leaving } = partition;
      if (leaving || !caution) {
        this.#partitions.delete(partition);
        continue;
      }
      started += this.#startOf(partition, caution, now);
      commits.heldFrom = caution.held[0]?.offset ?? null;
      if (commits.eager && commits.due) this.#parts.committer.hurry(partition);
    }
    return started;
  }

  #startOf(partition: Partition, caution: Caution, now: number): number {
    let started = 0;
    const { runner } = this.#parts;
    const alone = caution.level.bound === 1;
    // The last suspect runs alone too; what came after it may be of its key.
    const isOver = () => this.#suspect?.partition !== partition && this.#isOver(caution);
    // What succeeds at once is not busy any more, and counts all the same.
    let room = caution.level.bound - partition.busy;
    this.#followBurial(partition, caution);
    while (caution.held.length > 0 && !isOver()) {
      if (alone) {
        this.#nameSuspect(partition, caution, now);
        return started;
      }
      // What only lacks a slot counts too, or the bound would not hold when slots are short.
      if (room <= 0 || runner.due > 0) break;
      room--;
      caution.started++;
      runner.take(caution.held.shift()!);
      started++;
    }
    if (isOver()) {
      for (const execution of caution.held.splice(0)) {
        runner.take(execution);
        started++;
      }
      partition.caution = null;
      partition.commits.eager = false;
    }
    if (caution.held.length === 0 && partition.unblock("cautious")) {
      this.#parts.consumer.block(partition.queue, false);
    }
    return started;
  }

  #nameSuspect(partition: Partition, caution: Caution, now: number): void {
    if (this.#suspect || caution.burying) return;
    const execution = caution.held.shift()!;
    const exclusive = execution.offset === caution.accused;
    caution.started++;
    this.#suspect = execution;
    this.#suspectStarted = false;
    this.#namedAt = now;
    // From now on nothing else starts; what runs already ends first.
    this.#parts.runner.exclusive = exclusive ? execution : null;
    partition.commits.setSuspect(execution.offset, exclusive);
    this.#parts.committer.hurry(partition);
  }

  /** Until its dead letter is written, a condemned message stays named, for the next owner. */
  #followBurial(partition: Partition, caution: Caution): void {
    const { burying } = caution;
    if (!burying || (burying.state !== "finished" && burying.state !== "keeping")) return;
    caution.burying = null;
    partition.commits.setSuspect(null);
  }

  /** What lies ahead is not under suspicion: it came after the last owner had ended. */
  #isOver({ started, held, level, extent }: Caution): boolean {
    return started >= level.messages && (held[0]?.offset ?? Infinity) >= extent;
  }

  #followSuspect(now: number): number {
    const execution = this.#suspect;
    if (!execution) return 0;
    const { runner } = this.#parts;
    const { partition } = execution;
    if (partition.closed || (partition.leaving && !this.#suspectStarted)) {
      this.#clearSuspect();
    } else if (!this.#suspectStarted) {
      if (!partition.commits.suspectConfirmed) return 0;
      if (runner.exclusive && runner.slots.inFlight > 0) {
        if (now - this.#namedAt >= END_WITHIN_MS) this.#startBeside(execution);
        return 0;
      }
      this.#suspectStarted = true;
      runner.take(execution);
      // It is over already, or it waits for a slot, its key or its breaker, and so for others.
      if (execution.state !== "running") runner.exclusive = null;
      // The last two may take for ever. When its turn comes it runs like any other.
      if (execution.state === "behind" || execution.state === "parked") this.#acquit(partition);
      return 1;
    } else if (execution.state !== "due" && execution.state !== "running") {
      // It has ended one attempt without ending the worker.
      this.#acquit(partition);
    }
    return 0;
  }

  /** It is accused no more than before: what runs beside it may be what ended the worker. */
  #startBeside({ offset, partition }: Execution): void {
    this.#parts.runner.exclusive = null;
    partition.commits.setSuspect(offset);
    this.#parts.committer.hurry(partition);
  }

  #acquit(partition: Partition): void {
    this.#clearSuspect();
    partition.commits.setSuspect(null);
  }

  #clearSuspect(): void {
    this.#suspect = null;
    this.#parts.runner.exclusive = null;
  }
}
