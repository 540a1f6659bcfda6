/** One row of a benchmark's table: `300x20@5s` is 300 jobs of 20 requests that wait 5 s each. */
import { BadValue } from "./bad_value.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import type { Kind } from "./option_kind.ts";

export interface BenchRow {
  jobs: number;
  /** Of each job; each is a message. */
  requests: number;
  /** Milliseconds that each request waits for I/O. */
  ioMs: number;
}

/** The messages of one row, at most: all of them are in flight at once. */
export const MOST_REQUESTS = 1_000_000;
const LONGEST_IO_MS = 600_000;

/** Throws `BadValue`. */
export function parseBenchRow(text: string): BenchRow {
  const match = /^(\d{1,7})\s*[x×]\s*(\d{1,7})(?:@(.+))?$/i.exec(text.trim());
  if (!match) throw new BadValue(`"${text}" is not JOBSxREQUESTS, say 200x20 or 300x20@5s`);
  const [jobs, requests] = [Number(match[1]), Number(match[2])];
  const all = jobs * requests;
  if (all < 1 || all > MOST_REQUESTS) {
    throw new BadValue(`"${text}" is ${all} requests: it must be from 1 to ${MOST_REQUESTS}`);
  }
  const ioMs = match[3] === undefined ? 0 : parseDuration(match[3]);
  if (ioMs > LONGEST_IO_MS) {
    throw new BadValue(`"${text}" waits for too long: it must be from 0s to 10m`);
  }
  return { jobs, requests, ioMs };
}

/** `300x20@5s`; `parseBenchRow` reads it back. */
export function formatBenchRow({ jobs, requests, ioMs }: BenchRow): string {
  return `${jobs}x${requests}${ioMs === 0 ? "" : `@${formatDuration(ioMs)}`}`;
}

/** Rows in the order given: repeated flags, or commas. */
export function benchRows(): Kind<BenchRow[]> {
  const read = (items: readonly string[]) => items.map(parseBenchRow);
  return {
    placeholder: "JOBSxREQUESTS[@IO]",
    json: "array of strings",
    repeatable: true,
    fromText: (texts) => read(texts.flatMap((one) => one.split(","))),
    fromJson: (value) => read(Array.isArray(value) ? value.map(String) : [String(value)]),
    format: (rows) => rows.map(formatBenchRow).join(","),
  };
}
