/** The figures of starts as a table of text. Pure. */
import type { Spread } from "../../src/stats/spread.ts";
import { layOutColumns } from "./columns.ts";

/** Times in milliseconds; `null`: there is none. */
export interface StartStanding {
  name: string;
  title: string;
  /** Why a round failed, if one did. */
  failure: string | null;
  newGroupMs: Spread | null;
  knownGroupMs: Spread | null;
  /** From start to exit, and on a core: as a known group. */
  wholeMs: Spread | null;
  cpuMs: Spread | null;
}

const HEADINGS = [
  "",
  "first task, new group",
  "known group",
  "start to exit",
  "CPU",
];

export function formatStarts(
  standings: readonly StartStanding[],
  rounds: number,
): string {
  const rows = standings.map((
    { title, newGroupMs, knownGroupMs, wholeMs, cpuMs },
  ) => [
    title,
    ...[newGroupMs, knownGroupMs, wholeMs, cpuMs].map(formatSpread),
  ]);
  const lines = layOutColumns(HEADINGS, rows);
  const failures = standings.flatMap(({ title, failure }) =>
    failure === null ? [] : [`${title}: failed: ${failure}`]
  );
  const title = `Start, in milliseconds: least / median / greatest of ${rounds} rounds`;
  return [title, "", ...lines, ...failures, ""].join("\n");
}

function formatSpread(spread: Spread | null): string {
  if (spread === null) return "-";
  return [spread.min, spread.median, spread.max].map((ms) => ms.toFixed(0))
    .join(" / ");
}
