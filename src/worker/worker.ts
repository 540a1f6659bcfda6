/**
 * The worker: one cooperative loop that polls Kafka with timeout zero, starts what it got, and sleeps
 * when there is nothing to do. Nothing in it ever waits for Kafka or for a task: answers, and outcomes
 * that take time, are collected in the next turn.
 */
import { nextPhase, phaseDue, type ShutdownFacts, type ShutdownPhase } from "../core/shutdown.ts";
import { EXIT, type ExitCode, ModuleError, type TaskcError } from "../errors.ts";
import { makeLanes } from "../task/registry.ts";
import { Assignments } from "./assignments.ts";
import { CautiousStarts } from "./caution.ts";
import { Committer } from "./committer.ts";
import { DeadLetters } from "./dead_letters.ts";
import { Departure } from "./departure.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { Drain } from "./drain.ts";
import { Idle } from "./idle.ts";
import { KafkaNews } from "./kafka_news.ts";
import { LoopBeat } from "./loop_beat.ts";
import { Runner } from "./runner.ts";
import { StallWatch } from "./stall_watch.ts";
import { TaskState } from "./task_state.ts";
import type { WorkerOptions, WorkerParts } from "./worker_parts.ts";

/**
 * Leaving the group is waited for as long as the whole shutdown may still take, at least and at most so
 * long: a classic member leaves only after a rebalance that is under way, and one that does not say that
 * it leaves stops its group for a session timeout. librdkafka alone may wait for ever.
 */
const CLOSE_WAIT_MS = { least: 1000, most: 10_000 } as const;
const UNROUTABLE_HINT =
  "Deploy a module with a task that takes it, or run with --unroutable dead or --unroutable skip";
/**
 * Messages of one poll: more would only hold up the tasks that run, and a batch that is at hand when young
 * garbage is collected stays until all is.
 */
const MAX_BATCH = 256;

export class Worker {
  readonly options: WorkerOptions;
  readonly tasks: readonly TaskState[];
  readonly runner: Runner;
  readonly assignments: Assignments;
  readonly beat: LoopBeat;
  readonly stall: StallWatch;
  readonly #parts: WorkerParts;
  readonly #committer: Committer;
  readonly #dispatcher: Dispatcher;
  readonly #idle: Idle;
  readonly #departure: Departure;
  readonly #news: KafkaNews;
  #phase: ShutdownPhase = "running";
  #phaseSince = 0;
  #unfinished = 0;

