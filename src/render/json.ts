/**
 * For machines: one JSON object a line (NDJSON). docs/stats.md describes every field, and a test
 * compares. Text is whole here, not cut; JSON escapes control characters, and what JSON would leave
 * alone but a terminal acts upon (C1 controls, bidi overrides) is escaped as well.
 */
import type { NumberedEvent } from "../stats/events.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import { replaceUnserializable } from "./event_text.ts";

/** As in escape.ts, without the joiners: in JSON an escape reads back as the character itself. */
const HARMFUL = /[\x7f-\x9f]|[\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;

/** `{"type":"stats",…}` without a newline: the snapshot, less the tasks' histories. */
export function formatStatsJson(snapshot: Snapshot): string {
  return write(statsRecord("stats", snapshot));
}

/** `{"type":"summary",…}`: the last figures, written once at the end. */
export function formatSummaryJson(snapshot: Snapshot): string {
  return write(statsRecord("summary", snapshot));
}

/** `{"type":"event","at":"…","event":"dead",…}` without a newline. */
export function formatEventJson(event: NumberedEvent, at: number): string {
  return write({ type: "event", at: new Date(at).toISOString(), ...event });
}

function statsRecord(type: "stats" | "summary", snapshot: Snapshot): Record<string, unknown> {
  return {
    type,
    ...snapshot,
    at: new Date(snapshot.at).toISOString(),
    // Sixty figures for each of many tasks would be most of the line; each has its rate.
    tasks: snapshot.tasks.map(({ rateHistory: _, ...task }) => task),
  };
}

function write(record: Record<string, unknown>): string {
  try {
    return escapeUnits(JSON.stringify(record, replaceUnserializable));
  } catch {
    // A user's log fields can refer to themselves or throw when read: the event is told without them.
    const { fields: _, ...rest } = record;
    return escapeUnits(JSON.stringify({ ...rest, fields: null }, replaceUnserializable));
  }
}

function escapeUnits(json: string): string {
  return json.replace(HARMFUL, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`,
    ).join(""));
}
