/**
 * The figures of several processes as those of one worker. Each process reports its own now and then; what one
 * that has ended has counted stays counted.
 *
 * State: the last report of each process that runs, one sum of all that have ended, and what cannot be merged
 * from reports: rates, run times and peaks. Invariant: counts never decrease.
 */
import type { NumberedEvent, WorkerEvent } from "./events.ts";
import { mergeSnapshots, withoutGauges } from "./merge_snapshots.ts";
import { RateMeter } from "./rate_meter.ts";
import { RunTimes } from "./run_times.ts";
import type { Snapshot, WorkerState } from "./snapshot.ts";
import type { EventListener, StatsSource } from "./source.ts";

export interface Report {
  snapshot: Snapshot;
  /** By tasks, as `RunTimes` writes them; those that have changed since the report before. */
  runTimes: Record<string, number[]>;
}

interface Member {
  snapshot: Snapshot;
  runTimes: Map<string, RunTimes>;
}

export interface MergedStatsOptions {
  group: string;
  /** How many processes there should be. */
  processes: number;
  /** `now`: milliseconds that only rise; `wall`: since the epoch. */
  clock: { now(): number; wall(): number };
  /** Bytes resident in memory of the process that merges. */
  ownRssBytes: () => number;
}

/**
 * A fact about Kafka that another process has told so recently is not told again: each of them sees it for
 * itself.
 */
const SAME_FACT_MS = 30_000;
const FACTS: ReadonlySet<WorkerEvent["event"]> = new Set([
  ...["broker-down", "broker-up", "topic-back", "topic-gone", "topic-grown"] as const,
  "topic-recreated",
]);
/** Of a process's own; the one that merges tells them once for all. */
const UNTOLD: ReadonlySet<WorkerEvent["event"]> = new Set(["draining", "stopped"]);
/** Told by the first that starts. */
const ONCE: ReadonlySet<WorkerEvent["event"]> = new Set(["started", "waiting"]);

export class MergedStats implements StatsSource {
  readonly #options: MergedStatsOptions;
  readonly #startMs: number;
  readonly #members = new Map<number, Member>();
  #ended: Member | null = null;
  readonly #listeners = new Set<EventListener>();
  readonly #told = new Map<string, { process: number; at: number }>();
  readonly #rate: RateMeter;
  readonly #taskRates = new Map<string, RateMeter>();
  #peakInFlight = 0;
  #peakRssBytes = 0;
  #reports = 0;
  /** All have ended, and none is going to start. */
  #over = false;

  constructor(options: MergedStatsOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
    this.#rate = new RateMeter(this.#startMs);
  }

  /** Takes the figures of a process, numbered from 1, in place of those before. */
  report(process: number, { snapshot, runTimes }: Report): void {
    const member = this.#members.get(process);
    const known = member?.runTimes ?? new Map<string, RunTimes>();
    for (const [task, pairs] of Object.entries(runTimes)) {
      known.set(task, RunTimes.fromJSON(pairs));
    }
    this.#members.set(process, { snapshot, runTimes: known });
    this.#reports++;
    this.#noteTotals();
  }

