/**
 * Follows what users write above the panel, to know where an unfinished line ends.
 *
 * State: the columns of the last line so far as if it never wrapped (0 after a newline), and the colours
 * that are switched on, by what they change (ECMA-48, SGR). A prompt or a progress text without a newline
 * can so be continued after the panel has been drawn below it.
 */
import { measure } from "./width.ts";

// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[([\d;:]*)m/g;
// deno-lint-ignore no-control-regex
const UNFINISHED = /\x1b(?:\[[\d;:?]*|\][^\x07\x1b]{0,2000})?$/;
/** What a parameter of SGR changes; each of `ends` switches it off. */
const CHANGES: readonly { of: RegExp; ends: string }[] = [
  { of: /^[12]$/, ends: "22" },
  { of: /^3$/, ends: "23" },
  { of: /^(4|4:\d|21)$/, ends: "24" },
  { of: /^[56]$/, ends: "25" },
  { of: /^7$/, ends: "27" },
  { of: /^8$/, ends: "28" },
  { of: /^9$/, ends: "29" },
  { of: /^(3[0-7]|9[0-7]|38[;:].*)$/, ends: "39" },
  { of: /^(4[0-7]|10[0-7]|48[;:].*)$/, ends: "49" },
  { of: /^53$/, ends: "55" },
  { of: /^58[;:].*$/, ends: "59" },
];
/** Colours of 256 and of 24 bits are one parameter, though they have `;` in them. */
const PARAMETER = /[345]8;(?:5;\d+|2;\d+;\d+;\d+)|[\d:]+/g;
const TAB = 8;

export class OpenLine {
  #width = 0;
  /** What is switched on, by the parameter that switches it off. */
  readonly #on = new Map<string, string>();

  /** Columns of the unfinished line; 0 when there is none. */
  get width(): number {
    return this.#width;
  }

  /** The escapes that bring the user's colours back. */
  get style(): string {
    return this.#on.size === 0 ? "" : `\x1b[${[...this.#on.values()].join(";")}m`;
  }

  /** Takes the next text as written, on a terminal of so many columns. */
  feed(text: string, columns: number): void {
    for (const [, parameters] of text.matchAll(COLOURS)) {
      if (parameters === "" || parameters!.startsWith(";")) this.#on.clear();
      for (const [parameter] of parameters!.matchAll(PARAMETER)) this.#switch(parameter);
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

  #switch(parameter: string): void {
    if (/^0+$/.test(parameter)) this.#on.clear();
    this.#on.delete(parameter);
    const change = CHANGES.find(({ of }) => of.test(parameter));
    if (!change) return;
    // Bold and faint can be on together; anything else takes the place of what was.
    const isBoth = change.ends === "22" && this.#on.has("22") && this.#on.get("22") !== parameter;
    this.#on.set(change.ends, isBoth ? "1;2" : parameter);
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
