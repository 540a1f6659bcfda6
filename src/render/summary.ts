/** What a run came to, told once at its end. */
import type { Snapshot, TaskSnapshot } from "../stats/snapshot.ts";
import { escapeText } from "./escape.ts";
import { formatPairs, formatTime } from "./lines.ts";
import { formatBytes, formatDuration, formatExact, formatRate } from "./numbers.ts";
import { headerLine } from "./panel_header.ts";
import { joinFitting, paintSpans, type Span } from "./spans.ts";
import { type Column, layOutTable } from "./table.ts";
import type { Paint, Theme } from "./theme.ts";

const MOST_TASKS = 20;

/** For people: a few lines joined by newlines, none wider than `columns`. */
export function formatSummary(snapshot: Snapshot, columns: number, theme: Theme): string {
  const { palette, glyphs } = theme;
  const { totals } = snapshot;
  const width = Math.max(1, columns);
  const duration = (ms: number | null) =>
    ms === null ? "-" : formatDuration(ms, glyphs.microsecond);
  const said = (value: string, name: string, paint: Paint = palette.plain): Span[] => [
    { text: value, paint },
    { text: ` ${name}`, paint: palette.dim },
  ];
  const count = (value: number, name: string, paint: Paint, keep: number) => ({
    keep: value === 0 && keep < 5 ? -1 : keep,
    spans: said(formatExact(value), name, value === 0 ? palette.dim : paint),
  });
  const line = (groups: { keep: number; spans: Span[] }[]) =>
    joinFitting(groups.filter(({ keep }) => keep >= 0), width, { text: "   " });
  const lines: Span[][] = [
    headerLine(snapshot, width, theme),
    line([
      count(totals.done, "done", palette.strong, 9),
      count(totals.failed, "failed", palette.warn, 6),
      count(totals.retried, "retried", palette.plain, 5),
      count(totals.dead, "dead", palette.bad, 8),
      count(totals.discarded, "discarded", palette.plain, 3),
      count(totals.abandoned, "abandoned", palette.warn, 4),
      count(totals.skipped, "skipped", palette.warn, 4),
      count(
        totals.strayErrors,
        totals.strayErrors === 1 ? "stray error" : "stray errors",
        palette.warn,
        4,
      ),
    ]),
    line([
      {
        keep: 9,
        spans: [{ text: "took ", paint: palette.dim }, { text: duration(snapshot.uptimeMs) }],
      },
      { keep: 8, spans: said(formatRate(meanRate(snapshot)), "on average") },
      {
        keep: 7,
        spans: [
          { text: "p50 ", paint: palette.dim },
          { text: duration(totals.p50Ms) },
          { text: "  p99 ", paint: palette.dim },
          { text: duration(totals.p99Ms) },
        ],
      },
    ]),
    line([
      { keep: 9, spans: said(formatExact(snapshot.peakInFlight), "in flight at most") },
      { keep: 8, spans: said(formatBytes(snapshot.peakRssBytes), "of memory at most") },
    ]),
  ];
  if (snapshot.tasks.length > 1) {
    const space = { columns: width, rows: MOST_TASKS + 2 };
    lines.push(
      [],
      ...layOutTable(byDone(snapshot.tasks), taskColumns(theme, duration), {
        space,
        theme,
        more: (hidden) => `${formatExact(hidden.length)} more tasks`,
      }),
    );
  }
  return lines.map((spans) => paintSpans(spans, width, glyphs.ellipsis)).join("\n");
}

/** For `--stats lines`: one line, without a newline. */
export function formatSummaryLine(snapshot: Snapshot): string {
  const { totals } = snapshot;
  const duration = (ms: number | null) =>
    ms === null ? null : formatDuration(ms, "us").replace(" ", "");
  return `${formatTime(snapshot.at)} summary ${
    formatPairs([
      ["done", totals.done],
      ["failed", totals.failed],
      ["retried", totals.retried],
      ["dead", totals.dead],
      ["discarded", totals.discarded],
      ["abandoned", totals.abandoned],
      ["skipped", totals.skipped],
      ...strayErrors(totals),
      ["took", duration(snapshot.uptimeMs)],
      ["rate", formatRate(meanRate(snapshot))],
      ["p50", duration(totals.p50Ms)],
      ["p99", duration(totals.p99Ms)],
      ["peak_in_flight", snapshot.peakInFlight],
      ["peak_memory", formatBytes(snapshot.peakRssBytes).replace(" ", "")],
      ...peakUncovered(snapshot),
    ])
  }`;
}

/** Only of many in flight do the commits not cover all. */
function peakUncovered({ peakUncovered }: Snapshot): [string, number][] {
  return peakUncovered > 0 ? [["peak_uncovered", peakUncovered]] : [];
}

/** There should be none, so they are told only when there are. */
function strayErrors({ strayErrors }: Snapshot["totals"]): [string, number][] {
  return strayErrors > 0 ? [["stray_errors", strayErrors]] : [];
}

/** Tasks done a second over the whole run. */
function meanRate({ totals, uptimeMs }: Snapshot): number {
  return uptimeMs > 0 ? totals.done / (uptimeMs / 1000) : 0;
}

function byDone(tasks: readonly TaskSnapshot[]): TaskSnapshot[] {
  return tasks.length <= MOST_TASKS
    ? [...tasks]
    : [...tasks].sort((a, b) => b.dead - a.dead || b.done - a.done);
}

function taskColumns(
  theme: Theme,
  duration: (ms: number | null) => string,
): Column<TaskSnapshot>[] {
  const { palette } = theme;
  const figure = (
    title: string,
    keep: number,
    value: (task: TaskSnapshot) => number,
    paint: Paint = palette.plain,
  ): Column<TaskSnapshot> => ({
    title,
    align: "right",
    keep,
    width: 6,
    cell: (task) => ({
      text: formatExact(value(task)),
      paint: value(task) === 0 ? palette.dim : paint,
    }),
  });
  return [
    {
      title: "TASK",
      align: "left",
      keep: 100,
      shrinkTo: 0.25,
      middle: true,
      cell: ({ name }) => ({
        text: escapeText(name, { max: 200, ascii: theme.ascii }),
        paint: palette.strong,
      }),
    },
    figure("DONE", 90, (task) => task.done),
    figure("FAILED", 70, (task) => task.failed, palette.warn),
    figure("RETRIED", 40, (task) => task.retried),
    figure("DEAD", 80, (task) => task.dead, palette.bad),
    { title: "P50", align: "right", keep: 50, cell: (task) => ({ text: duration(task.p50Ms) }) },
    { title: "P99", align: "right", keep: 60, cell: (task) => ({ text: duration(task.p99Ms) }) },
  ];
}
