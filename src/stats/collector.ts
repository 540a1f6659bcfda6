/**
 * Events become figures here. The collector counts; it reads no clock and knows nothing of Kafka:
 * times and gauges come in as arguments.
 *
 * State: one `TaskCounters` per task for the whole life of the worker, counts of received and skipped
 * messages, and the peaks. Invariants: counts never decrease; totals are the sums over the tasks,
 * except `received`, `skipped` and dead letters without a task, which belong to none.
 */
import type { Stats, TaskRecorder, WorkerEvent } from "./events.ts";
import type { Gauges } from "./gauges.ts";
import { RateMeter } from "./rate_meter.ts";
import { type Percentiles, RunTimes } from "./run_times.ts";
import type { Snapshot, Totals } from "./snapshot.ts";
import type { EventListener } from "./source.ts";
import { InFlightPeak, TaskCounters } from "./task_counters.ts";

export class StatsCollector implements Stats {
  readonly #startMs: number;
  readonly #tasks = new Map<string, TaskCounters>();
  readonly #listeners = new Set<EventListener>();
  readonly #inFlight = new InFlightPeak();
  readonly #rate: RateMeter;
  #received = 0;
  #skipped = 0;
  #deadWithoutTask = 0;
  #strayErrors = 0;
  #peakRssBytes = 0;
  #runTimes = new RunTimes();

  /** `startMs`: milliseconds of a clock that only rises, as are all later times. */
  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#rate = new RateMeter(startMs);
  }

  /** The recorder of a task; the same one for the same name. Keep it: this is a look-up. */
  task(name: string, topic: string): TaskRecorder {
    let counters = this.#tasks.get(name);
    if (counters === undefined) {
      counters = new TaskCounters(name, topic, this.#startMs, this.#inFlight);
      this.#tasks.set(name, counters);
    }
    return counters;
  }

  received(count: number): void {
    this.#received += count;
  }

  skipped(): void {
    this.#skipped++;
  }

  /**
   * Passes an event on to the listeners. A `dead` event without a task and a stray error are counted,
   * since no recorder can: dead letters of a task are counted by its recorder's `dead()`.
   */
  event(event: WorkerEvent): void {
    if (event.event === "dead" && event.task === null) this.#deadWithoutTask++;
    if (event.event === "stray-error") this.#strayErrors++;
    for (const listener of this.#listeners) listener(event);
  }

  /** Calls `listener` at each event from now on; returns what ends that. */
  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Run times of each task, by its name. */
  runTimes(): Iterable<[string, RunTimes]> {
    return Array.from(this.#tasks, ([name, { runTimes }]) => [name, runTimes]);
  }

  /** A number that grows with everything counted: the same number, the same figures. */
  get activity(): number {
    let activity = this.#received + this.#skipped + this.#deadWithoutTask + this.#strayErrors;
    for (const task of this.#tasks.values()) {
      activity += task.doneCount + task.discardedCount + task.failedCount + task.deadCount;
    }
    return activity;
  }

  /** Moves the rates on to `now`. At least once a second gives each second its own figure. */
  tick(now: number): void {
    let done = 0;
    for (const counters of this.#tasks.values()) {
      counters.rate.advance(now, counters.doneCount);
      done += counters.doneCount;
    }
    this.#rate.advance(now, done);
  }

  /**
   * All figures at `now`, as plain data that does not change afterwards. Ticks by itself. `at`, since the
   * epoch, only stamps them: that clock may be set back.
   */
  snapshot(now: number, gauges: Gauges, at: number): Snapshot {
    this.tick(now);
    this.#inFlight.peak = Math.max(this.#inFlight.peak, gauges.inFlight);
    this.#peakRssBytes = Math.max(this.#peakRssBytes, gauges.rssBytes);
    const byName = new Map(gauges.tasks.map((task) => [task.name, task]));
    return {
      at,
      uptimeMs: Math.max(0, now - this.#startMs),
      state: gauges.state,
      group: gauges.group,
      processes: { running: 1, of: 1 },
      broker: gauges.broker,
      inFlight: gauges.inFlight,
      peakInFlight: this.#inFlight.peak,
      limit: gauges.limit,
      waiting: gauges.waiting,
      uncovered: gauges.uncovered,
      peakUncovered: gauges.peakUncovered,
      heldBytes: gauges.heldBytes,
      fetchedBytes: gauges.fetchedBytes,
      maxBytes: gauges.maxBytes,
      rssBytes: gauges.rssBytes,
      peakRssBytes: this.#peakRssBytes,
      loopDelayMs: gauges.loopDelayMs,
      tasks: Array.from(this.#tasks.values(), (task) => task.snapshot(byName.get(task.name))),
      topics: gauges.topics,
      totals: this.#totals(),
      rateHistory: this.#rate.history(),
    };
  }

  #totals(): Totals {
    const totals: Totals = {
      received: this.#received,
      done: 0,
      discarded: 0,
      failed: 0,
      retried: 0,
      abandoned: 0,
      dead: this.#deadWithoutTask,
      skipped: this.#skipped,
      strayErrors: this.#strayErrors,
      ratePerSecond: this.#rate.perSecond(),
      ...this.#percentiles(),
    };
    for (const task of this.#tasks.values()) {
      totals.done += task.doneCount;
      totals.discarded += task.discardedCount;
      totals.failed += task.failedCount;
      totals.retried += task.retriedCount;
      totals.abandoned += task.abandonedCount;
      totals.dead += task.deadCount;
    }
    return totals;
  }

  /** Over all tasks. Merged when asked and only after new records, so that a record costs once. */
  #percentiles(): Percentiles {
    let count = 0;
    for (const task of this.#tasks.values()) count += task.runTimes.count;
    if (count !== this.#runTimes.count) {
      this.#runTimes = RunTimes.merge(Array.from(this.#tasks.values(), (task) => task.runTimes));
    }
    return this.#runTimes.percentiles();
  }
}
