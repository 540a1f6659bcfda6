/**
 * The slots of the worker and of its tasks: how many attempts are in flight at once.
 *
 * Invariants: `inFlight` is the sum over the tasks; an execution holds one slot or none. An attempt that
 * succeeded at once holds none any more, but counts until the turn is over: otherwise a turn would go on
 * for as long as there are such messages.
 */
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

export class Slots {
  /** Of the worker. */
  readonly limit: number;
  inFlight = 0;
  #instant = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  hasFree(task: TaskState): boolean {
    return this.inFlight + this.#instant < this.limit && task.inFlight < task.limit;
  }

  take(execution: Execution): void {
    execution.setBusy(true);
    execution.task.inFlight++;
    this.inFlight++;
  }

  leave(execution: Execution): void {
    execution.setBusy(false);
    execution.task.inFlight--;
    this.inFlight--;
  }

  /** The attempt that leaves its slot next has only just started. */
  noteInstant(): void {
    this.#instant++;
  }

  beginTurn(): void {
    this.#instant = 0;
  }
}
