/**
 * Starts the messages of partitions whose last owners did not leave in good order (core/caution.ts).
 *
 * ```
 * taken ──► held back ──► started, as many as the bound allows
 *                └─(bound 1)─► suspect: committed as such ──► started alone ──► its attempt has ended
 * ```
 * One suspect runs at a time in the whole worker: of two, nobody could tell which one killed it. The message
 * that was the suspect when the last owner ended goes to the dead letters without another attempt.
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

/** Of one partition. */
export interface Caution {
  readonly level: CautionLevel;
  readonly takeovers: number;
  /** The offset that was the suspect when the last owner ended. */
  readonly condemned: number | null;
  /** Usual again above it, once enough messages have run. */
  readonly extent: number;
  started: number;
  /** Taken and not started, in order. */
  held: Execution[];
}

export function cautionAfter(resumption: Resumption): Caution | null {
  const { takeovers, suspect, extent } = resumption;
  const level = cautionLevel(takeovers, suspect);
  return level && { level, takeovers, condemned: suspect, extent, started: 0, held: [] };
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
    if (execution.offset === caution.condemned) {
      // All those that ended here have tried it.
      execution.attempt = Math.max(1, caution.takeovers);
      this.#parts.runner.reject(execution, new WorkerKilled());
      return true;
    }
    this.#partitions.add(partition);
    caution.held.push(execution);
    if (partition.block("cautious")) this.#parts.consumer.block(partition.queue, true);
    return true;
  }

  /** One phase of the loop. Returns how many messages were started. */
  start(): number {
    if (this.#partitions.size === 0 && !this.#suspect) return 0;
    let started = this.#followSuspect();
    for (const partition of this.#partitions) {
      const { caution, commits, leaving } = partition;
      if (leaving || !caution) {
        this.#partitions.delete(partition);
        continue;
      }
      started += this.#startOf(partition, caution);
      commits.heldFrom = caution.held[0]?.offset ?? null;
      if (commits.eager && commits.due) this.#parts.committer.hurry(partition);
    }
    return started;
  }

  #startOf(partition: Partition, caution: Caution): number {
    let started = 0;
    const { runner } = this.#parts;
    const alone = caution.level.bound === 1;
    // The last suspect runs alone too; what came after it may be of its key.
    const isOver = () => this.#suspect?.partition !== partition && this.#isOver(caution);
    while (caution.held.length > 0 && !isOver()) {
      if (alone ? this.#suspect !== null : partition.busy >= caution.level.bound) break;
      const execution = caution.held.shift()!;
      caution.started++;
      if (alone) {
        this.#suspect = execution;
        this.#suspectStarted = false;
        partition.commits.setSuspect(execution.offset);
        this.#parts.committer.hurry(partition);
        return started;
      }
      runner.take(execution);
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

  /** What lies ahead is not under suspicion: it came after the last owner had ended. */
  #isOver({ started, held, level, extent }: Caution): boolean {
    return started >= level.messages && (held[0]?.offset ?? Infinity) >= extent;
  }

  #followSuspect(): number {
    const execution = this.#suspect;
    if (!execution) return 0;
    const { partition } = execution;
    if (partition.closed) this.#suspect = null;
    else if (!this.#suspectStarted) {
      if (!partition.commits.suspectConfirmed) return 0;
      this.#suspectStarted = true;
      this.#parts.runner.take(execution);
      return 1;
    } else if (
      execution.state === "finished" || (execution.starts > 0 && execution.state !== "running")
    ) {
      // It has ended one attempt without ending the worker. Before, it may wait for its key or its breaker.
      this.#suspect = null;
      partition.commits.setSuspect(null);
    }
    return 0;
  }
}
