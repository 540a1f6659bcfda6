import { BadValue } from "./bad_value.ts";
import { parseDuration } from "./duration.ts";

/** Where a group without commits begins. */
export type StartPosition =
  | { kind: "earliest" }
  | { kind: "latest" }
  /** The first message at or after this time, milliseconds since the epoch. */
  | { kind: "time"; epochMs: number };

export const START_EXAMPLES =
  '"earliest", "latest", a time such as "2026-05-01T08:00:00Z" or "2h ago", or epoch milliseconds';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?)\s?(Z|[+-]\d{2}:\d{2})?)?$/i;

/** 2001-09-09 in milliseconds; a smaller number was meant as seconds. */
const SMALLEST_EPOCH_MS = 1_000_000_000_000;

/**
 * Reads `--from`: `earliest`, `latest`, an ISO time with its zone, a date (midnight UTC), epoch
 * milliseconds, or a time before now (`2h ago`, `2h`). A time after `now` is refused. Throws `BadValue`.
 */
export function parseStartPosition(text: string, now: number): StartPosition {
  const trimmed = text.trim();
  const word = trimmed.toLowerCase();
  if (word === "earliest" || word === "latest") return { kind: word };
  const epochMs = parseTime(trimmed, now);
  if (epochMs > now) {
    throw new BadValue(`it is in the future (now is ${new Date(now).toISOString()})`);
  }
  return { kind: "time", epochMs };
}

export function formatStartPosition(position: StartPosition): string {
  return position.kind === "time" ? new Date(position.epochMs).toISOString() : position.kind;
}

function parseTime(text: string, now: number): number {
  if (/^\d{5,}$/.test(text)) return parseEpoch(text);
  const ago = /^(\d+(?:\.\d+)?\s?(?:ms|s|m|h|d))(?:\s+ago)?$/.exec(text);
  if (ago !== null) {
    const epochMs = now - parseDuration(ago[1]!);
    if (epochMs < 0) throw new BadValue("it is before 1970");
    return epochMs;
  }
  return parseIsoTime(text);
}

function parseEpoch(text: string): number {
  const value = Number(text);
  if (value < SMALLEST_EPOCH_MS) {
    throw new BadValue(`it looks like seconds; in milliseconds it is "${text}000"`);
  }
  if (value > 8.64e15) throw new BadValue("it is past the last date that can be written");
  return value;
}

function parseIsoTime(text: string): number {
  const match = ISO.exec(text);
  if (match === null) throw new BadValue(`it must be ${START_EXAMPLES}`);
  const [, year, month, day, clock, zone] = match;
  if (clock !== undefined && zone === undefined) {
    throw new BadValue('its time zone is missing; add "Z" for UTC or an offset such as "+02:00"');
  }
  const epochMs = Date.parse(
    `${year}-${month}-${day}T${clock ?? "00:00"}${zone?.toUpperCase() ?? "Z"}`,
  );
  // Date.parse rolls February 30 over to March; reading the date back shows it.
  const midnight = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (Number.isNaN(epochMs) || midnight.getUTCDate() !== Number(day)) {
    throw new BadValue("there is no such date or time");
  }
  return epochMs;
}
