/**
 * What the executions of a worker hold: bytes of messages, and places among those that wait.
 *
 * A message is a view of its whole batch, so one that runs for long would keep all its neighbours in
 * memory. Once most of a batch is finished, and for a message that waits, the rest gets bytes of its own.
 *
 * Looking for them costs a step for each attempt that runs. So it waits until there are as many such batches
 * as the attempts would fill: what they keep is bounded by what the attempts themselves need.
 */
import type { Batch } from "../kafka/batch.ts";
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** A message younger than this is not copied: most of its batch will be finished soon. */
const COPY_AFTER_MS = 2000;
const LOOK_EVERY_MS = 1000;
/** Messages of a batch, when there are enough. */
const MAX_BATCH = 256;

export class Holdings {
  /** Bytes of messages that are not finished. */
  bytes = 0;
  /** Messages that wait for their next attempt, for their key or for their dead letter. */
  waiting = 0;
  #lookAt = 0;
  /** Batches that few need, and at least one. */
  #sparse = 0;

  hold(execution: Execution): void {
    const { batch } = execution;
    this.bytes += execution.bytes;
    const before = isSparse(batch);
    batch.holders++;
    this.#sparse += isSparse(batch) - before;
  }

  release(execution: Execution): void {
    execution.state = "finished";
    execution.context = null;
    this.bytes -= execution.bytes;
    this.#leave(execution.batch);
  }

  #leave(batch: Batch): void {
    const before = isSparse(batch);
    batch.holders--;
    this.#sparse += isSparse(batch) - before;
  }

  enterWaiting(execution: Execution): void {
    execution.task.waiting++;
    this.waiting++;
    this.#copyOut(execution);
  }

  leaveWaiting(execution: Execution): void {
    execution.task.waiting--;
    this.waiting--;
  }

  /** Copies the survivors of batches that are mostly finished. */
  copySurvivors(tasks: readonly TaskState[], now: number): void {
    if (now < this.#lookAt) return;
    this.#lookAt = now + LOOK_EVERY_MS;
    let inFlight = 0;
    for (const { running } of tasks) inFlight += running.size;
    if (this.#sparse === 0 || this.#sparse * MAX_BATCH < inFlight) return;
    for (const { running } of tasks) {
      // In order of their start, so the first young one ends it.
      for (const execution of running) {
        if (now - execution.receivedAt < COPY_AFTER_MS) break;
        if (isSparse(execution.batch) === 1) this.#copyOut(execution);
      }
    }
  }

  #copyOut(execution: Execution): void {
    const { batch, index } = execution;
    if (batch.count === 1) return;
    this.#leave(batch);
    execution.batch = batch.copyOut(index);
    execution.batch.holders = 1;
    execution.index = 0;
  }
}

function isSparse({ few, holders }: Batch): 0 | 1 {
  return holders > 0 && holders <= few ? 1 : 0;
}
