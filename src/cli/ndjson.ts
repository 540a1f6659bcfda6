/** Lines of a byte stream, with their numbers. */
import { UsageError } from "../errors.ts";

/** A line longer than this is no message that a broker would take. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 10;

/** `undefined`: a blank one; `null`: one that is no UTF-8. */
export type Line = string | null | undefined;

/** Lines that follow each other. */
export interface Block {
  /** Of the first line, from 1. */
  number: number;
  /** Without their breaks (LF or CRLF). */
  lines: Line[];
}

/**
 * The lines of a stream, as many at once as it gives; the last one also without a break. Whole blocks are
 * decoded at once, since that takes less than half the time.
 */
export async function* readBlocks(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Block> {
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let number = 1;
  for await (const chunk of stream) {
    const end = chunk.lastIndexOf(NEWLINE);
    if (end >= 0) {
      const lines = toLines(join(rest, chunk.subarray(0, end)));
      rest = [];
      restBytes = 0;
      yield { number, lines };
      number += lines.length;
    }
    if (end + 1 === chunk.length) continue;
    rest.push(chunk.slice(end + 1));
    restBytes += chunk.length - end - 1;
    if (restBytes > MAX_LINE_BYTES) {
      throw new UsageError(`Line ${number} is longer than ${MAX_LINE_BYTES} bytes`, {
        hint: "Give one JSON value a line (NDJSON)",
      });
    }
  }
  if (restBytes > 0) yield { number, lines: [tidy(decode(join(rest, new Uint8Array(0))))] };
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

// Byte order marks are taken away from each line, as from a text of its own.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function toLines(bytes: Uint8Array): Line[] {
  const text = decode(bytes);
  if (text !== null) return text.split("\n").map(withoutReturn);
  const lines: Line[] = [];
  let from = 0;
  while (from <= bytes.length) {
    const at = bytes.indexOf(NEWLINE, from);
    const end = at < 0 ? bytes.length : at;
    lines.push(withoutReturn(decode(bytes.subarray(from, end))));
    from = end + 1;
  }
  return lines;
}

function decode(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

const BLANK = /^[ \t\r]*$/;
const BYTE_ORDER_MARK = "\ufeff";

function withoutReturn(line: string | null): Line {
  return tidy(line?.endsWith("\r") ? line.slice(0, -1) : line);
}

function tidy(line: string | null): Line {
  if (line === null) return null;
  // Most lines begin with something else.
  if (!(line.charCodeAt(0) > 32) && BLANK.test(line)) return undefined;
  return line.startsWith(BYTE_ORDER_MARK) ? line.slice(1) : line;
}
