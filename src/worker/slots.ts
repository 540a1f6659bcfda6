/**
 * The slots of the worker and of its tasks: how many attempts are in flight at once.
 *
 * Invariants: `inFlight` is the sum over the tasks; an execution holds one slot or none. A slot given back
 * in the turn that it was taken in is free from the next turn on. Otherwise a turn would go on for as long
 * as there are messages that need no time, and what the code of such an attempt left behind (a promise that
 * nobody awaits) could not be laid to its task.
 */
import type { Execution } from "./execution.ts";
import type { Pulse } from "./pulse.ts";
import type { TaskState } from "./task_state.ts";

export class Slots {
  /** Of the worker. */
  readonly limit: number;
  readonly #pulse: Pulse;
  inFlight = 0;
  /** Given back in the turn that they were taken in. */
  #instant = 0;

  constructor(limit: number, pulse: Pulse) {
    this.limit = limit;
    this.#pulse = pulse;
  }

  hasFree(task: TaskState): boolean {
    return this.inFlight + this.#instant < this.limit && task.inFlight + task.instant < task.limit;
  }

  /** Slots become free with the next turn, and something may wait for one. */
  get freesSome(): boolean {
    return this.#instant > 0;
  }

  take(execution: Execution): void {
    const { partition, task } = execution;
    partition.busy++;
    task.inFlight++;
    this.inFlight++;
    this.#pulse.started(task.index);
  }

  leave(execution: Execution): void {
    this.#giveBack(execution);
    this.#pulse.ended(execution.task.index, 1);
  }

  leaveNextTurn(execution: Execution): void {
    this.#giveBack(execution);
    execution.task.instant++;
    this.#instant++;
  }

  beginTurn(tasks: readonly TaskState[]): void {
    if (this.#instant === 0) return;
    this.#instant = 0;
    for (const task of tasks) {
      if (task.instant === 0) continue;
      this.#pulse.ended(task.index, task.instant);
      task.instant = 0;
    }
  }

  #giveBack({ partition, task }: Execution): void {
    partition.busy--;
    task.inFlight--;
    this.inFlight--;
  }
}
