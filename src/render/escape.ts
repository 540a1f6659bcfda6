/**
 * Text from messages and users, made harmless: what could move the cursor, change colours, start a new
 * log line or turn the reading direction is shown as an escape instead.
 */

/**
 * Controls (C0, DEL, C1), format characters (bidi overrides and isolates, soft hyphens, tags, …), line
 * and paragraph separators, lone surrogates and what Unicode has not assigned. The two joiners stay:
 * emoji and several scripts need them.
 */
const HARMFUL = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Zl}\p{Zp}]/gu;
const NOT_ASCII = /\P{ASCII}/gu;
/** More marks on one character than any script has paint over the lines around it. */
const PILED_MARKS = /(\p{M}{6})\p{M}+/gu;

const HALF_PAIR = /[\ud800-\udbff]$/;
/** A backslash that is not the second of a pair, and what it may have begun. */
const HALF_ESCAPE = /(?<!\\)((?:\\\\)*)\\(?:x.?|u[^\\]{0,3}|u\{[^}]*)?$/;

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

export interface EscapeOptions {
  /** Longest result in characters (UTF-16 units); the cut is marked by an ellipsis. @default 1000 */
  max?: number;
  /** Escape everything outside ASCII too, for terminals that would take its bytes for something else. */
  ascii?: boolean;
}

/** The text on one line, without anything that a terminal or a log reader would act on. */
export function escapeText(text: string, options: EscapeOptions = {}): string {
  return escapeStart(text, options, (start) => start);
}

/** As `escapeText`, between double quotes, with quotes and backslashes escaped. */
export function quoteText(text: string, options: EscapeOptions = {}): string {
  return `"${escapeStart(text, options, (start) => start.replace(/["\\]/g, "\\$&"))}"`;
}

function escapeStart(
  text: string,
  { max = 1000, ascii = false }: EscapeOptions,
  mask: (start: string) => string,
): string {
  // One character becomes ten at most, so a huge payload is cut before the work, not only after it.
  const isCut = text.length > max + 1;
  const start = isCut ? text.slice(0, max + 1).replace(HALF_PAIR, "") : text;
  const escaped = mask(start).replace(HARMFUL, escapeCharacter).replace(PILED_MARKS, "$1");
  const shown = ascii ? escaped.replace(NOT_ASCII, escapeCharacter) : escaped;
  return isCut || shown.length > max ? cutCharacters(shown, max, ascii) : shown;
}

function escapeCharacter(character: string): string {
  const short = SHORT[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!;
  if (code <= 0xff) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code <= 0xffff) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

function cutCharacters(text: string, max: number, ascii: boolean): string {
  const ellipsis = ascii ? "..." : "…";
  if (max <= ellipsis.length) return ellipsis.slice(0, max);
  const kept = text.slice(0, max - ellipsis.length);
  // Half a surrogate pair, or half of one of our own escapes, would say something else.
  return kept.replace(HALF_PAIR, "").replace(HALF_ESCAPE, "$1") + ellipsis;
}
