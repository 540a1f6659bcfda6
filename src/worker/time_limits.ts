/**
 * Attempts that take too long, or must stop.
 *
 * ```
 * running ──limit, or stop──► aborted ──settles──► decided
 *                                └──10 s later──► abandoned ──► decided
 * ```
 * The signal is aborted; the slot stays taken until the promise settles, or until it is plain that the
 * task ignores its signal. What it does after that changes nothing.
 */
import { LinkedList } from "../core/linked_list.ts";
import type { Stats } from "../stats/events.ts";
import { TimeoutError } from "../task/signals.ts";
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** A task that ignores its aborted signal keeps its slot for this long. */
const ABANDON_AFTER_MS = 10_000;

export class TimeLimits {
  readonly #tasks: readonly TaskState[];
  readonly #stats: Stats;
  /** Attempts whose signal was aborted, in that order. */
  readonly #aborted = new LinkedList<Execution>();

  constructor(tasks: readonly TaskState[], stats: Stats) {
    this.#tasks = tasks;
    this.#stats = stats;
  }

  /** Time of the next limit or abandonment; `Infinity` when nothing runs. */
  get nextDue(): number {
    let next = Infinity;
    for (const task of this.#tasks) {
      const first = task.running.first;
      if (first) next = Math.min(next, first.startedAt + task.timeoutMs);
    }
    const aborted = this.#aborted.first;
    return aborted ? Math.min(next, aborted.abortedAt + ABANDON_AFTER_MS) : next;
  }

  /** Aborts what is past its limit; `failed` notes the error before the signal tells it. */
  enforce(now: number, failed: (execution: Execution, error: Error) => void): void {
    for (const task of this.#tasks) {
      for (
        let execution = task.running.first;
        execution && execution.startedAt + task.timeoutMs <= now;
        execution = task.running.first
      ) {
        const { partition, offset } = execution;
        const error = new TimeoutError(task.name, task.timeoutMs);
        failed(execution, error);
        this.#abort(execution, error, "time limit", now);
        this.#stats.event({
          event: "timed-out",
          task: task.name,
          topic: partition.topic,
          partition: partition.partition,
          offset,
        });
      }
    }
  }

  /** Aborts what runs and is meant. */
  stop(reason: Error, now: number, isMeant: (execution: Execution) => boolean): void {
    for (const task of this.#tasks) {
      for (const execution of task.running) {
        if (isMeant(execution)) this.#abort(execution, reason, "stop", now);
      }
    }
  }

  /** The attempts that ignored their signal for too long, told; deciding each removes it. */
  *overdue(now: number): Generator<Execution> {
    for (
      let execution = this.#aborted.first;
      execution && execution.abortedAt + ABANDON_AFTER_MS <= now;
      execution = this.#aborted.first
    ) {
      const { attempt, offset, partition, task } = execution;
      task.recorder.abandoned();
      this.#stats.event({
        event: "abandoned",
        task: task.name,
        topic: partition.topic,
        partition: partition.partition,
        offset,
        attempt,
      });
      yield execution;
    }
  }

  /** Takes a settled attempt off its list. */
  remove(execution: Execution): void {
    (execution.aborted === "no" ? execution.task.running : this.#aborted).remove(execution);
  }

  #abort(execution: Execution, reason: Error, why: "time limit" | "stop", now: number): void {
    execution.task.running.remove(execution);
    execution.aborted = why;
    execution.abortedAt = now;
    this.#aborted.append(execution);
    execution.context?.abort(reason);
  }
}
