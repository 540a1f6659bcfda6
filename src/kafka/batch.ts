/**
 * What one poll took: messages and errors in columns, read where they lie.
 *
 * Nothing is decoded or copied until it is asked for. A key, value or header that is handed out as a
 * `Uint8Array` is a view and keeps the bytes of the whole batch in memory: copy (`slice()`) what is to
 * stay for long.
 *
 * `error(i) !== 0` tells an error from a message; each kind has accessors of its own.
 */
import { Buffer } from "node:buffer";
import type { Columns } from "./addon.ts";
import {
  type BatchError,
  type BatchMessage,
  INTEGERS,
  NULL,
  NUMBERS,
  toColumns,
} from "./columns.ts";

export type { BatchError, BatchMessage } from "./columns.ts";

/** What a message of its own takes beside its bytes, roughly. */
const COPY_BYTES = 1000;
/** Of messages smaller than that: 16 copies take less than a batch of 256 messages of 100 bytes. */
const FEW_SMALL = 16;

/** UTF-8 of a header's name or value, made once: they are asked for with each message. */
export type Encoded = Uint8Array;

export class Batch {
  /** Messages and errors together. */
  readonly count: number;
  /** The same poll again would take something, and no wake-up will tell. */
  readonly more: boolean;
  /** No byte of it is above 127, so that its texts are what was sent. */
  readonly ascii: boolean;
  /** When it was polled, on the clock of who has polled it. */
  receivedAt = 0;
  /** How many still need one of its messages; kept by who holds them. */
  holders = 0;
  /** When no more than so many need it, they had better have bytes of their own. */
  readonly few: number;
  readonly #bytes: Buffer;
  readonly #numbers: Float64Array;
  readonly #integers: Int32Array;
  readonly #pairs: number;
  #foundStart = 0;
  #foundLength = NULL;

  constructor([count, more, bytes, columns, ascii]: Columns) {
    this.count = count;
    this.more = more;
    this.ascii = ascii;
    this.#bytes = Buffer.from(bytes);
    this.#numbers = new Float64Array(columns, 0, NUMBERS * count);
    this.#integers = new Int32Array(columns, NUMBERS * 8 * count);
    this.#pairs = INTEGERS * count;
    const half = (count - 1) >> 1;
    this.few = bytes.byteLength >= count * COPY_BYTES ? half : Math.min(half, FEW_SMALL);
  }

  /** Bytes of all keys, values and headers. */
  get byteLength(): number {
    return this.#bytes.length;
  }

  /** Bytes of its key, value and headers. */
  size(index: number): number {
    const end = index + 1 < this.count ? this.#start(index + 1) : this.#bytes.length;
    return end - this.#start(index);
  }

  /** The partition queue it came from, or -1 for the main queue. */
  queue(index: number): number {
    return this.#integer(0, index);
  }

  /** 0 for a message, else librdkafka's code. */
  error(index: number): number {
    return this.#integer(1, index);
  }

  /** Of an error too, where librdkafka knows one: the end of the partition for -191. */
  offset(index: number): number {
    return this.#numbers[index]!;
  }

  // --- of a message

  /** In milliseconds, -1 for none. */
  timestamp(index: number): number {
    return this.#numbers[this.count + index]!;
  }

  /** -1 when the broker did not tell. */
  leaderEpoch(index: number): number {
    return this.#integer(5, index);
  }

  key(index: number): Uint8Array | null {
    const start = this.#start(index);
    return this.#view(start, this.#integer(2, index));
  }

  keyText(index: number): string | null {
    const length = this.#integer(2, index);
    return length === NULL ? null : this.#text(this.#start(index), length);
  }

  /** One character for each byte, so that keys are the same text only when all their bytes are. */
  keyBytesText(index: number): string | null {
    const length = this.#integer(2, index);
    const start = this.#start(index);
    return length === NULL ? null : this.#bytes.toString("latin1", start, start + length);
  }

  value(index: number): Uint8Array | null {
    return this.#view(this.#valueStart(index), this.#integer(3, index));
  }

  /** A null value, which is not the same as an empty one. */
  isTombstone(index: number): boolean {
    return this.#integer(3, index) === NULL;
  }

  /** Decoded from UTF-8, with U+FFFD for what is none; empty for a null value. */
  valueText(index: number): string {
    return this.#text(this.#valueStart(index), Math.max(0, this.#integer(3, index)));
  }

  headerCount(index: number): number {
    return this.#integer(4, index);
  }

