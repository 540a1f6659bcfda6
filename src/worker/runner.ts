/**
 * Runs attempts: starts them while there are slots, collects their outcomes, and decides with the task's
 * policy what becomes of each message. `execution.ts` has the states.
 *
 * Invariants:
 * - `inFlight` is the number of slots taken, the sum over the tasks; `due` and `waiting` likewise;
 * - an offset is finished only when the run succeeded, was discarded, or its dead letter was
 *   acknowledged by the broker, and only while its partition is not closed;
 * - attempts settle at any time, but nothing is decided of them outside of `collectOutcomes`.
 */
import { DelayQueue } from "../core/delay_queue.ts";
import type { Stats } from "../stats/events.ts";
import type { Hooks } from "../task/registry.ts";
import { Discard } from "../task/signals.ts";
import { callTask, describeRetry, type Outcome, retryDelay, SUCCEEDED } from "./attempt.ts";
import { AttemptContext } from "./attempt_context.ts";
import { Burials } from "./burials.ts";
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./dead_letters.ts";
import type { Execution } from "./execution.ts";
import { Holdings } from "./holdings.ts";
import type { Partition } from "./partition.ts";
import type { TaskState } from "./task_state.ts";
import { TimeLimits } from "./time_limits.ts";

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
  readonly #limits: TimeLimits;
  readonly #holdings = new Holdings();
  readonly #burials: Burials;
  inFlight = 0;
  due = 0;
  abandoned = 0;
  /** Attempts that failed because the shutdown aborted them. */
  interrupted = 0;
  /** No further attempt starts; what waits is left for the next run. */
  stopped = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#limits = new TimeLimits(parts.tasks, parts.stats);
    this.#burials = new Burials({
      ...parts,
      holdings: this.#holdings,
      delays: this.#delays,
      finish: (execution) => this.#finish(execution),
    });
  }

  get heldBytes(): number {
    return this.#holdings.bytes;
  }

  /** Messages that wait for their next attempt or for their dead letter. */
  get waiting(): number {
    return this.#holdings.waiting;
  }

  /** Dead letters sent and not acknowledged yet. */
  get deadLettering(): number {
    return this.#burials.inFlight;
  }

  /** Dead letters acknowledged. */
  get deadTotal(): number {
    return this.#burials.total;
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
    return Math.min(this.stopped ? Infinity : this.#delays.nextDue, this.#limits.nextDue);
  }

  /** Takes a message that was just received; it starts at once, since room was asked for before. */
  take(execution: Execution): void {
    this.#holdings.hold(execution);
    if (this.#hasSlot(execution.task)) this.#start(execution);
    else this.#becomeDue(execution);
  }

  /** Sends a message to the dead letters that never had an attempt. */
  reject(execution: Execution, error: unknown): void {
    this.#holdings.hold(execution);
    this.#noteFailure(execution, error);
    this.#burials.send(execution);
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
    this.#limits.enforce(now, (execution, error) => this.#noteFailure(execution, error));
    for (const execution of this.#limits.overdue(now)) {
      this.abandoned++;
      const { attempt, failure } = execution;
      this.#decide({ execution, attempt, result: failure?.error, at: now });
    }
    this.#wakeDelayed(now);
    if (this.due > 0) this.#startDue();
    this.#holdings.copySurvivors(this.#parts.tasks, now);
  }

  /** Aborts what runs of the given partitions, or everything. */
  abort(reason: Error, only?: ReadonlySet<Partition>): void {
    const isMeant = ({ partition }: Execution) => !only || only.has(partition);
    this.#limits.stop(reason, this.#parts.clock.now(), isMeant);
  }

  /** Lets go of what waits on partitions that leave. What runs lets go when it settles. */
  forgetLeaving(): void {
    this.#delays.remove((execution) => {
      if (!execution.partition.leaving) return false;
      // Both kinds of waiting end here: for an attempt, and for a dead letter to be sent again.
      this.#holdings.leaveWaiting(execution);
      this.#burials.forget(execution);
      this.#holdings.release(execution);
      return true;
    });
    for (const task of this.#parts.tasks) {
      for (let at = task.ready.length - 1; at >= 0; at--) {
        const execution = task.ready[at]!;
        if (!execution.partition.leaving) continue;
        task.ready.splice(at, 1);
        this.due--;
        this.#holdings.release(execution);
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
    execution.setBusy(true);
    task.inFlight++;
    this.inFlight++;
    task.running.append(execution);
    task.recorder.started();
    const attempt = execution.attempt;
    const context = new AttemptContext(execution, this.#parts.stats);
    execution.context = context;
    let settling: Promise<unknown> | null;
    try {
      settling = callTask(execution, context, this.#parts.hooks);
    } catch (error) {
      this.#outcomes.push({ execution, attempt, result: error, at: this.#parts.clock.now() });
      return;
    }
    if (!settling) {
      this.#outcomes.push({ execution, attempt, result: SUCCEEDED, at: this.#parts.clock.now() });
      return;
    }
    settling.then(
      () => this.#settled(execution, attempt, SUCCEEDED),
      (error: unknown) => this.#settled(execution, attempt, error),
    );
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
      this.#holdings.release(execution);
      return;
    }
    // After its time limit a late success does not count. What was stopped by us and still succeeded
    // does; what failed by it has not failed on its own account, and is left for the next run.
    const error = execution.aborted === "time limit" ? execution.failure?.error : result;
    if (execution.aborted === "stop" && error !== SUCCEEDED) {
      if (!partition.leaving) this.interrupted++;
      this.#holdings.release(execution);
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
    const delay = retryDelay(execution, error, this.#parts.random());
    task.recorder.failed(runMs, delay !== null);
    if (delay === null) {
      this.#burials.send(execution);
      return;
    }
    if (execution.partition.leaving) {
      this.#holdings.release(execution);
      return;
    }
    if (execution.attempt === 1) this.#parts.stats.event(describeRetry(execution, error, delay));
    execution.state = "waiting";
    this.#holdings.enterWaiting(execution);
    this.#delays.push(now + delay, execution);
  }

  #noteFailure(execution: Execution, error: unknown): void {
    const at = this.#parts.clock.wall();
    execution.failure = { first: execution.failure?.first ?? at, last: at, error };
  }

  // --- time

  #wakeDelayed(now: number): void {
    if (this.stopped) return;
    for (
      let execution = this.#delays.take(now);
      execution;
      execution = this.#delays.take(now)
    ) {
      this.#holdings.leaveWaiting(execution);
      if (execution.state === "dead") this.#burials.send(execution);
      else this.#becomeDue(execution);
    }
  }

  // --- what an execution holds

  #finish(execution: Execution): void {
    const { partition } = execution;
    if (!partition.closed) partition.tracker.finish(execution.position);
    this.#holdings.release(execution);
  }

  #leaveSlot(execution: Execution): void {
    const { task } = execution;
    this.#limits.remove(execution);
    execution.setBusy(false);
    task.inFlight--;
    this.inFlight--;
  }
}
