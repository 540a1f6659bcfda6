/**
 * The figures of one task. The methods of `TaskRecorder` are called up to a million times a second:
 * they only add to fields and to a histogram, and allocate nothing.
 */
import type { TaskRecorder } from "./events.ts";
import type { TaskGauges } from "./gauges.ts";
import { RateMeter } from "./rate_meter.ts";
import { RunTimes } from "./run_times.ts";
import type { TaskSnapshot } from "./snapshot.ts";

/** Attempts running now over all tasks, and the most there ever were. */
export class InFlightPeak {
  now = 0;
  peak = 0;
}

export class TaskCounters implements TaskRecorder {
  readonly name: string;
  readonly topic: string;
  readonly runTimes = new RunTimes();
  readonly rate: RateMeter;
  doneCount = 0;
  discardedCount = 0;
  failedCount = 0;
  retriedCount = 0;
  abandonedCount = 0;
  deadCount = 0;
  readonly #inFlight: InFlightPeak;

  constructor(name: string, topic: string, startMs: number, inFlight: InFlightPeak) {
    this.name = name;
    this.topic = topic;
    this.rate = new RateMeter(startMs);
    this.#inFlight = inFlight;
  }

  started(): void {
    const inFlight = this.#inFlight;
    inFlight.now++;
    if (inFlight.now > inFlight.peak) inFlight.peak = inFlight.now;
  }

  done(runMs: number): void {
    this.doneCount++;
    this.#ended(runMs);
  }

  discarded(runMs: number): void {
    this.discardedCount++;
    this.#ended(runMs);
  }

  failed(runMs: number, retried: boolean): void {
    this.failedCount++;
    if (retried) this.retriedCount++;
    this.#ended(runMs);
  }

  abandoned(): void {
    this.abandonedCount++;
  }

  dead(): void {
    this.deadCount++;
  }

  #ended(runMs: number): void {
    this.#inFlight.now--;
    this.runTimes.record(runMs);
  }

  snapshot(gauges: TaskGauges | undefined): TaskSnapshot {
    const { p50Ms, p99Ms } = this.runTimes.percentiles();
    return {
      name: this.name,
      topic: this.topic,
      inFlight: gauges?.inFlight ?? 0,
      limit: gauges?.limit ?? null,
      waiting: gauges?.waiting ?? 0,
      breaker: gauges?.breaker ?? "closed",
      done: this.doneCount,
      discarded: this.discardedCount,
      failed: this.failedCount,
      retried: this.retriedCount,
      abandoned: this.abandonedCount,
      dead: this.deadCount,
      ratePerSecond: this.rate.perSecond(),
      p50Ms,
      p99Ms,
      rateHistory: this.rate.history(),
    };
  }
}
