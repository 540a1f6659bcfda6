/**
 * Runs attempts: starts them while there are slots, collects their outcomes, and decides with the task's
 * policy what becomes of each message. `execution.ts` has the states.
 *
 * Invariants:
 * - `inFlight` is the number of slots taken, the sum over the tasks; `due` and `waiting` likewise;
 * - an offset is finished only when the run succeeded, was discarded, or its dead letter was
 *   acknowledged by the broker, and only while its partition is not closed;
 * - promises settle at any time, but nothing is decided outside of `collectOutcomes`.
 */
import { DelayQueue } from "../core/delay_queue.ts";
import { LinkedList } from "../core/linked_list.ts";
import { nextDelay } from "../core/retry_policy.ts";
import type { Stats } from "../stats/events.ts";
import type { Hooks } from "../task/registry.ts";
import { DeadLetter, Discard, RetryAfter, TimeoutError } from "../task/signals.ts";
import { AttemptContext } from "./attempt_context.ts";
import type { Clock } from "./clock.ts";
import { type DeadLetters, describeError } from "./dead_letters.ts";
import type { Execution } from "./execution.ts";
import { InvalidPayload, readInput } from "./payload.ts";
import type { Partition } from "./partition.ts";
import type { TaskState } from "./task_state.ts";

/** A task that ignores its aborted signal keeps its slot for this long. */
const ABANDON_AFTER_MS = 10_000;
/** Wait before a refused dead letter is sent again, doubling up to the second figure. */
const DEAD_LETTER_BACKOFF_MS = [1000, 30_000] as const;

const SUCCEEDED = Symbol("succeeded");

interface Outcome {
  execution: Execution;
  attempt: number;
  /** What was thrown, or `SUCCEEDED`. */
  result: unknown;
  /** When it settled, on the worker's clock. */
  at: number;
}

export interface RunnerParts {
  tasks: readonly TaskState[];
  hooks: Hooks;
  deadLetters: DeadLetters;
  stats: Stats;
  clock: Clock;
  random: () => number;
  /** Asks the sleeping loop for another turn. */
  wake: () => void;
  limit: number;
}

