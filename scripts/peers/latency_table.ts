/** Latencies of all contenders, and what they use while nothing comes, as a table of text. Pure. */

import { layOutColumns } from "./columns.ts";

/** Milliseconds. */
export interface Latencies {
  count: number;
  p50: number;
  p99: number;
  max: number;
}

export interface LatencyStanding {
  name: string;
  title: string;
  /** A message now and then; `null`: it has failed. */
  sparse: Latencies | null;
  /** Many a second. */
  dense: Latencies | null;
  /**
   * The same messages from the broker's acknowledgement on, as their sender sees it: what the client itself adds.
   * Below zero where it has started before the sender knew. `null`: nothing is sent to it.
   */
  sparseBehind: Latencies | null;
  denseBehind: Latencies | null;
  /** Share of a core while nothing comes, in percent. */
  idlePercent: number | null;
  /** Why it has no figures. */
  failure: string | null;
}

/** Values at ranks of the sorted list: the smallest that is not below so large a share of all. */
export function summarizeLatencies(values: readonly number[]): Latencies | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.ceil(sorted.length * share) - 1]!;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1)! };
}

const HEADINGS = ["", "now and then: p50", "p99", "max", "many: p50", "p99", "max", "idle"];

export function formatLatencies(standings: readonly LatencyStanding[]): string {
  const rows = standings.map(({ title, sparse, dense, idlePercent, failure }) =>
    failure === null
      ? [
        title,
        ...cellsOf(sparse),
        ...cellsOf(dense),
        idlePercent === null ? "" : `${idlePercent.toFixed(2)} %`,
      ]
      : [title, `failed: ${failure}`]
  );
  return layOutColumns(HEADINGS, rows).join("\n");
}

/** From acknowledgement to start, of those that have figures of it. */
export function formatBehind(standings: readonly LatencyStanding[]): string {
  const rows = standings.filter(({ sparseBehind }) => sparseBehind !== null)
    .map(({ title, sparseBehind, denseBehind }) => [
      title,
      ...cellsOf(sparseBehind),
      ...cellsOf(denseBehind),
    ]);
  return layOutColumns(HEADINGS.slice(0, -1), rows).join("\n");
}

function cellsOf(latencies: Latencies | null): string[] {
  if (latencies === null) return ["-", "-", "-"];
  return [latencies.p50, latencies.p99, latencies.max].map((ms) => `${ms.toFixed(2)} ms`);
}
