/** Rounds of many tasks in flight, what is made of them, and their table of text. Pure. */
import { type Spread, spreadOf } from "../../src/stats/spread.ts";
import { layOutColumns } from "./columns.ts";
import { type Failure, isFailure } from "./figures.ts";

export interface FlightRound {
  /** From the start of the first task to the last completion, less the longest wait. */
  overMs: number;
  /** From the start of the process to the last completion. */
  fromStartMs: number;
  cpuSeconds: number;
  peakBytes: number;
  peakInFlight: number;
  /** The most finished messages that the commits had no room for. */
  peakUncovered: number;
  /** How late the event loop was at most. */
  loopDelayMs: number;
}

export interface FlightStanding {
  name: string;
  title: string;
  tasks: number;
  rounds: (FlightRound | Failure)[];
  summary: FlightSummary | null;
}

export interface FlightSummary {
  overMs: Spread;
  fromStartMs: Spread;
  cpuSeconds: Spread;
  /** Of all rounds the most, but of those in flight the fewest. */
  peakBytes: number;
  peakInFlight: number;
  /** Of each task in flight, beyond its payload and what an idle worker has; `null`: that is not known. */
  bytesEach: number | null;
  peakUncovered: number;
  loopDelayMs: number;
}

/** Of the rounds that did not fail; `null`: all of them did. */
export function summarizeFlight(
  rounds: readonly (FlightRound | Failure)[],
  { idleBytes, payloadBytes }: { idleBytes: number | null; payloadBytes: number },
): FlightSummary | null {
  const good = rounds.filter((round): round is FlightRound => !isFailure(round));
  if (good.length === 0) return null;
  const most = (figure: (round: FlightRound) => number) => Math.max(...good.map(figure));
  const bytesEach = idleBytes === null
    ? null
    : most(({ peakBytes, peakInFlight }) => (peakBytes - idleBytes) / peakInFlight - payloadBytes);
  return {
    overMs: spreadOf(good.map(({ overMs }) => overMs)),
    fromStartMs: spreadOf(good.map(({ fromStartMs }) => fromStartMs)),
    cpuSeconds: spreadOf(good.map(({ cpuSeconds }) => cpuSeconds)),
    peakBytes: most(({ peakBytes }) => peakBytes),
    peakInFlight: Math.min(...good.map(({ peakInFlight }) => peakInFlight)),
    bytesEach,
    peakUncovered: most(({ peakUncovered }) => peakUncovered),
    loopDelayMs: most(({ loopDelayMs }) => loopDelayMs),
  };
}

const HEADINGS = [
  "",
  "in flight",
  "s over the wait",
  "s since the start",
  "CPU s",
  "memory",
  "each",
  "uncovered",
  "loop delay",
];

/** `idle`: the round of one task. */
export function formatFlights(
  standings: readonly FlightStanding[],
  idle: FlightRound | Failure,
): string {
  const rows = standings.map(({ title, summary, rounds }) =>
    summary
      ? [
        title,
        summary.peakInFlight.toLocaleString("en"),
        seconds(summary.overMs),
        seconds(summary.fromStartMs),
        spread(summary.cpuSeconds),
        `${(summary.peakBytes / 2 ** 20).toFixed(0)} MiB`,
        summary.bytesEach === null ? "-" : `${(summary.bytesEach / 1000).toFixed(2)} KB`,
        summary.peakUncovered.toLocaleString("en"),
        `${summary.loopDelayMs.toFixed(0)} ms`,
      ]
      : [title, `failed: ${rounds.find(isFailure)!.failure}`]
  );
  const lines = layOutColumns(HEADINGS, rows);
  for (const { title, summary, rounds } of standings) {
    const failures = rounds.filter(isFailure);
    if (summary === null || failures.length === 0) continue;
    lines.push(
      `${title}: failed in ${failures.length} of ${rounds.length} rounds: ${failures[0]!.failure}`,
    );
  }
  lines.push(
    isFailure(idle)
      ? `An idle worker, for comparison, failed: ${idle.failure}`
      : `An idle worker has ${(idle.peakBytes / 2 ** 20).toFixed(0)} MiB at most.`,
  );
  return lines.join("\n");
}

function spread({ min, median, max }: Spread): string {
  return [min, median, max].map((value) => value.toFixed(2)).join(" / ");
}

function seconds({ min, median, max }: Spread): string {
  return spread({ min: min / 1000, median: median / 1000, max: max / 1000 });
}
