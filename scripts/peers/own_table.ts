/** Figures of taskc's own runs as a table of text. Pure. */
import { layOutColumns } from "./columns.ts";
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
  return layOutColumns(headings, rows).join("\n");
}
