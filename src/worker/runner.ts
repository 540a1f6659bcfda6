/**
 * Runs attempts: starts them while there are slots, collects their outcomes, and decides with the task's
 * policy what becomes of each message. `execution.ts` has the states.
 *
 * Invariants:
 * - `due` and `waiting` are the sums over the tasks;
 * - an offset is finished only when the run succeeded, was discarded, or its dead letter was
 *   acknowledged by the broker, and only while its partition is not closed;
 * - attempts settle at any time, but they are decided in `collectOutcomes`, unless they have succeeded
 *   already when `run` returns.
 */
import type { Stats } from "../stats/events.ts";
import type { Hooks } from "../task/registry.ts";
import { DeadLetter, Discard } from "../task/signals.ts";
import { callTask, describeRetry, retryDelay } from "./attempt.ts";
import { AttemptContext } from "./attempt_context.ts";
import { Breakers } from "./breakers.ts";
import { Burials } from "./burials.ts";
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./dead_letters.ts";
import type { Execution } from "./execution.ts";
import { Holdings } from "./holdings.ts";
import { Outcomes, SUCCEEDED } from "./outcomes.ts";
import type { Partition } from "./partition.ts";
import type { Pulse } from "./pulse.ts";
import type { TaskState } from "./task_state.ts";
import { Slots } from "./slots.ts";
import { TimeLimits } from "./time_limits.ts";
import { Waiting } from "./waiting.ts";

export interface RunnerParts {
  tasks: readonly TaskState[];
  hooks: Hooks;
  deadLetters: DeadLetters;
  stats: Stats;
  clock: Clock;
  random: () => number;
  pulse: Pulse;
  /** Nothing starts for now: it is open whether the partitions are still ours. */
  holding: () => boolean;
  /** Asks the sleeping loop for another turn. */
  wake: () => void;
  /** The same, when the callbacks that are due by now have been called. */
  wakeSoon: () => void;
  limit: number;
  /** Called instead of probing when a breaker opens; `null` where it is to probe. */
  leave: ((reason: string) => void) | null;
}

