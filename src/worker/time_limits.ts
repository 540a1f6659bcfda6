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
import type { Stats } from "../stats/events.ts";
import { TimeoutError } from "../task/signals.ts";
import type { Execution } from "./execution.ts";
import type { TaskState } from "./task_state.ts";

/** Why a signal was aborted, and when. */
interface Abortion {
  why: "time limit" | "stop";
  at: number;
}

/** A task that ignores its aborted signal keeps its slot for this long. */
const ABANDON_AFTER_MS = 10_000;

export class TimeLimits {
  readonly #tasks: readonly TaskState[];
  readonly #stats: Stats;
  /** Attempts whose signal was aborted, in that order. */
  readonly #aborted = new Map<Execution, Abortion>();

  constructor(tasks: readonly TaskState[], stats: Stats) {
    this.#tasks = tasks;
    this.#stats = stats;
  }

  /** Time of the next limit or abandonment; `Infinity` when nothing runs. */
  get nextDue(): number {
    let next = Infinity;
    for (const task of this.#tasks) {
      const first = task.running.first;
      if (first) next = Math.min(next, limitOf(first));
    }
    for (const { at } of this.#aborted.values()) return Math.min(next, at + ABANDON_AFTER_MS);
    return next;
  }

  /** Aborts what is past its limit; `failed` notes the error before the signal tells it. */
  enforce(now: number, failed: (execution: Execution, error: Error) => void): void {
    for (const task of this.#tasks) {
      for (
        let execution = task.running.first;
        execution && limitOf(execution) <= now;
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
    for (const [execution, { at }] of this.#aborted) {
      if (at + ABANDON_AFTER_MS > now) return;
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

  /** Forgets an attempt that has settled or is abandoned. Tells why its signal was aborted, or `null`. */
  remove(execution: Execution): Abortion["why"] | null {
    const abortion = this.#aborted.get(execution);
    if (abortion) this.#aborted.delete(execution);
    else execution.task.running.remove(execution);
    return abortion?.why ?? null;
  }

  #abort(execution: Execution, reason: Error, why: Abortion["why"], now: number): void {
    execution.task.running.remove(execution);
    this.#aborted.set(execution, { why, at: now });
    execution.context?.abort(reason);
  }
}

function limitOf({ context, task }: Execution): number {
  return context!.startedAt + task.timeoutMs;
}
