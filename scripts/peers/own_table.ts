/** Figures of taskc's own runs as a table of text. Pure. */
import type { OwnOutcome } from "./own_runs.ts";

const HEADINGS = ["", "messages", "thousand/s", "CPU s per million", "peak memory"];

/** With a `reference`, the cost of each as a ratio to its. */
export function formatOwn(outcomes: readonly OwnOutcome[], reference?: OwnOutcome): string {
  const headings = reference ? [...HEADINGS, "cost"] : HEADINGS;
  const base = reference?.figures?.cpuSecondsPerMillion;
  const rows = outcomes.map(({ title, messages, figures, failure }) => {
    if (!figures) return [title, messages.toLocaleString("en"), `failed: ${failure}`];
    const { cpuSecondsPerMillion: cpu, peakBytes, perSecond } = figures;
    return [
      title,
      messages.toLocaleString("en"),
      perSecond === null ? "-" : (perSecond / 1000).toFixed(perSecond < 10_000 ? 1 : 0),
      cpu.toFixed(2),
      `${(peakBytes / 2 ** 20).toFixed(0)} MiB`,
      ...(reference ? [base === undefined ? "-" : `${(cpu / base).toFixed(2)} ×`] : []),
    ];
  });
  const whole = [headings, ...rows.filter((row) => row.length === headings.length)];
  const widths = headings.map((_, column) => Math.max(...whole.map((row) => row[column]!.length)));
  widths[0] = Math.max(...rows.map(([title]) => title!.length));
  return [headings, ...rows].map((row) =>
    row.map((cell, column) =>
      column === 0
        ? cell.padEnd(widths[0]!)
        : row.length < headings.length && column > 1
        ? cell
        : cell.padStart(widths[column]!)
    ).join("   ").trimEnd()
  ).join("\n");
}
