/** Figures of all contenders as a table of text. Pure. */
import type { Spread } from "../../src/stats/spread.ts";
import { layOutColumns } from "./columns.ts";
import { isFailure, type Standing } from "./figures.ts";

export const NOTE =
  `A rate counts the whole process, from its start to its exit: joining the group, all messages and the last commit.
CPU seconds are user and system of the process and its children. Where three figures stand, they are the least, the
median and the greatest of all rounds. "taskc is" divides the median rate of taskc by that of the line.
`;

const HEADINGS = [
  "",
  "thousand/s",
  "CPU s per million",
  "peak memory",
  "taskc is",
];

export function formatTable(standings: readonly Standing[]): string {
  const rows = standings.map(({ title, summary, rounds }) =>
    summary
      ? [
        title,
        formatSpread(
          summary.perSecond,
          (rate) => (rate / 1000).toFixed(rate < 10_000 ? 1 : 0),
        ),
        formatSpread(
          summary.cpuSecondsPerMillion,
          (seconds) => seconds.toFixed(2),
        ),
        `${(summary.peakBytes / 2 ** 20).toFixed(0)} MiB`,
        summary.taskcRatio === null ? "-" : `${summary.taskcRatio.toFixed(2)} ×`,
      ]
      : [title, `failed: ${rounds.find(isFailure)!.failure}`]
  );
  return [...layOutColumns(HEADINGS, rows), ...describeFailures(standings)].join("\n");
}

function formatSpread(
  { min, median, max }: Spread,
  format: (value: number) => string,
): string {
  return [min, median, max].map(format).join(" / ");
}

/** Of those that have figures all the same. */
function describeFailures(standings: readonly Standing[]): string[] {
  return standings.flatMap(({ title, summary, rounds }) => {
    const failures = rounds.filter(isFailure);
    return summary === null || failures.length === 0 ? [] : [
      `${title}: failed in ${failures.length} of ${rounds.length} rounds: ${failures[0]!.failure}`,
    ];
  });
}