export class Runner {
  readonly #parts: RunnerParts;
  readonly #outcomes: Outcomes;
  readonly #limits: TimeLimits;
  readonly #holdings = new Holdings();
  readonly #waiting: Waiting;
  readonly burials: Burials;
  readonly breakers: Breakers;
  readonly slots: Slots;
  /** The last reading of the clock: of the phase of the loop, or after the last attempt that was started. */
  #now = 0;
  /** Attempts that failed because the shutdown aborted them. */
  interrupted = 0;
  /** No further attempt starts; what waits is left for the next run. */
  stopped = false;
  /** Nothing but this one starts (caution.ts); `null` as usual. */
  exclusive: Execution | null = null;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#outcomes = new Outcomes(parts.clock, parts.wakeSoon);
    this.slots = new Slots(parts.limit, parts.pulse);
    this.#limits = new TimeLimits(parts.tasks, parts.stats);
    this.#waiting = new Waiting(parts.tasks, this.#holdings);
    this.burials = new Burials({
      ...parts,
      holdings: this.#holdings,
      waiting: this.#waiting,
      buried: (execution) => this.#buried(execution),
    });
    this.breakers = new Breakers({ ...parts, waiting: this.#waiting });
  }

  get heldBytes(): number {
    return this.#holdings.bytes;
  }

  /** Messages that only lack a slot. */
  get due(): number {
    return this.#waiting.due;
  }

  /** Messages that wait for their next attempt, for their key or for their dead letter. */
  get waiting(): number {
    return this.#holdings.waiting;
  }

  /** The next turn has something to do: to decide, or to start in slots that are free then. */
  get isBusy(): boolean {
    return this.#outcomes.waiting || this.slots.freesSome;
  }

  /** Time of the next retry, probe, time limit or abandonment; `Infinity` when nothing waits for time. */
  get nextDue(): number {
    if (this.stopped) return this.#limits.nextDue;
    return Math.min(this.#waiting.nextDue, this.breakers.nextDue, this.#limits.nextDue);
  }

  beginPhase(now: number): void {
    this.#now = now;
  }

  /** Takes a message that was just received; it starts at once, unless its key is taken. */
  take(execution: Execution): void {
    this.#holdings.hold(execution);
    if (!this.#waiting.admit(execution)) return;
    const isAlone = !this.stopped && this.exclusive === execution;
    const hasSlot = isAlone || this.#hasSlot(execution.task);
    if (hasSlot && this.breakers.admit(execution)) this.#start(execution);
    else this.#waiting.becomeDue(execution);
  }

  /** Sends a message to the dead letters that never had an attempt. */
  reject(execution: Execution, error: unknown): void {
    this.#holdings.hold(execution);
    execution.noteFailure(error, this.#parts.clock.wall());
    this.burials.send(execution);
  }

  /** The same for one that has ended its workers; it keeps its place among those of its key. */
  condemn(execution: Execution, error: unknown): void {
    this.#holdings.hold(execution);
    execution.noteFailure(error, this.#parts.clock.wall());
    execution.failure!.condemned = true;
    if (this.#waiting.admit(execution)) this.burials.send(execution);
  }

  /** One phase of the loop: outcomes, time limits, retries that are due. */
  collectOutcomes(): void {
    for (const { execution, context, result, at } of this.#outcomes.take()) {
      this.#decide(execution, context, result, at);
    }
    const now = this.#parts.clock.now();
    this.slots.beginTurn(this.#parts.tasks);
    this.#limits.enforce(now, (execution, error) => {
      execution.noteFailure(error, this.#parts.clock.wall());
    });
    for (const execution of this.#limits.overdue(now)) {
      const { context, failure } = execution;
      this.#decide(execution, context!, failure?.error, now);
    }
    if (!this.stopped) {
      this.#waiting.wakeDelayed(now, (deadLetter) => this.burials.send(deadLetter));
    }
    // Listeners of the signals aborted above may have computed.
    this.beginPhase(this.#parts.clock.now());
    for (const execution of this.breakers.probe(now, this.#hasSlot)) this.#start(execution);
    this.#waiting.startDue(this.#hasSlot, this.#start);
    this.#holdings.copySurvivors(this.#parts.tasks, now);
  }

  /** Aborts what runs of the given partitions, or everything. */
  abort(reason: Error, only?: ReadonlySet<Partition>): void {
    const isMeant = ({ partition }: Execution) => !only || only.has(partition);
    this.#limits.stop(reason, this.#parts.clock.now(), isMeant);
  }

  /** Lets go of what waits on partitions that leave. What runs lets go when it settles. */
  forgetLeaving(): void {
    this.#waiting.forgetLeaving((execution) => this.burials.forget(execution));
  }

  // --- starting

  readonly #hasSlot = (task: TaskState): boolean =>
    !this.stopped && !this.#parts.holding() && this.exclusive === null &&
    this.slots.hasFree(task);

  readonly #start = (execution: Execution): void => {
    const { task } = execution;
    if (execution.failure?.condemned) {
      // As a probe it would tell nothing, and the next one would wait for it.
      this.breakers.drop(execution);
      return this.burials.send(execution);
    }
    execution.state = "running";
    execution.attempt++;
    task.recorder.started();
    const context = new AttemptContext(execution, this.#now);
    execution.context = context;
    let settling: Promise<unknown> | null;
    this.slots.take(execution);
    try {
      settling = callTask(execution, context, this.#parts.hooks);
    } catch (error) {
      task.running.append(execution);
      return this.#outcomes.note(execution, context, error);
    } finally {
      this.#parts.pulse.yielded();
      this.#now = this.#parts.clock.now();
    }
    if (settling) {
      task.running.append(execution);
      this.#outcomes.await(settling, execution, context);
    } else {
      // Nothing could come in between: no time limit, no stop, no loss of the partition.
      this.slots.leaveNextTurn(execution);
      this.#succeeded(execution, this.#now - context.startedAt);
    }
  };

  // --- deciding

  #decide(execution: Execution, context: AttemptContext, result: unknown, now: number): void {
    // An abandoned attempt that settles late, or one whose outcome was decided already.
    if (execution.state !== "running" || execution.context !== context) return;
    const { task, partition } = execution;
    const runMs = now - context.startedAt;
    const aborted = this.#limits.remove(execution);
    this.slots.leave(execution);
    // After its time limit a late success does not count. What was stopped by us and still succeeded
    // does; what failed by it has not failed on its own account, and is left for the next run.
    const error = aborted === "time limit" ? execution.failure?.error : result;
    if (partition.closed) {
      if (error === SUCCEEDED) partition.finishedLate.push(execution.offset);
      this.breakers.drop(execution);
      return this.#waiting.letGo(execution);
    }
    if (aborted === "stop" && error !== SUCCEEDED) {
      if (!partition.leaving) this.interrupted++;
      // It is not finished, and so it keeps its key.
      this.breakers.drop(execution);
      this.#holdings.release(execution);
    } else if (error === SUCCEEDED) {
      this.#succeeded(execution, runMs);
    } else if (error instanceof Discard) {
      task.recorder.discarded(runMs);
      this.breakers.passed(execution, "decision");
      this.#finish(execution);
    } else {
      this.#failed(execution, error, runMs, now);
    }
  }

  #succeeded(execution: Execution, runMs: number): void {
    execution.task.recorder.done(runMs);
    this.breakers.passed(execution, "success");
    this.#finish(execution);
  }

  #failed(execution: Execution, error: unknown, runMs: number, now: number): void {
    const { partition, task } = execution;
    execution.noteFailure(error, this.#parts.clock.wall());
    const decided = error instanceof DeadLetter;
    if (task.breakerOpen && !decided) {
      // Nothing is given up for code that may be broken, and the attempt is not counted.
      execution.attempt--;
      task.recorder.failed(runMs, true);
      this.breakers.failedWhileOpen(execution);
      if (partition.leaving) return this.#waiting.letGo(execution);
      return this.#waiting.park(execution);
    }
    const delay = retryDelay(execution, error, this.#parts.random());
    if (!decided) partition.commits.noteFailed(execution.offset, execution.attempt);
    task.recorder.failed(runMs, delay !== null);
    if (delay === null) {
      if (decided) this.breakers.passed(execution, "decision");
      else this.breakers.gaveUp(execution);
      return this.burials.send(execution);
    }
    if (partition.leaving) return this.#waiting.letGo(execution);
    if (execution.attempt === 1) this.#parts.stats.event(describeRetry(execution, error, delay));
    execution.state = "waiting";
    this.#waiting.delay(execution, now + delay);
  }

  // --- what an execution holds

  #finish(execution: Execution): void {
    const { partition } = execution;
    if (!partition.closed) partition.finish(execution);
    this.#waiting.letGo(execution);
  }

  #buried(execution: Execution): void {
    const { orderKey, partition, task } = execution;
    const keeps = task.task.settings.onDead === "block" && orderKey !== null;
    partition.commits.forgetAttempts(execution.offset);
    if (keeps && !partition.leaving) this.#waiting.keepKey(execution);
    else if (keeps) this.#waiting.letGo(execution);
    else this.#finish(execution);
  }
}
