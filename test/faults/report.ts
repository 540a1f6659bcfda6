/** Outcomes as lines for a reader. */
import type { Outcome } from "./run_fault.ts";

const COLUMNS: readonly [name: string, width: number][] = [
  ["fault", 14],
  ["protocol", 9],
  ["messages", 9],
  ["lost", 5],
  ["dead", 5],
  ["repeated", 9],
  ["unfinished", 11],
  ["since", 6],
  ["uncovered", 10],
  ["stale", 6],
  ["bound", 6],
  ["kills", 6],
  ["late", 5],
  ["rebalances", 11],
  ["restarts", 9],
  ["faults", 7],
  ["s", 4],
];

/** A heading, then a line for each group. */
export function table(outcomes: readonly Outcome[]): string[] {
  const rows = outcomes.flatMap((outcome) =>
    outcome.groups.map(({ protocol, rebalances, restarts, verdict }) => [
      outcome.fault,
      protocol,
      verdict.acknowledged,
      verdict.lost.length,
      verdict.dead,
      verdict.repeated,
      verdict.repeats.unfinished,
      verdict.repeats.sinceCommit,
      verdict.repeats.uncovered,
      verdict.repeats.stale,
      verdict.kills > 0 ? verdict.bound : "-",
      verdict.kills,
      verdict.lateCommits,
      rebalances,
      restarts,
      outcome.brokerFaults + outcome.networkFaults,
      outcome.seconds,
    ])
  );
  const heading = COLUMNS.map(([name]) => name);
  return [heading, ...rows].map((row) =>
    row.map((cell, at) =>
      at < 2 ? String(cell).padEnd(COLUMNS[at]![1]) : String(cell).padStart(COLUMNS[at]![1])
    ).join(" ")
  );
}