  /** The value of the last header of that name; undefined when there is none. */
  header(index: number, name: Encoded): Uint8Array | null | undefined {
    if (!this.#findHeader(index, name)) return undefined;
    return this.#view(this.#foundStart, this.#foundLength);
  }

  /** The same as text, with U+FFFD for what is no UTF-8. */
  headerText(index: number, name: Encoded): string | null | undefined {
    if (!this.#findHeader(index, name)) return undefined;
    return this.#foundLength === NULL ? null : this.#text(this.#foundStart, this.#foundLength);
  }

  /** Whether the last header of that name is this; decodes nothing. */
  headerEquals(index: number, name: Encoded, value: Encoded): boolean {
    return this.#findHeader(index, name) && this.#foundLength === value.length &&
      this.#equals(this.#foundStart, value);
  }

  /** Whether the last header of that name begins with this; decodes nothing. */
  headerStartsWith(index: number, name: Encoded, start: Encoded): boolean {
    return this.#findHeader(index, name) && this.#foundLength >= start.length &&
      this.#equals(this.#foundStart, start);
  }

  /** All of them in order, duplicates and null values included. */
  headers(index: number): [name: string, value: Uint8Array | null][] {
    return this.#headers(index, (start, length) => this.#text(start, length));
  }

  /** The same with the bytes of the names: text would lose what is no UTF-8. */
  rawHeaders(index: number): [name: Uint8Array, value: Uint8Array | null][] {
    return this.#headers(index, (start, length) => this.#view(start, length)!);
  }

  #headers<Name>(
    index: number,
    name: (start: number, length: number) => Name,
  ): [Name, Uint8Array | null][] {
    const headers: [Name, Uint8Array | null][] = [];
    const first = this.#pairs + 2 * this.#integer(6, index);
    const end = first + 2 * this.#integer(4, index);
    let at = this.#headersStart(index);
    for (let pair = first; pair < end; pair += 2) {
      const nameLength = this.#integers[pair]!;
      const valueLength = this.#integers[pair + 1]!;
      headers.push([name(at, nameLength), this.#view(at + nameLength, valueLength)]);
      at += nameLength + Math.max(0, valueLength);
    }
    return headers;
  }

  // --- of an error

  errorText(index: number): string {
    return this.valueText(index);
  }

  /** Empty when the error is of the group or the client. */
  errorTopic(index: number): string {
    return this.keyText(index) ?? "";
  }

  /** -1 when the error is not of a partition. */
  errorPartition(index: number): number {
    return this.#integer(5, index);
  }

  /** What caused a fatal error (-150), as librdkafka's code; else 0. */
  errorCause(index: number): number {
    return this.#numbers[this.count + index]!;
  }

  // --- where things are (columns.h)

  /** Leaves where the value is in `#foundStart` and `#foundLength`, to make no object for it. */
  #findHeader(index: number, wanted: Encoded): boolean {
    const count = this.#integer(4, index);
    if (count === 0) return false;
    let pair = this.#pairs + 2 * this.#integer(6, index);
    const end = pair + 2 * count;
    let at = this.#headersStart(index);
    let found = false;
    for (; pair < end; pair += 2) {
      const nameLength = this.#integers[pair]!;
      const valueLength = this.#integers[pair + 1]!;
      if (nameLength === wanted.length && this.#equals(at, wanted)) {
        found = true;
        this.#foundStart = at + nameLength;
        this.#foundLength = valueLength;
      }
      at += nameLength + Math.max(0, valueLength);
    }
    return found;
  }

  #integer(column: number, index: number): number {
    return this.#integers[column * this.count + index]!;
  }

  #start(index: number): number {
    return this.#numbers[2 * this.count + index]!;
  }

  #valueStart(index: number): number {
    return this.#start(index) + Math.max(0, this.#integer(2, index));
  }

  #headersStart(index: number): number {
    return this.#valueStart(index) + Math.max(0, this.#integer(3, index));
  }

  #view(start: number, length: number): Uint8Array | null {
    if (length === NULL) return null;
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length);
  }

  #text(start: number, length: number): string {
    // Faster than a TextDecoder in Bun and in Deno, for it needs no view; Latin-1 takes half of UTF-8's time.
    const encoding = this.ascii ? "latin1" : "utf8";
    return length === 0 ? "" : this.#bytes.toString(encoding, start, start + length);
  }

  #equals(start: number, wanted: Uint8Array): boolean {
    for (let i = 0; i < wanted.length; i++) {
      if (this.#bytes[start + i] !== wanted[i]) return false;
    }
    return true;
  }

  /** A batch of one message alone, with bytes of its own. */
  copyOut(index: number): Batch {
    const copy = Batch.of([{
      queue: this.queue(index),
      offset: this.offset(index),
      timestamp: this.timestamp(index),
      leaderEpoch: this.leaderEpoch(index),
      key: this.key(index),
      value: this.value(index),
      headers: this.rawHeaders(index),
    }]);
    copy.receivedAt = this.receivedAt;
    return copy;
  }

  /** A batch of these entries, laid out as the native poll does it: for tests and in-memory consumers. */
  static of(entries: readonly (BatchMessage | BatchError)[], more = false): Batch {
    return new Batch(toColumns(entries, more));
  }
}
