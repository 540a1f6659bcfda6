/**
 * For pipes and log files: one line for the figures, one for each event, `name=value` after the time and
 * the kind. Values with anything but plain characters are quoted and escaped, so a line is always a line.
 */
import type { NumberedEvent, WorkerEvent } from "../stats/events.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { quoteText } from "./escape.ts";
import { describePartitions, stringify } from "./event_text.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "./numbers.ts";
import { heldMessages } from "./panel_topics.ts";

/** A watermark that is held back for so long is worth its place in the line. */
const HELD_LONG_MS = 10_000;
export const PLAIN = /^[A-Za-z0-9_.:,/@%+<>[\]()-]+$/;

/** The figures, without a newline. */
export function formatStatsLine(snapshot: Snapshot): string {
  const { totals } = snapshot;
  const pairs: [string, string | number | null][] = [
    ["state", snapshot.state],
    ...processes(snapshot),
    ["in_flight", `${snapshot.inFlight}/${snapshot.limit}`],
    ["waiting", snapshot.waiting],
    ["rate", formatRate(totals.ratePerSecond)],
    ["done", totals.done],
    ["failed", totals.failed],
    ["retried", totals.retried],
    ["dead", totals.dead],
  ];
  if (totals.discarded > 0) pairs.push(["discarded", totals.discarded]);
  if (totals.abandoned > 0) pairs.push(["abandoned", totals.abandoned]);
  if (totals.skipped > 0) pairs.push(["skipped", totals.skipped]);
  if (totals.strayErrors > 0) pairs.push(["stray_errors", totals.strayErrors]);
  pairs.push(
    ["lag", totalLag(snapshot)],
    ["p50", duration(totals.p50Ms)],
    ["p99", duration(totals.p99Ms)],
    ["loop_p99", duration(snapshot.loopDelayMs.p99)],
    ["memory", formatBytes(snapshot.rssBytes).replace(" ", "")],
    ["held", formatBytes(snapshot.heldBytes).replace(" ", "")],
  );
  const open = snapshot.tasks.filter(({ breaker }) => breaker !== "closed");
  if (open.length > 0) pairs.push(["breaker_open", open.map(({ name }) => name).join(",")]);
  if (snapshot.uncovered > 0) pairs.push(["uncovered", snapshot.uncovered]);
  if (snapshot.broker.state !== "up") {
    pairs.push(["broker", snapshot.broker.state], [
      "broker_for",
      duration(snapshot.broker.sinceMs),
    ]);
  }
  const oldest = heldMessages(snapshot.topics)[0];
  if (oldest !== undefined && oldest.ageMs >= HELD_LONG_MS) {
    pairs.push(
      ["held_back", `${oldest.topic}[${oldest.partition}]@${oldest.offset}`],
      ["held_for", duration(oldest.ageMs)],
      ["held_by", oldest.task],
      ["held_key", oldest.key],
    );
  }
  return `${formatTime(snapshot.at)} stats ${formatPairs(pairs)}`;
}

/** One event, without a newline. `at`: milliseconds since the epoch. */
export function formatEventLine(event: NumberedEvent, at: number): string {
  const pairs: [string, string | number | null][] = [];
  for (const [name, value] of Object.entries(event)) {
    if (name === "event" || value === undefined) continue;
    const places = partitionsOf(event, name);
    pairs.push([snakeCase(name), places === undefined ? plain(value) : places]);
  }
  const kind = event.event;
  return `${formatTime(at)} ${kind}${pairs.length === 0 ? "" : ` ${formatPairs(pairs)}`}`;
}

/** `2026-11-22T13:30:10.123Z`. */
export function formatTime(at: number): string {
  return new Date(at).toISOString();
}

/** `a=1 b="two words"`; `null` becomes `-`. */
export function formatPairs(pairs: readonly [string, string | number | null][]): string {
  return pairs.map(([name, value]) => `${name}=${formatValue(value)}`).join(" ");
}

function formatValue(value: string | number | null): string {
  if (value === null) return "-";
  const text = String(value);
  return text !== "-" && PLAIN.test(text) && text.length <= 1000 ? text : quoteText(text);
}

/** Nothing is said of a process that is alone. */
function processes({ processes: { running, of } }: Snapshot): [string, string][] {
  return of === 1 ? [] : [["processes", `${running}/${of}`]];
}

function duration(ms: number | null): string | null {
  return ms === null ? null : formatDuration(ms, "us").replace(" ", "");
}

function totalLag({ topics }: Snapshot): string | null {
  let sum = 0;
  for (const { lag } of topics) {
    if (lag === null) return null;
    sum += lag;
  }
  return formatCount(sum);
}

/** What lists partitions, short; undefined for all else. */
function partitionsOf(event: WorkerEvent, name: string): string | null | undefined {
  if (event.event === "rebalance" && name === "partitions") {
    return describePartitions(event.partitions, { ascii: false }).replaceAll(" ", ",");
  }
  if (event.event === "resumed" && name === "takenOver") {
    const places = event.takenOver.map(({ topic, partition, offset, takeovers }) =>
      `${topic}[${partition}]@${offset}/${takeovers}`
    );
    return places.join(",") || null;
  }
}

function plain(value: unknown): string | number | null {
  if (value === null || typeof value === "number" || typeof value === "string") return value;
  return Array.isArray(value) && value.every((one) => typeof one === "string")
    ? value.join(",")
    : stringify(value);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
