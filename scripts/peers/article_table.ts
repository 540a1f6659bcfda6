/** What the article's table says: its figures as an object, and that object as text. */
import { type BenchRow, formatBenchRow } from "../../src/config/bench_row.ts";

/** Times in milliseconds. */
export interface RoundOutcome {
  /** From the first send to the last completion. */
  totalMs: number;
  /** Each request's, from its send to its last job's completion. */
  requestMs: number[];
}

/** All rounds of one contender in one row. */
export interface Outcome {
  rounds: number[];
  min: number;
  median: number;
  max: number;
  requestMs: { median: number; max: number };
}

/** Not done within the limit. */
export interface Unfinished {
  unfinished: { doneJobs: number; withinMs: number };
}

export interface ArticleRow extends BenchRow {
  /** By the contenders' names; without those that took no part. */
  outcomes: Record<string, Outcome | Unfinished>;
}

export interface ArticleResult {
  rounds: number;
  contenders: { name: string; title: string }[];
  rows: ArticleRow[];
  /** Jobs a second without I/O, of the median of the row with most of them; by the contenders' names. */
  noopPerSecond: Record<string, number>;
  notes: string[];
}

export function summarize(rounds: readonly RoundOutcome[]): Outcome {
  const totals = rounds.map(({ totalMs }) => totalMs);
  const requests = rounds.flatMap(({ requestMs }) => requestMs);
  return {
    rounds: totals,
    min: Math.min(...totals),
    median: median(totals),
    max: Math.max(...totals),
    requestMs: { median: median(requests), max: Math.max(...requests) },
  };
}

/** Of the row without I/O that has most jobs. */
export function noopRates(rows: readonly ArticleRow[]): Record<string, number> {
  const [row] = rows.filter(({ ioMs }) => ioMs === 0).toSorted((a, b) => jobsOf(b) - jobsOf(a));
  if (row === undefined) return {};
  return Object.fromEntries(
    Object.entries(row.outcomes).flatMap(([name, outcome]) =>
      "median" in outcome ? [[name, Math.round(jobsOf(row) / (outcome.median / 1000))]] : []
    ),
  );
}

/** Told apart in the table, with a note that says why. */
export function tookPartLess(outcome: Outcome | Unfinished, rounds: number): boolean {
  return "rounds" in outcome && outcome.rounds.length < rounds;
}

/** Within 80 columns. */
export function formatTable(result: ArticleResult): string {
  const titleOf = new Map(result.contenders.map(({ name, title }) => [name, title]));
  const lines = result.rows.flatMap((row) => [
    formatCells(`${formatBenchRow(row)}: ${jobsOf(row).toLocaleString("en")} jobs`, TITLES),
    ...Object.entries(row.outcomes).map(([name, outcome]) =>
      formatOutcome(titleOf.get(name)! + markOf(outcome, result.rounds), outcome, jobsOf(row))
    ),
    "",
  ]);
  const rates = Object.entries(result.noopPerSecond).map(([name, rate]) =>
    formatCells(`  ${titleOf.get(name)}`, [rate.toLocaleString("en")])
  );
  if (rates.length > 0) lines.push("Jobs per second without I/O", ...rates, "");
  return [...lines, ...result.notes.map((note) => `${note}\n`)].join("\n");
}

const TITLES = ["min", "median", "max", "request", "max"];
const NAME_WIDTH = 35;
const CELL_WIDTH = 9;

function formatOutcome(title: string, outcome: Outcome | Unfinished, jobs: number): string {
  if ("unfinished" in outcome) {
    const { doneJobs, withinMs } = outcome.unfinished;
    const share = `${doneJobs.toLocaleString("en")} of ${jobs.toLocaleString("en")} jobs`;
    return `${`  ${title}`.padEnd(NAME_WIDTH)} ${share} within ${withinMs / 1000} s, ended`;
  }
  const { min, median, max, requestMs } = outcome;
  const times = [min, median, max, requestMs.median, requestMs.max].map(formatTime);
  return formatCells(`  ${title}`, times);
}

function markOf(outcome: Outcome | Unfinished, rounds: number): string {
  return tookPartLess(outcome, rounds) ? " *" : "";
}

function formatCells(name: string, cells: readonly string[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map((cell) => cell.padStart(CELL_WIDTH)).join("");
}

function formatTime(ms: number): string {
  return ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

function jobsOf({ jobs, requests }: BenchRow): number {
  return jobs * requests;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
