/** Snapshots of several processes of one group as one. Pure. */
import type { BreakerState } from "../core/breaker.ts";
import type {
  BrokerState,
  PartitionSnapshot,
  Snapshot,
  TaskSnapshot,
  TopicSnapshot,
  Totals,
  WorkerState,
} from "./snapshot.ts";

/** Which of several states is that of all: the first that one of them has. */
const STATES: readonly WorkerState[] = [
  ...["aborting", "draining", "running", "starting", "stopped"] as const,
];
const BREAKERS: readonly BreakerState[] = ["open", "probing", "closed"];
const BROKERS: readonly BrokerState["state"][] = ["down", "connecting", "up"];

/**
 * Counts and sizes are summed, of states and delays the worst is taken. Rates are sums, too. Percentiles
 * and the peaks of all together cannot be told from those of each: they are `null`, and sums of no more
 * than what is running now. At least one snapshot.
 */
export function mergeSnapshots(parts: readonly Snapshot[]): Snapshot {
  const first = parts[0]!;
  const sum = (figure: (part: Snapshot) => number) =>
    parts.reduce((total, part) => total + figure(part), 0);
  const most = (figure: (part: Snapshot) => number) => Math.max(...parts.map(figure));
  return {
    at: most(({ at }) => at),
    uptimeMs: most(({ uptimeMs }) => uptimeMs),
    state: firstOf(STATES, parts.map(({ state }) => state)),
    group: first.group,
    processes: {
      running: sum(({ processes }) => processes.running),
      of: sum(({ processes }) => processes.of),
    },
    broker: worstBroker(parts.map(({ broker }) => broker)),
    inFlight: sum(({ inFlight }) => inFlight),
    peakInFlight: Math.max(most((part) => part.peakInFlight), sum(({ inFlight }) => inFlight)),
    limit: sum(({ limit }) => limit),
    waiting: sum(({ waiting }) => waiting),
    uncovered: sum(({ uncovered }) => uncovered),
    peakUncovered: Math.max(most((part) => part.peakUncovered), sum(({ uncovered }) => uncovered)),
    heldBytes: sum(({ heldBytes }) => heldBytes),
    fetchedBytes: sum(({ fetchedBytes }) => fetchedBytes),
    maxBytes: sum(({ maxBytes }) => maxBytes),
    rssBytes: sum(({ rssBytes }) => rssBytes),
    peakRssBytes: Math.max(most((part) => part.peakRssBytes), sum(({ rssBytes }) => rssBytes)),
    loopDelayMs: {
      p99: most(({ loopDelayMs }) => loopDelayMs.p99),
      max: most(({ loopDelayMs }) => loopDelayMs.max),
    },
    tasks: groupBy(parts.flatMap(({ tasks }) => tasks), ({ name }) => name).map(mergeTasks),
    topics: groupBy(parts.flatMap(({ topics }) => topics), ({ topic }) => topic).map(mergeTopics),
    totals: {
      ...mergeTotals(parts.map(({ totals }) => totals)),
      received: sum(({ totals }) => totals.received),
      skipped: sum(({ totals }) => totals.skipped),
      strayErrors: sum(({ totals }) => totals.strayErrors),
    },
    rateHistory: [],
  };
}

/** What is left of a process that has ended: what it has counted. */
export function withoutGauges(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    state: "stopped",
    processes: { running: 0, of: 0 },
    ...{ inFlight: 0, limit: 0, waiting: 0, uncovered: 0, heldBytes: 0, maxBytes: 0, rssBytes: 0 },
    broker: { state: "up", sinceMs: 0 },
    loopDelayMs: { p99: 0, max: 0 },
    tasks: snapshot.tasks.map((task) => ({
      ...task,
      ...{ inFlight: 0, limit: null, waiting: 0, ratePerSecond: 0, breaker: "closed" as const },
    })),
    topics: snapshot.topics.map(({ topic }) => ({ topic, partitions: [], lag: 0, blocked: null })),
    totals: { ...snapshot.totals, ratePerSecond: 0 },
  };
}

type Counts = Omit<Totals, "received" | "skipped" | "strayErrors">;

function mergeTotals(parts: readonly Counts[]): Counts {
  const sum = (figure: (part: Counts) => number) =>
    parts.reduce((total, part) => total + figure(part), 0);
  return {
    done: sum(({ done }) => done),
    discarded: sum(({ discarded }) => discarded),
    failed: sum(({ failed }) => failed),
    retried: sum(({ retried }) => retried),
    abandoned: sum(({ abandoned }) => abandoned),
    dead: sum(({ dead }) => dead),
    ratePerSecond: sum(({ ratePerSecond }) => ratePerSecond),
    p50Ms: null,
    p99Ms: null,
  };
}

function mergeTasks(parts: readonly TaskSnapshot[]): TaskSnapshot {
  const { name, topic } = parts[0]!;
  const limits = parts.flatMap(({ limit }) => limit ?? []);
  return {
    name,
    topic,
    inFlight: parts.reduce((total, { inFlight }) => total + inFlight, 0),
    limit: limits.length === 0 ? null : limits.reduce((total, limit) => total + limit, 0),
    waiting: parts.reduce((total, { waiting }) => total + waiting, 0),
    breaker: firstOf(BREAKERS, parts.map(({ breaker }) => breaker)),
    ...mergeTotals(parts),
    rateHistory: [],
  };
}

function mergeTopics(parts: readonly TopicSnapshot[]): TopicSnapshot {
  const partitions = groupBy(parts.flatMap((part) => part.partitions), (one) => one.partition)
    .map(latest).sort((a, b) => a.partition - b.partition);
  return {
    topic: parts[0]!.topic,
    partitions,
    lag: parts.reduce<number | null>(
      (sum, { lag }) => sum === null || lag === null ? null : sum + lag,
      0,
    ),
    blocked: parts.flatMap(({ blocked }) => blocked ?? [])
      .toSorted((a, b) => b.ageMs - a.ageMs)[0] ?? null,
  };
}

/** While a partition changes hands, its old and its new owner may both tell of it. */
function latest(same: readonly PartitionSnapshot[]): PartitionSnapshot {
  return same.reduce((last, one) => one.watermark > last.watermark ? one : last);
}

function worstBroker(brokers: readonly BrokerState[]): BrokerState {
  const state = firstOf(BROKERS, brokers.map((broker) => broker.state));
  const same = brokers.filter((broker) => broker.state === state);
  return { state, sinceMs: Math.max(...same.map(({ sinceMs }) => sinceMs)) };
}

function firstOf<T>(order: readonly T[], found: readonly T[]): T {
  return order.find((one) => found.includes(one))!;
}

/** Groups in the order of their first members. */
function groupBy<T, K>(values: readonly T[], keyOf: (value: T) => K): T[][] {
  return [...Map.groupBy(values, keyOf).values()];
}