  constructor(parts: WorkerParts, options: WorkerOptions) {
    const { module, consumer, producer, stats, clock } = parts;
    const lanes = makeLanes(module.tasks);
    this.options = options;
    this.#parts = parts;
    this.tasks = module.tasks.map((task, index) =>
      new TaskState(task, index, stats, options.breaker)
    );
    this.beat = new LoopBeat(this.tasks, parts);
    this.#idle = new Idle(options.idleSleepMs, parts.pulse);
    this.#committer = new Committer(consumer, stats, {
      intervalMs: options.commitIntervalMs,
      maxMetadata: options.maxMetadata,
      idleSleepMs: options.idleSleepMs,
      wake: this.#idle.wake,
    });
    this.runner = new Runner({
      tasks: this.tasks,
      hooks: module.hooks,
      deadLetters: new DeadLetters(producer, options.group),
      stats,
      clock,
      random: parts.random,
      holding: () => this.#committer.holding,
      pulse: parts.pulse,
      wake: this.#idle.wake,
      wakeSoon: this.#idle.wakeSoon,
      limit: options.concurrency,
      leave: options.breakerExit ? (reason) => this.#departure.begin(reason, EXIT.failed) : null,
    });
    this.#departure = new Departure({
      graceMs: options.graceMs,
      clock,
      pulse: parts.pulse,
      stats,
      inFlight: () => this.runner.slots.inFlight,
    });
    this.assignments = new Assignments({
      consumer,
      committer: this.#committer,
      runner: this.runner,
      lanes,
      stats,
      clock,
      wake: this.#idle.wake,
      revokeDrainMs: options.revokeDrainMs,
    });
    const leave = (failure: TaskcError) => this.#departure.beginFor(failure);
    this.#news = new KafkaNews({ consumer, stats, clock, leave });
    this.stall = new StallWatch({
      bounds: { afterMs: options.stallAfterMs, exitMs: options.stallExitMs },
      partitions: () => this.assignments.partitions,
      brokerDown: () => this.broker.state === "down",
      consumer,
      stats,
      clock,
      leave,
    });
    this.#dispatcher = new Dispatcher({
      consumer,
      assignments: this.assignments,
      committer: this.#committer,
      runner: this.runner,
      cautious: new CautiousStarts({ consumer, committer: this.#committer, runner: this.runner }),
      lanes,
      tasks: new Map(this.tasks.map((state) => [state.task, state])),
      stats,
      clock,
      unroutable: options.unroutable,
      maxAhead: options.maxAhead,
      maxWaiting: options.maxWaiting,
      maxHeldBytes: Math.ceil(options.maxBytes / 2),
      stop: (reason) =>
        this.#departure.beginFor(new ModuleError(reason, { hint: UNROUTABLE_HINT })),
    });
    consumer.onWake(this.#idle.wake);
  }

  get broker(): { state: "up" | "down"; sinceMs: number } {
    return this.#news.broker;
  }

  get phase(): ShutdownPhase {
    return this.#phase;
  }

  /** The most that was finished at once and that no commit covered. */
  get peakUncovered(): number {
    return this.#committer.peakUncovered;
  }

  /** When Kafka is to have been left, on the worker's clock; `Infinity` before the shutdown. */
  get leaveBy(): number {
    return this.#departure.leaveBy;
  }

  /** What made the worker leave, if it was no request from outside. */
  get failure(): Error | null {
    return this.#departure.failure;
  }

  /** What the brokers say the topics' ids are now. */
  noteTopicIds(ids: ReadonlyMap<string, string>): void {
    this.assignments.noteTopicIds(ids);
    this.#idle.wake();
  }

  /** Asks for a shutdown: the first request drains, a second aborts. */
  stop(reason: string, exitCode: ExitCode = EXIT.ok): void {
    this.#departure.request(reason, exitCode);
    this.#idle.wake();
  }

  /** Runs until it was stopped; returns the exit code. */
  async run(): Promise<ExitCode> {
    const { consumer, clock } = this.#parts;
    this.#phaseSince = clock.now();
    while (this.#phase !== "closing") {
      const phase = this.#phase;
      let taken = 0;
      try {
        this.beat.beat();
        this.#news.note();
        this.#committer.noteTurn(this.assignments.partitions, clock.now());
        // Before the assignments: what an answer opens is polled in this turn, and not after a sleep.
        this.#committer.takeAnswers(this.assignments.partitions, clock.now());
        this.assignments.handleChanges();
        this.runner.collectOutcomes();
        this.#committer.startIfDue(this.assignments.partitions, clock.now());
        const { messages, bytes } = this.#dispatcher.room();
        taken = this.#dispatcher.dispatch(consumer.poll(Math.min(messages, MAX_BATCH), bytes));
        if (this.#phase === "running") this.stall.look();
        this.#advanceShutdown();
      } catch (bug) {
        this.#leaveForBug(bug);
      }
      await this.#idle.pause(
        taken > 0 || consumer.more || this.runner.isBusy || this.#phase !== phase,
        this.nextDue - clock.now(),
      );
    }
    return await this.#leave();
  }

  /**
   * Something in the loop has thrown, so nothing more is taken. What runs may end and is committed as in
   * every shutdown: a message that the failed step lost counts as unfinished, and holds its watermark.
   */
  #leaveForBug(bug: unknown): void {
    this.#departure.beginForBug(bug);
    // The step may fail in each turn from now on, and the shutdown's steps come after it.
    this.#advanceShutdown();
  }

  /** When the loop is to look again, whatever arrives; `Infinity` when nothing waits for time. */
  get nextDue(): number {
    const { drain } = this.#parts;
    return Math.min(
      this.runner.nextDue,
      this.assignments.nextDue,
      this.#committer.nextDue,
      this.#phase === "running" && drain ? drain.deadline : Infinity,
      phaseDue(this.#phase, this.#shutdownFacts),
    );
  }

  get #shutdownFacts(): Omit<ShutdownFacts, "now"> {
    const { begun: leaving, graceBy, requests } = this.#departure;
    const { burials, slots } = this.runner;
    return {
      ...{ graceBy, graceMs: this.options.graceMs, leaving, requests, since: this.#phaseSince },
      busy: slots.inFlight + burials.inFlight,
      uncommitted: this.#phase === "committing" ? this.#uncommitted() : 0,
    };
  }

  #advanceShutdown(): void {
    const { clock, drain } = this.#parts;
    const now = clock.now();
    if (this.#departure.requests === 0 && drain) this.#followDrain(drain, now);
    const phase = nextPhase(this.#phase, { now, ...this.#shutdownFacts });
    if (phase !== this.#phase) this.#enter(phase, now);
    if (phase === "committing") this.#committer.start(this.assignments.partitions, now);
  }

  #followDrain(drain: Drain, now: number): void {
    const state = drain.check(this.assignments.partitions, now);
    if (state === "finished") {
      this.#committer.start(this.assignments.partitions, now);
    } else if (state === "done") {
      const exitCode = this.runner.burials.total > 0 ? EXIT.failed : EXIT.ok;
      this.#departure.begin("drained", exitCode);
    } else if (state === "out of time") {
      this.#departure.begin("--max-time is over", EXIT.interrupted);
    }
  }

  #enter(phase: ShutdownPhase, now: number): void {
    this.#phase = phase;
    this.#phaseSince = now;
    this.runner.stopped = true;
    if (phase === "aborting") {
      const { inFlight } = this.runner.slots;
      this.#parts.stats.event({ event: "aborting", inFlight });
      this.runner.abort(new Error("The worker is shutting down"));
    }
    if (phase === "committing") {
      const { burials, interrupted, slots } = this.runner;
      this.#unfinished = slots.inFlight + burials.inFlight + interrupted;
      this.assignments.leave();
    }
    if (phase === "closing") this.#noteUncommitted();
  }

  /** What the broker has not confirmed by now runs again, although it is finished. */
  #noteUncommitted(): void {
    for (const { topic, partition, commits, tracker } of this.assignments.partitions) {
      // That the owner left in good order is not worth a word of its own.
      if (!commits.behind) continue;
      this.#unfinished++;
      this.#parts.stats.event({
        event: "commit-refused",
        topic,
        partition,
        offset: tracker.watermark,
        reason: "no answer before the end of the shutdown; what it covers will run again",
      });
    }
  }

  #uncommitted(): number {
    return [...this.assignments.partitions].filter(({ commits }) => commits.due).length;
  }

  async #leave(): Promise<ExitCode> {
    this.beat.end();
    this.assignments.closeAll();
    const { least, most } = CLOSE_WAIT_MS;
    const left = this.leaveBy - this.#parts.clock.now();
    await this.#parts.consumer.close(Math.max(least, Math.min(most, left)));
    const { exitCode: asked } = this.#departure;
    const exitCode = asked === EXIT.ok && this.#unfinished > 0 ? EXIT.interrupted : asked;
    this.#parts.stats.event({ event: "stopped", exitCode });
    return exitCode;
  }
}
