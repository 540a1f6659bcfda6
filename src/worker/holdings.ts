/**
 * What the executions of a worker hold: bytes of messages, and places among those that wait.
 *
 * A message is a view of its whole batch, so one that runs for long would keep all its neighbours in
 * memory. Once most of a batch is finished, and for a message that waits, the rest gets bytes of its own.
 */
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** A message younger than this is not copied: most of its batch will be finished soon. */
const COPY_AFTER_MS = 2000;
const LOOK_EVERY_MS = 1000;

export class Holdings {
  /** Bytes of messages that are not finished. */
  bytes = 0;
  /** Messages that wait for their next attempt, for their key or for their dead letter. */
  waiting = 0;
  #lookAt = 0;

  hold(execution: Execution): void {
    this.bytes += execution.bytes;
    execution.batch.holders++;
  }

  release(execution: Execution): void {
    execution.state = "finished";
    execution.context = null;
    this.bytes -= execution.bytes;
    execution.batch.holders--;
  }

  enterWaiting(execution: Execution): void {
    execution.task.waiting++;
    this.waiting++;
    copyOut(execution);
  }

  leaveWaiting(execution: Execution): void {
    execution.task.waiting--;
    this.waiting--;
  }

  /** Copies the survivors of batches that are mostly finished. */
  copySurvivors(tasks: readonly TaskState[], now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY_MS;
    for (const { running } of tasks) {
      // In order of their start, so the first young one ends it.
      for (const execution of running) {
        if (now - execution.receivedAt < COPY_AFTER_MS) break;
        if (execution.batch.holders * 2 < execution.batch.count) copyOut(execution);
      }
    }
  }
}

function copyOut(execution: Execution): void {
  const { batch, index } = execution;
  if (batch.count === 1) return;
  batch.holders--;
  execution.batch = batch.copyOut(index);
  execution.batch.holders = 1;
  execution.index = 0;
}