  /** It runs no longer; what it has counted stays. */
  ended(process: number): void {
    const member = this.#members.get(process);
    if (!member) return;
    this.#members.delete(process);
    this.#reports++;
    const gone = { ...member, snapshot: withoutGauges(member.snapshot) };
    const before = this.#ended;
    this.#ended = before === null ? gone : {
      snapshot: withoutGauges(mergeSnapshots([before.snapshot, gone.snapshot])),
      runTimes: mergeRunTimes([before.runTimes, gone.runTimes]),
    };
  }

  /** Passes an event of a process on, or of all of them without a number. */
  event(event: WorkerEvent, process?: number): void {
    if (process !== undefined && !this.#isNews(event, process)) return;
    if (process === undefined && event.event === "stopped") this.#over = true;
    const forAll = process === undefined || FACTS.has(event.event) || ONCE.has(event.event);
    const numbered: NumberedEvent = forAll ? event : { ...event, process };
    for (const listener of this.#listeners) listener(numbered);
  }

  onEvent(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  tick(): void {
    const now = this.#options.clock.now();
    const { totals, tasks } = this.#merge();
    this.#rate.advance(now, totals.done);
    for (const { name, done } of tasks) this.#rateOf(name).advance(now, done);
  }

  stillness(): string | null {
    const running = [...this.#members.values()].some(({ snapshot }) => snapshot.inFlight > 0);
    return running ? null : String(this.#reports);
  }

  snapshot(): Snapshot {
    this.tick();
    const { clock, processes, group } = this.#options;
    const merged = this.#merge();
    const now = clock.now();
    const runTimes = mergeRunTimes(this.#all().map((member) => member.runTimes));
    return {
      ...merged,
      at: clock.wall(),
      uptimeMs: now - this.#startMs,
      group,
      processes: { running: this.#members.size, of: processes },
      peakInFlight: this.#peakInFlight,
      rssBytes: merged.rssBytes + this.#options.ownRssBytes(),
      peakRssBytes: this.#peakRssBytes,
      tasks: merged.tasks.map((task) => ({
        ...task,
        ratePerSecond: this.#rateOf(task.name).perSecond(),
        rateHistory: this.#rateOf(task.name).history(),
        ...runTimes.get(task.name)?.percentiles(),
      })),
      totals: {
        ...merged.totals,
        ratePerSecond: this.#rate.perSecond(),
        ...RunTimes.merge(runTimes.values()).percentiles(),
      },
      rateHistory: this.#rate.history(),
    };
  }

  #isNews(event: WorkerEvent, process: number): boolean {
    if (UNTOLD.has(event.event)) return false;
    const once = ONCE.has(event.event);
    if (!once && !FACTS.has(event.event)) return true;
    const fact = once ? event.event : JSON.stringify(event);
    const at = this.#options.clock.now();
    const before = this.#told.get(fact);
    if (before && (once || (before.process !== process && at - before.at < SAME_FACT_MS))) {
      return false;
    }
    this.#told.set(fact, { process, at });
    return true;
  }

  #all(): Member[] {
    return [...this.#ended === null ? [] : [this.#ended], ...this.#members.values()];
  }

  #merge(): Snapshot {
    const all = this.#all().map(({ snapshot }) => snapshot);
    if (all.length === 0) return nothing(this.#options.group, this.#over ? "stopped" : "starting");
    const merged = mergeSnapshots(all);
    if (this.#members.size > 0 || this.#over) return merged;
    // One is going to start again, and nobody knows the lag meanwhile.
    const topics = merged.topics.map((topic) => ({ ...topic, lag: null }));
    return { ...merged, state: "starting", topics };
  }

  /** The most of all together that any reports have shown. */
  #noteTotals(): void {
    const { peakInFlight, peakRssBytes } = this.#merge();
    this.#peakInFlight = Math.max(this.#peakInFlight, peakInFlight);
    const own = this.#options.ownRssBytes();
    this.#peakRssBytes = Math.max(this.#peakRssBytes, peakRssBytes + own);
  }

  #rateOf(task: string): RateMeter {
    let rate = this.#taskRates.get(task);
    if (!rate) this.#taskRates.set(task, rate = new RateMeter(this.#startMs));
    return rate;
  }
}

function mergeRunTimes(parts: readonly Map<string, RunTimes>[]): Map<string, RunTimes> {
  const names = new Set(parts.flatMap((part) => [...part.keys()]));
  return new Map(
    [...names].map((name) => [name, RunTimes.merge(parts.flatMap((part) => part.get(name) ?? []))]),
  );
}

/** Before the first report. */
function nothing(group: string, state: WorkerState): Snapshot {
  return {
    ...{ at: 0, uptimeMs: 0, state, group, processes: { running: 0, of: 0 } },
    broker: { state: "connecting", sinceMs: 0 },
    ...{ inFlight: 0, peakInFlight: 0, limit: 0, waiting: 0, uncovered: 0, peakUncovered: 0 },
    ...{ heldBytes: 0, fetchedBytes: 0, maxBytes: 0, rssBytes: 0, peakRssBytes: 0 },
    loopDelayMs: { p99: 0, max: 0 },
    ...{ tasks: [], topics: [], rateHistory: [] },
    totals: {
      ...{ received: 0, done: 0, discarded: 0, failed: 0, retried: 0, abandoned: 0, dead: 0 },
      ...{ skipped: 0, strayErrors: 0, ratePerSecond: 0, p50Ms: null, p99Ms: null },
    },
  };
}
