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

/** What is finished above a watermark: runs in order, read no further than there is room for them. */
export interface FinishedAhead {
  runs: Iterable<FinishedRun>;
  /** Messages in all runs together. */
  total: number;
}

/** The text has at most `room` characters. */
export function encodeFinished(
  watermark: number,
  { runs, total }: FinishedAhead,
  room: number,
): EncodedMap {
  const asRuns = new RunsEncoder(watermark, room - 1);
  const asBits = new BitsEncoder(watermark, room - 1);
  for (const run of runs) {
    const [runs, bits] = [asRuns.add(run), asBits.add(run)];
    if (!runs && !bits) break;
  }
  const better = asBits.covered > asRuns.covered ||
      (asBits.covered === asRuns.covered && asBits.length < asRuns.length)
    ? { encoder: asBits, kind: "b" }
    : { encoder: asRuns, kind: "r" };
  const { covered } = better.encoder;
  if (covered === 0) return { text: "", uncovered: total };
  return { text: better.kind + better.encoder.text, uncovered: total - covered };
}

/** The ranges that a text holds, or `null` when it is none of ours. */
export function decodeFinished(watermark: number, text: string): OffsetRange[] | null {
  if (text === "") return [];
  const body = text.slice(1);
  if (text[0] === "r") return decodeRuns(watermark, body);
  return text[0] === "b" ? decodeBits(watermark, body) : null;
}

class RunsEncoder {
  text = "";
  /** Messages in the text. */
  covered = 0;
  #end: number;
  #full = false;
  readonly #room: number;

  constructor(watermark: number, room: number) {
    this.#end = watermark;
    this.#room = room;
  }

  get length(): number {
    return this.text.length;
  }

  /** False when there is no room for it, and so for none after it. */
  add({ from, to, count }: FinishedRun): boolean {
    const pair = encodeLength(from - this.#end) + encodeLength(to - from);
    this.#full ||= this.text.length + pair.length > this.#room;
    if (this.#full) return false;
    this.text += pair;
    this.covered += count;
    this.#end = to;
    return true;
  }
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

class BitsEncoder {
  /** Messages in the text. */
  covered = 0;
  readonly #digits: number[] = [];
  /** The watermark itself has no bit, though restored ranges may begin there. */
  readonly #first: number;
  readonly #end: number;

  constructor(watermark: number, room: number) {
    this.#first = watermark + 1;
    this.#end = this.#first + Math.max(0, room) * BITS;
  }

  get length(): number {
    return this.#digits.length;
  }

  get text(): string {
    return this.#digits.map((digit) => ALPHABET[digit]).join("");
  }

  /** False when there is no room for it, and so for none after it. */
  add({ from, to, count }: FinishedRun): boolean {
    if (from >= this.#end) return false;
    const begin = Math.max(from, this.#first);
    const last = Math.min(to, this.#end);
    // A run that is cut may hold gaps, so this is the least that the rest can cover.
    this.covered += Math.max(0, count - (to - last) - (begin - from));
    for (let offset = begin; offset < last; offset++) {
      const bit = offset - this.#first;
      const digit = Math.floor(bit / BITS);
      while (this.#digits.length <= digit) this.#digits.push(0);
      this.#digits[digit]! |= 1 << (bit % BITS);
    }
    return true;
  }
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