export class Runner {
  readonly #parts: RunnerParts;
  #outcomes: Outcome[] = [];
  readonly #delays = new DelayQueue<Execution>();
  /** Attempts whose signal was aborted, in that order, until they settle or are abandoned. */
  readonly #overdue = new LinkedList<Execution>();
  /** Number of refusals of dead letters, for their backoff. */
  readonly #refusals = new Map<Execution, number>();
  inFlight = 0;
  due = 0;
  waiting = 0;
  heldBytes = 0;
  /** Dead letters sent and not acknowledged yet. */
  deadLettering = 0;
  deadTotal = 0;
  abandoned = 0;
  /** Attempts that failed because the shutdown aborted them. */
  interrupted = 0;
  /** No further attempt starts; what waits is left for the next run. */
  stopped = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
  }

  get limit(): number {
    return this.#parts.limit;
  }

  /** Outcomes that the next turn will collect. */
  get hasOutcomes(): boolean {
    return this.#outcomes.length > 0;
  }

  /** Time of the next retry, time limit or abandonment; `Infinity` when nothing waits for time. */
  get nextDue(): number {
    let next = this.stopped ? Infinity : this.#delays.nextDue;
    for (const task of this.#parts.tasks) {
      const first = task.running.first;
      if (first) next = Math.min(next, first.startedAt + task.timeoutMs);
    }
    const overdue = this.#overdue.first;
    return overdue ? Math.min(next, overdue.abortedAt + ABANDON_AFTER_MS) : next;
  }

  /** Takes a message that was just received; it starts at once, since room was asked for before. */
  take(execution: Execution): void {
    this.heldBytes += execution.bytes;
    if (this.#hasSlot(execution.task)) this.#start(execution);
    else this.#becomeDue(execution);
  }

  /** Sends a message to the dead letters that never had an attempt. */
  reject(execution: Execution, error: unknown): void {
    this.heldBytes += execution.bytes;
    this.#noteFailure(execution, error);
    this.#bury(execution);
  }

  /** One phase of the loop: outcomes, time limits, retries that are due. */
  collectOutcomes(): void {
    const { clock } = this.#parts;
    const outcomes = this.#outcomes;
    if (outcomes.length > 0) {
      this.#outcomes = [];
      for (const outcome of outcomes) this.#decide(outcome);
    }
    const now = clock.now();
    this.#enforceTimeLimits(now);
    this.#abandonOverdue(now);
    this.#wakeDelayed(now);
    if (this.due > 0) this.#startDue();
  }

  /** Aborts what runs of the given partitions, or everything. */
  abort(reason: Error, only?: ReadonlySet<Partition>): void {
    const now = this.#parts.clock.now();
    for (const task of this.#parts.tasks) {
      for (const execution of task.running) {
        if (only && !only.has(execution.partition)) continue;
        this.#abortAttempt(execution, reason, "stop", now);
      }
    }
  }

  /** Lets go of what waits on partitions that leave. What runs lets go when it settles. */
  forgetLeaving(): void {
    this.#delays.remove((execution) => {
      if (!execution.partition.leaving) return false;
      // Both kinds of waiting end here: for an attempt, and for a dead letter to be sent again.
      this.#leaveWaiting(execution);
      this.#refusals.delete(execution);
      this.#release(execution);
      return true;
    });
    for (const task of this.#parts.tasks) {
      for (let at = task.ready.length - 1; at >= 0; at--) {
        const execution = task.ready[at]!;
        if (!execution.partition.leaving) continue;
        task.ready.splice(at, 1);
        this.due--;
        this.#release(execution);
      }
    }
  }

  // --- starting

  #hasSlot(task: TaskState): boolean {
    return !this.stopped && this.inFlight < this.#parts.limit && task.inFlight < task.limit;
  }

  #becomeDue(execution: Execution): void {
    execution.state = "due";
    execution.task.ready.push(execution);
    this.due++;
  }

  #startDue(): void {
    for (const task of this.#parts.tasks) {
      let started = 0;
      while (started < task.ready.length && this.#hasSlot(task)) {
        this.due--;
        this.#start(task.ready[started++]!);
      }
      if (started > 0) task.ready.splice(0, started);
    }
  }

  #start(execution: Execution): void {
    const { task } = execution;
    execution.state = "running";
    execution.attempt++;
    execution.aborted = "no";
    execution.startedAt = this.#parts.clock.now();
    execution.partition.busy++;
    task.inFlight++;
    this.inFlight++;
    task.running.append(execution);
    task.recorder.started();
    const attempt = execution.attempt;
    const context = new AttemptContext(execution, this.#parts.stats);
    execution.context = context;
    let result: unknown;
    try {
      const input = readInput(
        task.task,
        execution.batch,
        execution.index,
        execution.partition.partition,
      );
      result = input instanceof Promise
        ? input.then((value) => this.#run(task, value, context))
        : this.#run(task, input, context);
      if (!isThenable(result)) {
        this.#outcomes.push({ execution, attempt, result: SUCCEEDED, at: this.#parts.clock.now() });
        return;
      }
    } catch (error) {
      this.#outcomes.push({ execution, attempt, result: error, at: this.#parts.clock.now() });
      return;
    }
    // A thenable of the user's may throw or settle twice; a promise does neither.
    Promise.resolve(result).then(
      () => this.#settled(execution, attempt, SUCCEEDED),
      (error: unknown) => this.#settled(execution, attempt, error),
    );
  }

  #run(task: TaskState, input: unknown, context: AttemptContext): unknown {
    const { beforeRun, afterRun } = this.#parts.hooks;
    if (!beforeRun && !afterRun) return task.task.settings.run(input, context);
    return (async () => {
      await beforeRun?.(context);
      try {
        await task.task.settings.run(input, context);
      } finally {
        await afterRun?.(context);
      }
    })();
  }

  #settled(execution: Execution, attempt: number, result: unknown): void {
    this.#outcomes.push({ execution, attempt, result, at: this.#parts.clock.now() });
    if (this.#outcomes.length === 1) this.#parts.wake();
  }

  // --- deciding

  #decide({ execution, attempt, result, at: now }: Outcome): void {
    // An abandoned attempt that settles late, or one whose outcome was decided already.
    if (execution.state !== "running" || execution.attempt !== attempt) return;
    const { task, partition } = execution;
    const runMs = now - execution.startedAt;
    this.#leaveSlot(execution);
    if (partition.closed) {
      this.#release(execution);
      return;
    }
    // After its time limit a late success does not count. What was stopped by us and still succeeded
    // does; what failed by it has not failed on its own account, and is left for the next run.
    const error = execution.aborted === "time limit" ? execution.failure?.error : result;
    if (execution.aborted === "stop" && error !== SUCCEEDED) {
      if (!partition.leaving) this.interrupted++;
      this.#release(execution);
    } else if (error === SUCCEEDED) {
      task.recorder.done(runMs);
      this.#finish(execution);
    } else if (error instanceof Discard) {
      task.recorder.discarded(runMs);
      this.#finish(execution);
    } else {
      this.#failed(execution, error, runMs, now);
    }
  }

  #failed(execution: Execution, error: unknown, runMs: number, now: number): void {
    const { task } = execution;
    this.#noteFailure(execution, error);
    const delay = this.#retryDelay(execution, error);
    task.recorder.failed(runMs, delay !== null);
    if (delay === null) {
      this.#bury(execution);
      return;
    }
    if (execution.partition.leaving) {
      this.#release(execution);
      return;
    }
    execution.state = "waiting";
    this.#enterWaiting(execution);
    this.#delays.push(now + delay, execution);
  }

  /** Milliseconds to the next attempt, or `null` for none. */
  #retryDelay(execution: Execution, error: unknown): number | null {
    if (error instanceof InvalidPayload || error instanceof DeadLetter) return null;
    const { retry } = execution.task.task.settings;
    if (error instanceof RetryAfter) {
      return execution.attempt < retry.attempts ? error.delayMs : null;
    }
    return nextDelay(retry, execution.attempt, this.#parts.random());
  }

  #noteFailure(execution: Execution, error: unknown): void {
    const at = this.#parts.clock.wall();
    execution.failure = { first: execution.failure?.first ?? at, last: at, error };
  }

  // --- time

  #enforceTimeLimits(now: number): void {
    for (const task of this.#parts.tasks) {
      for (
        let execution = task.running.first;
        execution && execution.startedAt + task.timeoutMs <= now;
        execution = task.running.first
      ) {
        const { partition, offset } = execution;
        const error = new TimeoutError(task.name, task.timeoutMs);
        this.#noteFailure(execution, error);
        this.#abortAttempt(execution, error, "time limit", now);
        this.#parts.stats.event({
          event: "timed-out",
          task: task.name,
          topic: partition.topic,
          partition: partition.partition,
          offset,
        });
      }
    }
  }

  /** Aborts the signal; the slot stays taken until the promise settles or is abandoned. */
  #abortAttempt(
    execution: Execution,
    reason: Error,
    why: "time limit" | "stop",
    now: number,
  ): void {
    execution.task.running.remove(execution);
    execution.aborted = why;
    execution.abortedAt = now;
    this.#overdue.append(execution);
    execution.context?.abort(reason);
  }

  #abandonOverdue(now: number): void {
    for (
      let execution = this.#overdue.first;
      execution && execution.abortedAt + ABANDON_AFTER_MS <= now;
      execution = this.#overdue.first
    ) {
      this.abandoned++;
      const { attempt, failure } = execution;
      this.#decide({ execution, attempt, result: failure?.error, at: now });
    }
  }

  #wakeDelayed(now: number): void {
    if (this.stopped) return;
    for (
      let execution = this.#delays.take(now);
      execution;
      execution = this.#delays.take(now)
    ) {
      if (execution.state === "dead") {
        this.#leaveWaiting(execution);
        this.#sendDeadLetter(execution);
      } else {
        this.#leaveWaiting(execution);
        this.#becomeDue(execution);
      }
    }
  }

  // --- dead letters

  #bury(execution: Execution): void {
    execution.state = "dead";
    this.#sendDeadLetter(execution);
  }

  #sendDeadLetter(execution: Execution): void {
    this.deadLettering++;
    execution.partition.busy++;
    this.#enterWaiting(execution);
    this.#parts.deadLetters.send(execution).then(
      () => this.#buried(execution),
      (error: unknown) => this.#buryRefused(execution, error),
    );
  }

  #leaveDeadLettering(execution: Execution): void {
    this.deadLettering--;
    execution.partition.busy--;
    this.#leaveWaiting(execution);
    this.#parts.wake();
  }

  #buried(execution: Execution): void {
    this.#leaveDeadLettering(execution);
    this.#refusals.delete(execution);
    const { partition, task, offset, attempt, failure } = execution;
    this.deadTotal++;
    task.recorder.dead();
    this.#parts.stats.event({
      event: "dead",
      task: task.name,
      topic: partition.topic,
      partition: partition.partition,
      offset,
      attempts: attempt,
      error: describeError(failure?.error).message,
      deadLetterTopic: this.#parts.deadLetters.topicFor(execution),
    });
    this.#finish(execution);
  }

  #buryRefused(execution: Execution, error: unknown): void {
    this.#leaveDeadLettering(execution);
    if (execution.partition.leaving) {
      this.#refusals.delete(execution);
      this.#release(execution);
      return;
    }
    const refusals = (this.#refusals.get(execution) ?? 0) + 1;
    this.#refusals.set(execution, refusals);
    const [min, max] = DEAD_LETTER_BACKOFF_MS;
    const retryInMs = Math.min(max, min * 2 ** (refusals - 1));
    this.#parts.stats.event({
      event: "dead-letter-refused",
      deadLetterTopic: this.#parts.deadLetters.topicFor(execution),
      reason: describeError(error).message,
      retryInMs,
    });
    this.#enterWaiting(execution);
    this.#delays.push(this.#parts.clock.now() + retryInMs, execution);
  }

  // --- what an execution holds

  #finish(execution: Execution): void {
    const { partition } = execution;
    if (!partition.closed) partition.tracker.finish(execution.position);
    this.#release(execution);
  }

  #release(execution: Execution): void {
    execution.state = "finished";
    execution.context = null;
    this.heldBytes -= execution.bytes;
  }

  #leaveSlot(execution: Execution): void {
    const { task } = execution;
    (execution.aborted === "no" ? task.running : this.#overdue).remove(execution);
    execution.partition.busy--;
    task.inFlight--;
    this.inFlight--;
  }

  #enterWaiting(execution: Execution): void {
    execution.task.waiting++;
    this.waiting++;
  }

  #leaveWaiting(execution: Execution): void {
    execution.task.waiting--;
    this.waiting--;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
