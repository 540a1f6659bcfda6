/** Lines of a byte stream, with their numbers. */
import { UsageError } from "../errors.ts";

/** A line longer than this is no message that a broker would take. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;
const CARRIAGE_RETURN = 13;

export interface Line {
  /** From 1. */
  number: number;
  bytes: Uint8Array;
}

/**
 * The lines of a stream, without their breaks (LF or CRLF), the last one also without one; blank ones are
 * left out.
 */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let number = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      number++;
      const bytes = trimReturn(join(rest, chunk.subarray(from, at)));
      rest = [];
      restBytes = 0;
      from = at + 1;
      if (!isBlank(bytes)) yield { number, bytes };
    }
    if (from === chunk.length) continue;
    rest.push(chunk.slice(from));
    restBytes += chunk.length - from;
    if (restBytes > MAX_LINE_BYTES) {
      throw new UsageError(`Line ${number + 1} is longer than ${MAX_LINE_BYTES} bytes`, {
        hint: "Give one JSON value a line (NDJSON)",
      });
    }
  }
  const bytes = join(rest, new Uint8Array(0));
  if (!isBlank(bytes)) yield { number: number + 1, bytes };
}

function join(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last;
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, last.length));
  let at = 0;
  for (const part of [...parts, last]) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

function trimReturn(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === CARRIAGE_RETURN ? bytes.subarray(0, -1) : bytes;
}

function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 32 || byte === CARRIAGE_RETURN || byte === 9);
}
