/**
 * What a commit says beside its offset: which offsets above it are finished, and how its owner fared. It is
 * read by whoever owns the partition next. docs/wire.md describes the same text.
 *
 * ```
 * t1;incarnation;state;takeovers;suspect;extent;epoch;givenup;attempts;map;check
 * ```
 * - `incarnation`: the topic's id, so that a map of a deleted topic is not applied to its successor;
 * - `state`: `o` while the owner works, `c` once it has left in good order; `b` after it when a task of the
 *   topic has its breaker open;
 * - `takeovers`: how often the partition was taken over from an owner that had not left, before all was finished
 *   that the one before may have started;
 * - `suspect`: the offset that ran alone, relative to the commit's; `!` before it when nothing at all ran
 *   beside it; empty for none;
 * - `extent`: how far above the commit's offset messages may have been started;
 * - `epoch`: the newest leader epoch of a message that its owners have received, empty when unknown: a message of
 *   a later one was written after them, and so the map does not speak of it, though it may have the same offset
 *   (a log that was truncated, KIP-101);
 * - `givenup`: how many messages of the topic were given up on end, so that a breaker does not begin at none;
 * - `attempts`: offsets above the commit's and how many attempts of them have failed, `offset.failed`, with commas;
 * - `map`: finished offsets above the commit's, as `r` and run lengths or `b` and bits, whichever is shorter;
 * - `check`: over all before it and the offset, so that a cut or moved text is known as such.
 *
 * All of it is printable ASCII. Numbers are written in base 36.
 */
import { decodeFinished, encodeFinished, type FinishedAhead } from "./finished_map.ts";
import type { OffsetRange } from "./offset_tracker.ts";

/** The most that librdkafka and a broker at its default (`offset.metadata.max.bytes`) take together. */
export const MAX_METADATA = 4095;
/** Stands for the id of a topic that is not known. */
export const UNKNOWN_INCARNATION = "-";
const VERSION = "t1";
const FIELDS = 11;
/** The failed attempts take no more than this share of the room. */
const ATTEMPTS_SHARE = 0.25;

export interface CommitHeader {
  /** The topic's id as text without `;`. */
  incarnation: string;
  /** Its owner has left in good order. */
  closed: boolean;
  breakerOpen: boolean;
  takeovers: number;
  /** Offset of the message that runs alone in its partition, or `null`. */
  suspect: number | null;
  /** Nothing at all runs beside it. */
  exclusive: boolean;
  /** One past the last offset that may have been started; at least the commit's own. */
  extent: number;
  /** The newest leader epoch of a message received; -1 when unknown. */
  epoch: number;
  /** Messages given up on end. */
  givenUp: number;
  /** Failed attempts of unfinished messages, by offset. */
  attempts: ReadonlyMap<number, number>;
}

export interface CommitMetadata extends CommitHeader {
  finished: OffsetRange[];
}

export interface EncodedMetadata {
  text: string;
  /** Finished messages above the offset that the text has no room for. */
  uncovered: number;
}

/** The metadata of a commit of `offset`; `limit` is its greatest length, 0 leaves all of it out. */
export function encodeMetadata(
  offset: number,
  header: CommitHeader,
  { runs, total }: FinishedAhead,
  limit = MAX_METADATA,
): EncodedMetadata {
  const { incarnation, closed, breakerOpen, takeovers, suspect, exclusive, extent } = header;
  const { attempts, epoch, givenUp } = header;
  const state = `${closed ? "c" : "o"}${breakerOpen ? "b" : ""}`;
  const mark = exclusive ? "!" : "";
  const alone = suspect === null ? "" : mark + (suspect - offset).toString(36);
  const above = Math.max(0, extent - offset).toString(36);
  const fields = [
    ...[VERSION, incarnation, state, takeovers.toString(36), alone, above],
    ...[epoch < 0 ? "" : epoch.toString(36), givenUp.toString(36)],
    encodeAttempts(offset, attempts, limit * ATTEMPTS_SHARE),
  ];
  const head = `${fields.join(";")};`;
  const room = limit - head.length - CHECK_LENGTH - 1;
  const { text, uncovered } = encodeFinished(offset, { runs, total }, Math.max(0, room));
  const body = `${head}${text};`;
  if (room < 0) return { text: "", uncovered: total };
  return { text: body + check(offset, body), uncovered };
}

/**
 * Reads the metadata of a commit of `offset`. `null` when there is none; a problem, in words, for what this
 * version cannot use, whoever wrote it.
 */
export function decodeMetadata(
  offset: number,
  text: string,
): CommitMetadata | { problem: string } | null {
  if (text === "") return null;
  const fields = text.split(";");
  if (fields[0] !== VERSION) {
    const ours = /^t\d+$/.test(fields[0]!);
    return {
      problem: ours ? `it is of version "${fields[0]}"` : "it was written by another program",
    };
  }
  if (fields.length !== FIELDS) return { problem: "it is cut or damaged" };
  const [, incarnation, state, takeovers, alone, extent, epoch, givenUp, failed, map, sum] =
    fields as string[];
  const exclusive = alone!.startsWith("!");
  const suspect = exclusive ? alone!.slice(1) : alone!;
  if (sum !== check(offset, text.slice(0, -sum!.length))) {
    return { problem: "its check does not match: it is cut, damaged or of another offset" };
  }
  const finished = decodeFinished(offset, map!);
  const attempts = decodeAttempts(offset, failed!);
  const numbers = [takeovers!, suspect || "0", extent!, epoch || "0", givenUp!].map(readNumber);
  if (!finished || !attempts || numbers.includes(-1) || !/^[oc]b?$/.test(state!)) {
    return { problem: "it makes no sense" };
  }
  return {
    incarnation: incarnation!,
    closed: state!.startsWith("c"),
    breakerOpen: state!.endsWith("b"),
    takeovers: numbers[0]!,
    suspect: suspect === "" ? null : offset + numbers[1]!,
    exclusive: exclusive && suspect !== "",
    extent: offset + numbers[2]!,
    epoch: epoch === "" ? -1 : numbers[3]!,
    givenUp: numbers[4]!,
    attempts,
    finished,
  };
}

/** Those that fit into `room` characters. */
function encodeAttempts(
  offset: number,
  attempts: ReadonlyMap<number, number>,
  room: number,
): string {
  let text = "";
  for (const [at, failed] of attempts) {
    if (at < offset) continue;
    const entry = `${text === "" ? "" : ","}${(at - offset).toString(36)}.${failed.toString(36)}`;
    if (text.length + entry.length > room) break;
    text += entry;
  }
  return text;
}

function decodeAttempts(offset: number, text: string): Map<number, number> | null {
  const attempts = new Map<number, number>();
  if (text === "") return attempts;
  for (const entry of text.split(",")) {
    const numbers = entry.split(".").map(readNumber);
    if (numbers.length !== 2 || numbers.includes(-1)) return null;
    attempts.set(offset + numbers[0]!, numbers[1]!);
  }
  return attempts;
}

function readNumber(text: string): number {
  const number = /^[0-9a-z]{1,11}$/.test(text) ? parseInt(text, 36) : -1;
  return Number.isSafeInteger(number) ? number : -1;
}

const CHECK_LENGTH = 7;

/** FNV-1a of 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv), over the text and the offset. */
function check(offset: number, text: string): string {
  let hash = 0x811c9dc5;
  const whole = `${text}${offset}`;
  for (let at = 0; at < whole.length; at++) {
    hash = Math.imul(hash ^ whole.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(36).padStart(CHECK_LENGTH, "0");
}
