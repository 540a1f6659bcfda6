/**
 * The worker: one cooperative loop that polls Kafka with timeout zero, starts what it got, and sleeps
 * when there is nothing to do. Nothing in it ever waits for Kafka or for a task: answers and outcomes
 * are collected in the next turn.
 */
import { nextPhase, type ShutdownPhase } from "../core/shutdown.ts";
import { EXIT, type ExitCode, KafkaError, ModuleError, type TaskcError } from "../errors.ts";
import type { Consumer, Producer } from "../kafka/ports.ts";
import type { Stats } from "../stats/events.ts";
import { makeLanes, type TaskModule } from "../task/registry.ts";
import { Assignments } from "./assignments.ts";
import type { Clock } from "./clock.ts";
import { Committer } from "./committer.ts";
import { DeadLetters } from "./dead_letters.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Drain } from "./drain.ts";
import { Idle } from "./idle.ts";
import { Runner } from "./runner.ts";
import { TaskState } from "./task_state.ts";

export interface WorkerOptions {
  group: string;
  /** Attempts in flight at most. */
  concurrency: number;
  /** One total for all prefetched and held messages; half of it is for the held. */
  maxBytes: number;
  maxAhead: number;
  maxWaiting: number;
  idleSleepMs: number;
  commitIntervalMs: number;
  graceMs: number;
  revokeDrainMs: number;
  unroutable: "dead" | "skip" | "stop";
}

export interface WorkerParts {
  module: TaskModule;
  consumer: Consumer;
  producer: Producer;
  stats: Stats;
  clock: Clock;
  random: () => number;
  /** With `--drain`: tells when all that was there at the start is committed. */
  drain: Drain | null;
}

/**
 * Leaving the group is waited for as long as the whole shutdown may still take, at least and at most so
 * long: a classic member leaves only after a rebalance that is under way, and one that does not say that
 * it leaves stops its group for a session timeout. librdkafka alone may wait for ever.
 */
const CLOSE_WAIT_MS = { least: 2000, most: 10_000 } as const;
/** The phases after the grace take at most so long; supervise_process.ts ends the process then. */
export const LEAVE_WITHIN_MS = 8000;
const UNROUTABLE_HINT =
  "Deploy a module with a task that takes it, or run with --unroutable dead or --unroutable skip";
/** Messages of one poll; more would only hold up the tasks that run. */
const MAX_BATCH = 1000;

export class Worker {
  readonly options: WorkerOptions;
  readonly tasks: readonly TaskState[];
  readonly runner: Runner;
  readonly assignments: Assignments;
  readonly #parts: WorkerParts;
  readonly #committer: Committer;
  readonly #dispatcher: Dispatcher;
  readonly #idle: Idle;
  #phase: ShutdownPhase = "running";
  #phaseSince = 0;
  #leaving = false;
  /** Requests from outside. */
  #stopRequests = 0;
  /** Time of the first request to stop. */
  #stopAt = 0;
  #exitCode: ExitCode = EXIT.ok;
  #failure: Error | null = null;
  #unfinished = 0;
  /** `since` is on the worker's clock. */
  #broker: { state: "up" | "down"; since: number };

