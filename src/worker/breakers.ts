/**
 * The breaker of each task (core/breaker.ts), and what it does to messages.
 *
 * While one is not closed, its task's messages are parked: those that would run next, and those whose
 * attempt fails, which is not counted then. So nothing is given up before the task has shown that it works.
 * One parked message at a time serves as a probe, and after a probe that failed one of the other kind: a
 * new message of the topic, so that bad data among the parked ones cannot keep the breaker open.
 */
import type { Stats } from "../stats/events.ts";
import type { Task } from "../task/task.ts";
import type { Clock } from "./clock.ts";
import type { Committer } from "./committer.ts";
import { describeFailedAttempt } from "../core/describe_error.ts";
import type { Execution } from "./execution.ts";
import type { Partition } from "./partition.ts";
import type { TaskState } from "./task_state.ts";
import type { Waiting } from "./waiting.ts";

export interface BreakersParts {
  tasks: readonly TaskState[];
  waiting: Waiting;
  stats: Stats;
  clock: Clock;
  random: () => number;
  /** Called instead of probing when a breaker opens; `null` where it is to probe. */
  leave: ((reason: string) => void) | null;
}

/**
 * Where a worker leaves instead of probing, one that was open when the worker before stopped gets so many
 * probes: the first may meet bad data, which says nothing of the code.
 */
const PROBES_TO_LEAVE = 3;

export class Breakers {
  readonly #parts: BreakersParts;
  /** One has opened or closed, and the commits do not say so yet. */
  #changed = false;

  constructor(parts: BreakersParts) {
    this.#parts = parts;
  }

  /** When the next probe may be due; `Infinity` while all are closed. */
  get nextDue(): number {
    let next = Infinity;
    for (const { admits, breaker, parked } of this.#parts.tasks) {
      // A new message was let in, but if none comes in this turn a parked one is the probe.
      if (admits === 1 && parked.size > 0) return 0;
      next = Math.min(next, breaker.probeAt);
    }
    return next;
  }

  /** Commits say whether a breaker is open, so that the next owner does not give up as many again. */
  note(partitions: Iterable<Partition>, committer: Committer): void {
    if (!this.#changed) return;
    this.#changed = false;
    for (const partition of partitions) {
      partition.commits.breakerOpen = this.isOpen(partition.lane.tasks);
      committer.hurry(partition);
    }
  }

  /** Whether one of these tasks has its breaker open: the commits of their topic say so. */
  isOpen(tasks: readonly Task[]): boolean {
    return this.#parts.tasks.some(({ breakerOpen, task }) => breakerOpen && tasks.includes(task));
  }

  /**
   * What a partition's owner before has left: one was open when it stopped, then the first messages are probes;
   * so many were given up on end. From now on the partition's commits tell the same.
   */
  resume({ commits, lane }: Partition, from: { breakerOpen: boolean; givenUp: number }): void {
    if (from.breakerOpen) this.startHalfOpen(lane.tasks);
    // Where tasks share a topic, nobody knows whose they were.
    const [only, ...others] = this.#parts.tasks.filter(({ task }) => lane.tasks.includes(task));
    if (others.length === 0) only?.breaker.resumeRun(from.givenUp);
    commits.breakerOpen = this.isOpen(lane.tasks);
    commits.givenUp = () => this.givenUp(lane.tasks);
  }

  /** One of these was open when the owner before stopped: the first messages are probes. */
  startHalfOpen(tasks: readonly Task[]): void {
    for (const state of this.#parts.tasks) {
      if (tasks.includes(state.task)) this.#startProbing(state);
    }
  }

  /** The most that one of these has given up on end: the commits of their topic say so. */
  givenUp(tasks: readonly Task[]): number {
    let most = 0;
    for (const { breaker, task } of this.#parts.tasks) {
      if (breaker.run > most && tasks.includes(task)) most = breaker.run;
    }
    return most;
  }

  #startProbing(task: TaskState): void {
    if (!task.breaker.startProbing()) return;
    task.admits = 0;
    this.#changed = true;
    this.#tell(task, "it was open when the worker before stopped", null);
  }

  /** Whether a message just taken may run at once; under an open breaker it is a probe then. */
  admit(execution: Execution): boolean {
    const { task } = execution;
    if (task.breaker.state === "closed") return true;
    if (task.admits === 0 || task.probe) return false;
    this.#become(execution, "new");
    return true;
  }

  /** One phase of the loop: the probes that are due. */
  probe(now: number, hasSlot: (task: TaskState) => boolean): Execution[] {
    const probes: Execution[] = [];
    for (const task of this.#parts.tasks) {
      const { breaker, parked } = task;
      if (breaker.state === "closed") continue;
      breaker.advance(now);
      const isDue = breaker.state === "probing" && !task.probe && hasSlot(task);
      const wantsNew = parked.size === 0 || (task.nextProbe === "new" && task.admits === 0);
      task.admits = isDue && wantsNew ? 1 : 0;
      if (!isDue || wantsNew) continue;
      const execution = this.#parts.waiting.takeParked(task)!;
      this.#become(execution, "parked");
      probes.push(execution);
    }
    return probes;
  }

  // --- what became of an attempt

  /** It succeeded, or the code came to a decision about its message, which is no success to be counted. */
  passed(execution: Execution, outcome: "success" | "decision"): void {
    const { task } = execution;
    const { breaker } = task;
    if (!this.drop(execution)) {
      if (outcome === "success") breaker.succeeded();
    } else if (breaker.probePassed()) {
      task.admits = Infinity;
      this.#changed = true;
      this.#parts.waiting.unpark(task);
      this.#parts.stats.event({ event: "breaker-closed", task: task.name });
    }
  }

  /** It failed under an open breaker. */
  failedWhileOpen(execution: Execution): void {
    const { clock, random } = this.#parts;
    const { task } = execution;
    if (!this.drop(execution)) return;
    task.nextProbe = task.nextProbe === "new" ? "parked" : "new";
    task.breaker.probeFailed(clock.now(), random());
    const { probesFailed } = task.breaker;
    if (probesFailed < PROBES_TO_LEAVE) return;
    const last = describeFailedAttempt(execution.failure?.error);
    this.#leave(task, `${probesFailed} probes failed, the last with: ${last}`);
  }

  /** Its message is given up, which may open the breaker. */
  gaveUp({ task, failure }: Execution): void {
    const { clock, random, waiting } = this.#parts;
    const reason = task.breaker.gaveUp(clock.now(), random());
    if (reason === null) return;
    task.admits = 0;
    this.#changed = true;
    task.nextProbe = "parked";
    waiting.parkDue(task);
    this.#tell(task, reason, describeFailedAttempt(failure?.error));
    this.#leave(task, reason);
  }

  /** It is no probe any longer. False when it was none. */
  drop(execution: Execution): boolean {
    if (execution.task.probe !== execution) return false;
    execution.task.probe = null;
    return true;
  }

  #become(execution: Execution, kind: "new" | "parked"): void {
    const { task } = execution;
    task.probe = execution;
    task.nextProbe = kind;
    task.admits = 0;
  }

  #leave({ name }: TaskState, reason: string): void {
    this.#parts.leave?.(`the breaker of task "${name}" is open: ${reason}`);
  }

  #tell({ name }: TaskState, reason: string, error: string | null): void {
    this.#parts.stats.event({ event: "breaker-open", task: name, reason, error });
  }
}
