/**
 * Finished offsets above a watermark as a short text, from the watermark upward as far as there is room.
 *
 * - `r`: lengths of runs in turn, unfinished and finished, beginning at the watermark. A length is written
 *   in base 32, lowest digit first; a digit from the upper half of the alphabet says that more follow.
 * - `b`: one bit an offset, from the one above the watermark on, six in a character, lowest bit first.
 *
 * Offsets that hold no message (control records, compaction) may count as either.
 */
import type { FinishedRun, OffsetRange } from "./offset_tracker.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGITS = new Map([...ALPHABET].map((letter, digit) => [letter, digit]));
const BITS = 6;
/** Of a length: five bits a digit, the sixth says that another digit follows. */
const MORE = 32;
/** Lengths stay exact below 2^53, which eleven digits of five bits reach. */
const MAX_DIGITS = 11;

export interface EncodedMap {
  text: string;
  /** Finished messages that are not in the text. */
  uncovered: number;
}

/** `runs` lie above `watermark`, in order; the text has at most `room` characters. */
export function encodeFinished(
  watermark: number,
  runs: Iterable<FinishedRun>,
  room: number,
): EncodedMap {
  const all = [...runs];
  const total = all.reduce((sum, { count }) => sum + count, 0);
  if (total === 0) return { text: "", uncovered: 0 };
  const asRuns = encodeRuns(watermark, all, room - 1);
  const asBits = encodeBits(watermark, all, room - 1);
  const better = asBits.covered > asRuns.covered ||
      (asBits.covered === asRuns.covered && asBits.text.length < asRuns.text.length)
    ? { ...asBits, kind: "b" }
    : { ...asRuns, kind: "r" };
  if (better.covered === 0) return { text: "", uncovered: total };
  return { text: better.kind + better.text, uncovered: total - better.covered };
}

/** The ranges that a text holds, or `null` when it is none of ours. */
export function decodeFinished(watermark: number, text: string): OffsetRange[] | null {
  if (text === "") return [];
  const body = text.slice(1);
  if (text[0] === "r") return decodeRuns(watermark, body);
  return text[0] === "b" ? decodeBits(watermark, body) : null;
}

interface Covered {
  text: string;
  covered: number;
}

function encodeRuns(watermark: number, runs: readonly FinishedRun[], room: number): Covered {
  let [text, covered, end] = ["", 0, watermark];
  for (const { from, to, count } of runs) {
    const pair = encodeLength(from - end) + encodeLength(to - from);
    if (text.length + pair.length > room) break;
    text += pair;
    covered += count;
    end = to;
  }
  return { text, covered };
}

function encodeLength(length: number): string {
  let text = "";
  let left = length;
  for (; left >= MORE; left = Math.floor(left / MORE)) text += ALPHABET[MORE + left % MORE];
  return text + ALPHABET[left];
}

function decodeRuns(watermark: number, text: string): OffsetRange[] | null {
  const ends: number[] = [];
  let [at, length, weight, digits] = [watermark, 0, 1, 0];
  for (const letter of text) {
    const digit = DIGITS.get(letter);
    if (digit === undefined || ++digits > MAX_DIGITS) return null;
    length += (digit % MORE) * weight;
    weight *= MORE;
    if (digit >= MORE) continue;
    ends.push(at += length);
    [length, weight, digits] = [0, 1, 0];
  }
  if (digits > 0 || ends.length % 2 !== 0 || !Number.isSafeInteger(at)) return null;
  const ranges: OffsetRange[] = [];
  for (let i = 0; i < ends.length; i += 2) {
    if (ends[i]! < ends[i + 1]!) ranges.push({ from: ends[i]!, to: ends[i + 1]! });
  }
  return ranges;
}

function encodeBits(watermark: number, runs: readonly FinishedRun[], room: number): Covered {
  const first = watermark + 1;
  const end = first + room * BITS;
  const digits: number[] = [];
  let covered = 0;
  for (const { from, to, count } of runs) {
    if (from >= end) break;
    // The watermark itself has no bit: restored ranges may begin there.
    const begin = Math.max(from, first);
    const last = Math.min(to, end);
    // A run that is cut may hold gaps, so this is the least that the rest can cover.
    covered += Math.max(0, count - (to - last) - (begin - from));
    for (let offset = begin; offset < last; offset++) {
      const bit = offset - first;
      const digit = Math.floor(bit / BITS);
      while (digits.length <= digit) digits.push(0);
      digits[digit]! |= 1 << (bit % BITS);
    }
  }
  return { text: digits.map((digit) => ALPHABET[digit]).join(""), covered };
}

function decodeBits(watermark: number, text: string): OffsetRange[] | null {
  const ranges: OffsetRange[] = [];
  let offset = watermark + 1;
  for (const letter of text) {
    const digit = DIGITS.get(letter);
    if (digit === undefined) return null;
    for (let bit = 0; bit < BITS; bit++, offset++) {
      if ((digit >> bit & 1) === 0) continue;
      const last = ranges.at(-1);
      if (last?.to === offset) last.to++;
      else ranges.push({ from: offset, to: offset + 1 });
    }
  }
  return Number.isSafeInteger(offset) ? ranges : null;
}