  constructor(parts: WorkerParts, options: WorkerOptions) {
    const { module, consumer, producer, stats, clock } = parts;
    const lanes = makeLanes(module.tasks);
    this.options = options;
    this.#parts = parts;
    this.tasks = module.tasks.map((task) => new TaskState(task, stats.task(task.name, task.topic)));
    this.#idle = new Idle(options.idleSleepMs);
    this.#committer = new Committer(consumer, stats, options.commitIntervalMs);
    this.runner = new Runner({
      tasks: this.tasks,
      hooks: module.hooks,
      deadLetters: new DeadLetters(producer, options.group),
      stats,
      clock,
      random: parts.random,
      wake: this.#idle.wake,
      limit: options.concurrency,
    });
    this.assignments = new Assignments({
      consumer,
      committer: this.#committer,
      runner: this.runner,
      lanes,
      stats,
      clock,
      revokeDrainMs: options.revokeDrainMs,
    });
    this.#dispatcher = new Dispatcher({
      consumer,
      assignments: this.assignments,
      runner: this.runner,
      lanes,
      tasks: new Map(this.tasks.map((state) => [state.task, state])),
      stats,
      clock,
      unroutable: options.unroutable,
      maxAhead: options.maxAhead,
      maxWaiting: options.maxWaiting,
      maxHeldBytes: Math.ceil(options.maxBytes / 2),
      stop: (reason) => this.#leaveFor(new ModuleError(reason, { hint: UNROUTABLE_HINT })),
    });
    this.#broker = { state: "up", since: clock.now() };
    consumer.onWake(this.#idle.wake);
  }

  get broker(): { state: "up" | "down"; sinceMs: number } {
    return { state: this.#broker.state, sinceMs: this.#parts.clock.now() - this.#broker.since };
  }

  get phase(): ShutdownPhase {
    return this.#phase;
  }

  /** When the process is to have ended, on the worker's clock; `Infinity` before it was asked to stop. */
  get leaveBy(): number {
    return this.#stopRequests === 0
      ? Infinity
      : this.#stopAt + this.options.graceMs + LEAVE_WITHIN_MS;
  }

  /** What made the worker leave, if it was no request from outside. */
  get failure(): Error | null {
    return this.#failure;
  }

  /** Asks for a shutdown: the first request drains, a second aborts. */
  stop(reason: string, exitCode: ExitCode = EXIT.ok): void {
    this.#stopRequests++;
    this.#beginLeaving(reason, exitCode, null);
    this.#idle.wake();
  }

  /** Starts the shutdown, once; a reason of its own does not count as a request from outside. */
  #beginLeaving(reason: string, exitCode: ExitCode, failure: Error | null): void {
    if (this.#leaving) return;
    this.#leaving = true;
    this.#exitCode = exitCode;
    this.#failure = failure;
    this.#stopAt = this.#parts.clock.now();
    this.#parts.stats.event({ event: "draining", reason, inFlight: this.runner.inFlight });
  }

  #leaveFor(failure: TaskcError): void {
    this.#beginLeaving(failure.message, failure.exitCode, failure);
  }

  /** Runs until it was stopped; returns the exit code. */
  async run(): Promise<ExitCode> {
    const { consumer, clock } = this.#parts;
    this.#phaseSince = clock.now();
    while (this.#phase !== "closing") {
      this.#noteKafkaEvents();
      this.assignments.handleChanges();
      this.runner.collectOutcomes();
      this.#committer.startIfDue(this.assignments.partitions, clock.now());
      const { messages, bytes } = this.#dispatcher.room();
      const taken = this.#dispatcher.dispatch(consumer.poll(Math.min(messages, MAX_BATCH), bytes));
      this.#advanceShutdown();
      await this.#idle.pause(
        taken > 0 || consumer.more || this.runner.hasOutcomes,
        this.#untilDue(),
      );
    }
    return await this.#leave();
  }

  #untilDue(): number {
    return this.runner.nextDue - this.#parts.clock.now();
  }

  #noteKafkaEvents(): void {
    const { clock, consumer, stats } = this.#parts;
    for (const change of consumer.takeBrokerChanges()) {
      this.#broker = { state: change.up ? "up" : "down", since: clock.now() };
      stats.event(
        change.up ? { event: "broker-up" } : { event: "broker-down", reason: change.reason },
      );
    }
    for (const { code, message, fatal } of consumer.takeProblems()) {
      stats.event({ event: "kafka-error", code, reason: message });
      if (fatal) this.#leaveFor(new KafkaError(`Kafka refuses this worker: ${message}`));
    }
  }

  #advanceShutdown(): void {
    const { clock, drain } = this.#parts;
    const now = clock.now();
    if (this.#stopRequests === 0 && drain) this.#followDrain(drain, now);
    const phase = nextPhase(this.#phase, {
      now,
      since: this.#phaseSince,
      graceMs: this.options.graceMs,
      leaving: this.#leaving,
      requests: this.#stopRequests,
      busy: this.runner.inFlight + this.runner.deadLettering,
      uncommitted: this.#uncommitted(),
    });
    if (phase !== this.#phase) this.#enter(phase, now);
    if (phase === "committing") this.#committer.start(this.assignments.partitions, now);
  }

  #followDrain(drain: Drain, now: number): void {
    const state = drain.check(this.assignments.partitions, now);
    if (state === "finished") {
      this.#committer.start(this.assignments.partitions, now);
    } else if (state === "done") {
      const exitCode = this.runner.deadTotal > 0 ? EXIT.failed : EXIT.ok;
      this.#beginLeaving("drained", exitCode, null);
    } else if (state === "out of time") {
      this.#beginLeaving("--max-time is over", EXIT.interrupted, null);
    }
  }

  #enter(phase: ShutdownPhase, now: number): void {
    this.#phase = phase;
    this.#phaseSince = now;
    this.runner.stopped = true;
    if (phase === "aborting") {
      const { inFlight } = this.runner;
      this.#parts.stats.event({ event: "aborting", inFlight });
      this.runner.abort(new Error("The worker is shutting down"));
    }
    if (phase === "committing") {
      const { inFlight, deadLettering, interrupted } = this.runner;
      this.#unfinished = inFlight + deadLettering + interrupted;
    }
    if (phase === "closing") this.#noteUncommitted();
  }

  /** What the broker has not confirmed by now runs again, although it is finished. */
  #noteUncommitted(): void {
    for (const partition of this.assignments.partitions) {
      const offset = partition.uncommitted;
      if (offset < 0) continue;
      this.#unfinished++;
      this.#parts.stats.event({
        event: "commit-refused",
        topic: partition.topic,
        partition: partition.partition,
        offset,
        reason: "no answer before the end of the shutdown; what it covers will run again",
      });
    }
  }

  #uncommitted(): number {
    if (this.#phase !== "committing") return 0;
    let count = 0;
    for (const partition of this.assignments.partitions) {
      if (partition.uncommitted >= 0) count++;
    }
    return count;
  }

  async #leave(): Promise<ExitCode> {
    this.assignments.closeAll();
    const { least, most } = CLOSE_WAIT_MS;
    const left = this.leaveBy - this.#parts.clock.now();
    await this.#parts.consumer.close(Math.max(least, Math.min(most, left)));
    const interrupted = this.#unfinished > 0;
    const exitCode = interrupted && this.#exitCode === EXIT.ok ? EXIT.interrupted : this.#exitCode;
    this.#parts.stats.event({ event: "stopped", exitCode });
    return exitCode;
  }
}
