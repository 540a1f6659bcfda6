/**
 * The layout of a batch, as src/native/columns.h describes it, written here for batches that no native
 * poll has made: those of tests and of in-memory consumers.
 */
import { Buffer } from "node:buffer";
import type { Columns } from "./addon.ts";

/** Columns of eight bytes, and of four, that each entry has. */
export const NUMBERS = 3;
export const INTEGERS = 7;
/** The length of what is null. */
export const NULL = -1;

/** A message for `Batch.of`. */
export interface BatchMessage {
  /** The partition queue it came from; 0 unless given. */
  queue?: number;
  offset: number;
  /** In milliseconds; -1, the default, for none. */
  timestamp?: number;
  leaderEpoch?: number;
  key?: Uint8Array | string | null;
  value?: Uint8Array | string | null;
  headers?: readonly (readonly [name: Uint8Array | string, value: Uint8Array | string | null])[];
}

/** An error for `Batch.of`. */
export interface BatchError {
  /** -1, the main queue, unless given. */
  queue?: number;
  /** librdkafka's code, never 0. */
  error: number;
  text: string;
  topic?: string;
  partition?: number;
  offset?: number;
  cause?: number;
}

/** Lays entries out as the native poll does. */
export function toColumns(entries: readonly (BatchMessage | BatchError)[], more: boolean): Columns {
  const count = entries.length;
  const chunks: Uint8Array[] = [];
  let position = 0;
  const put = (data: Uint8Array | string | null | undefined): number => {
    if (data === null || data === undefined) return NULL;
    const chunk = typeof data === "string" ? Buffer.from(data) : data;
    chunks.push(chunk);
    position += chunk.length;
    return chunk.length;
  };
  const numbers: number[][] = Array.from({ length: NUMBERS }, () => []);
  const integers: number[][] = Array.from({ length: INTEGERS }, () => []);
  const pairs: number[] = [];
  const add = (values: number[], whole: number[]): void => {
    values.forEach((value, column) => numbers[column]!.push(value));
    whole.forEach((value, column) => integers[column]!.push(value));
  };
  for (const entry of entries) {
    const start = position;
    const first = pairs.length / 2;
    if ("error" in entry) {
      const lengths = [put(entry.topic ?? ""), put(entry.text)];
      add(
        [entry.offset ?? -1001, entry.cause ?? 0, start],
        [entry.queue ?? -1, entry.error, ...lengths, 0, entry.partition ?? -1, first],
      );
      continue;
    }
    const lengths = [put(entry.key), put(entry.value)];
    const headers = entry.headers ?? [];
    for (const [name, value] of headers) pairs.push(put(name), put(value));
    add(
      [entry.offset, entry.timestamp ?? -1, start],
      [entry.queue ?? 0, 0, ...lengths, headers.length, entry.leaderEpoch ?? -1, first],
    );
  }
  const columns = new ArrayBuffer(count * (NUMBERS * 8 + INTEGERS * 4) + pairs.length * 4);
  new Float64Array(columns, 0, NUMBERS * count).set(numbers.flat());
  new Int32Array(columns, NUMBERS * 8 * count).set([...integers.flat(), ...pairs]);
  const bytes = new Uint8Array(position);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return [count, more, bytes.buffer, columns, bytes.every((byte) => byte < 128)];
}
