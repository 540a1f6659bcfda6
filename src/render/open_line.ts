/**
 * Follows what users write above the panel, to know where an unfinished line ends.
 *
 * State: the columns of the last line so far as if it never wrapped (0 after a newline), and the colours
 * that are switched on. A prompt or a progress text without a newline can so be continued after the
 * panel has been drawn below it.
 */
import { measure } from "./width.ts";

// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[([\d;:]*)m/g;
// deno-lint-ignore no-control-regex
const UNFINISHED = /\x1b(?:\[[\d;:?]*|\][^\x07\x1b]{0,2000})?$/;
const LONGEST_STYLE = 200;
const TAB = 8;

export class OpenLine {
  #width = 0;
  #style = "";

  /** Columns of the unfinished line; 0 when there is none. */
  get width(): number {
    return this.#width;
  }

  /** The escapes that bring the user's colours back. */
  get style(): string {
    return this.#style;
  }

  /** Takes the next text as written, on a terminal of so many columns. */
  feed(text: string, columns: number): void {
    for (const [sequence, parameters] of text.matchAll(COLOURS)) {
      if (/^0*(;|$)/.test(parameters!)) this.#style = "";
      if (!/^0*$/.test(parameters!)) this.#style = (this.#style + sequence).slice(-LONGEST_STYLE);
    }
    const newline = text.lastIndexOf("\n");
    if (newline >= 0) this.#width = 0;
    for (const piece of text.slice(newline + 1).split(/([\r\t\b])/)) {
      if (piece === "\r") this.#width = rowStart(this.#width, columns);
      else if (piece === "\t") this.#width += TAB - this.#width % TAB;
      else if (piece === "\b") this.#width = Math.max(0, this.#width - 1);
      else this.#width += measure(piece);
    }
  }
}

/** Splits off an escape sequence that is not complete yet, so that nothing is drawn in its middle. */
export function splitUnfinished(text: string): { ready: string; rest: string } {
  const start = text.search(UNFINISHED);
  return start < 0
    ? { ready: text, rest: "" }
    : { ready: text.slice(0, start), rest: text.slice(start) };
}

function rowStart(width: number, columns: number): number {
  return width === 0 ? 0 : width - ((width - 1) % columns + 1);
}
