/** The panel's table of tasks. */
import type { TaskSnapshot } from "../stats/snapshot.ts";
import { escapeText } from "./escape.ts";
import { drawSparkline } from "./graphs.ts";
import { formatCount, formatDuration, formatRate } from "./numbers.ts";
import type { Span } from "./spans.ts";
import { type Column, layOutTable, type TableSpace } from "./table.ts";
import type { Paint, Theme } from "./theme.ts";

/** In the order of the module while all fit; the broken, then the busiest ones, when they do not. */
export function taskLines(
  tasks: readonly TaskSnapshot[],
  { space, theme, uptimeMs }: { space: TableSpace; theme: Theme; uptimeMs: number },
): Span[][] {
  const sorted = tasks.length <= space.rows - 1 ? tasks : [...tasks].sort(byBusiness);
  return layOutTable(sorted, taskColumns(tasks, theme, uptimeMs), {
    space,
    theme,
    more: (hidden) => {
      const inFlight = hidden.reduce((sum, task) => sum + task.inFlight, 0);
      return `${formatCount(hidden.length)} more tasks, ${formatCount(inFlight)} in flight`;
    },
  });
}

function byBusiness(a: TaskSnapshot, b: TaskSnapshot): number {
  const broken = (task: TaskSnapshot) => Number(task.breaker !== "closed");
  return broken(b) - broken(a) || b.inFlight - a.inFlight || b.ratePerSecond - a.ratePerSecond ||
    b.done - a.done ||
    (a.name < b.name ? -1 : 1);
}

function taskColumns(
  tasks: readonly TaskSnapshot[],
  theme: Theme,
  uptimeMs: number,
): Column<TaskSnapshot>[] {
  const { palette, glyphs } = theme;
  const count = (
    title: string,
    keep: number,
    figure: (task: TaskSnapshot) => number,
    paint: Paint = palette.plain,
  ): Column<TaskSnapshot> => ({
    title,
    align: "right",
    keep,
    width: 5,
    cell: (task) => zeroDim(figure(task), formatCount, paint, theme),
  });
  const time = (
    title: string,
    keep: number,
    figure: (task: TaskSnapshot) => number | null,
  ): Column<TaskSnapshot> => ({
    title,
    align: "right",
    keep,
    width: 7,
    cell: (task) => {
      const ms = figure(task);
      return ms === null
        ? { text: "-", paint: palette.dim }
        : { text: formatDuration(ms, glyphs.microsecond) };
    },
  });
  const columns: Column<TaskSnapshot>[] = [
    {
      title: "TASK",
      align: "left",
      keep: 100,
      shrinkTo: 0.25,
      middle: true,
      cell: (task) => ({
        text: escapeText(task.name, { max: 200, ascii: theme.ascii }),
        paint: palette.strong,
      }),
    },
    {
      title: "IN FLIGHT",
      align: "right",
      keep: 95,
      cell: (task) => inFlightCell(task, theme),
    },
    count("WAITING", 50, (task) => task.waiting),
    count("DONE", 80, (task) => task.done),
    count("FAILED", 70, (task) => task.failed, palette.warn),
    count("RETRIED", 55, (task) => task.retried),
    { ...count("DEAD", 85, (task) => task.dead, palette.bad), width: 4 },
    {
      title: "RATE",
      align: "right",
      keep: 90,
      width: 7,
      cell: (task) => zeroDim(task.ratePerSecond, formatRate, palette.plain, theme),
    },
    time("P50", 60, (task) => task.p50Ms),
    time("P99", 75, (task) => task.p99Ms),
    {
      title: "LAST MINUTE",
      align: "left",
      keep: 30,
      width: 15,
      growTo: 30,
      cell: (task, width) => drawSparkline({ history: task.rateHistory, uptimeMs }, width, theme),
    },
  ];
  if (tasks.some((task) => task.discarded > 0)) {
    columns.splice(7, 0, count("DISCARDED", 40, (task) => task.discarded));
  }
  if (tasks.some((task) => task.abandoned > 0)) {
    columns.splice(6, 0, count("ABANDONED", 45, (task) => task.abandoned, palette.warn));
  }
  if (tasks.some((task) => task.breaker !== "closed")) {
    columns.splice(1, 0, {
      title: "BREAKER",
      align: "left",
      keep: 96,
      cell: ({ breaker }) => ({
        text: breaker === "closed" ? "-" : breaker,
        paint: breaker === "closed" ? palette.dim : palette.bad,
      }),
    });
  }
  return columns;
}

function inFlightCell(task: TaskSnapshot, theme: Theme): Span[] {
  const { palette } = theme;
  if (task.limit === null) return [zeroDim(task.inFlight, formatCount, palette.plain, theme)];
  const full = task.inFlight >= task.limit;
  return [
    { text: formatCount(task.inFlight), paint: full ? palette.warn : palette.plain },
    { text: `/${formatCount(task.limit)}`, paint: palette.dim },
  ];
}

function zeroDim(
  value: number,
  format: (value: number) => string,
  paint: Paint,
  theme: Theme,
): Span {
  return { text: format(value), paint: value === 0 ? theme.palette.dim : paint };
}
