/**
 * The escape sequences that draw the panel below the user's lines. Pure: state in, text out.
 *
 * Invariant between two writes: the cursor stands in the first column of the panel's last line, or,
 * without a panel, behind the user's last character. Positions are relative all the time, so it does not
 * matter where on the screen that is; lines are never wrapped by the terminal while the panel is drawn.
 */
import { measure } from "./width.ts";

const SYNC_START = "\x1b[?2026h";
const SYNC_END = "\x1b[?2026l";
const WRAP_OFF = "\x1b[?7l";
const WRAP_ON = "\x1b[?7h";
const COLOURS_OFF = "\x1b[0m";
const ERASE_LINE_END = "\x1b[K";
const ERASE_BELOW = "\x1b[J";
export const HIDE_CURSOR = "\x1b[?25l";
export const SHOW_CURSOR = "\x1b[?25h";

// deno-lint-ignore no-control-regex
const COLOURS = /\x1b\[[\d;:]*m/g;
// deno-lint-ignore no-control-regex
const FIRST_NEWLINE = /^((?:\x1b\[[\d;:]*m)*)\r?\n/;

/** The panel as it was drawn. */
export interface DrawnPanel {
  lines: readonly string[];
  columns: number;
}

/** The user's unfinished line above the panel. */
export interface OpenLineState {
  width: number;
  style: string;
}

export interface Screen {
  columns: number;
  /** Whether the terminal wraps lines anew when it gets narrower. */
  reflows: boolean;
}

/**
 * Draws the panel over the one before: the lines that have changed, or all of them (`whole`), since what
 * is typed at the keyboard is echoed into the panel. Empty when there is nothing to write. Without a panel
 * before, the cursor has to be at the start of a line.
 */
export function redraw(
  drawn: DrawnPanel,
  { lines, screen, whole }: { lines: readonly string[]; screen: Screen; whole: boolean },
): string {
  if (drawn.columns !== screen.columns || drawn.lines.length === 0) {
    return synchronised(toPanelTop(drawn, screen) + ERASE_BELOW + drawLines(lines));
  }
  if (!whole && same(drawn.lines, lines)) return "";
  const rows = lines.map((line, index) => {
    if (!whole && line === drawn.lines[index]) return "";
    // After a line as wide as the screen the cursor is on its last character.
    return widthOf(line) < screen.columns ? line + ERASE_LINE_END : line;
  });
  const shrunk = lines.length < drawn.lines.length ? `\r\n${ERASE_BELOW}${up(1)}` : "";
  return synchronised(
    toPanelTop(drawn, screen) + WRAP_OFF + rows.join("\r\n") + shrunk + "\r" + WRAP_ON,
  );
}

/** Writes text above the panel: takes the panel away, goes on where the text ended, draws the panel. */
export function writeAbove(
  drawn: DrawnPanel,
  { text, lines, before, after, screen }: {
    text: string;
    lines: readonly string[];
    before: OpenLineState;
    after: OpenLineState;
    screen: Screen;
  },
): string {
  const below = endsAtEdge(before, screen) && text.replace(COLOURS, "") === "";
  const newLine = after.width > 0 && lines.length > 0 && !below ? "\r\n" : "";
  const reset = after.style === "" ? "" : COLOURS_OFF;
  const own = endsAtEdge(before, screen) ? text.replace(FIRST_NEWLINE, "$1") : text;
  return synchronised(
    erase(drawn, before, screen) + before.style + own + reset + newLine + drawLines(lines),
  );
}

/** Takes the panel away; the cursor stands behind the user's last character. */
export function erase(drawn: DrawnPanel, open: OpenLineState, screen: Screen): string {
  if (drawn.lines.length === 0) return "";
  const column = open.width % screen.columns;
  const back = column === 0 ? "" : `${up(1)}\x1b[${column}C`;
  return toPanelTop(drawn, screen) + back + ERASE_BELOW;
}

/**
 * An unfinished line that ends at the right edge goes on in the row below, where the panel begins: its
 * newline has been made already.
 */
function endsAtEdge(open: OpenLineState, screen: Screen): boolean {
  return open.width > 0 && open.width % screen.columns === 0;
}

/** From the panel's last line to its first. */
function toPanelTop({ lines, columns }: DrawnPanel, screen: Screen): string {
  const wrapped = screen.reflows && screen.columns < columns;
  let rows = 0;
  for (const line of lines.slice(0, -1)) {
    rows += wrapped ? Math.max(1, Math.ceil(widthOf(line) / screen.columns)) : 1;
  }
  return `\r${up(rows)}`;
}

function drawLines(lines: readonly string[]): string {
  return lines.length === 0 ? "" : `${WRAP_OFF}${lines.join("\r\n")}\r${WRAP_ON}`;
}

function widthOf(painted: string): number {
  return measure(painted.replace(COLOURS, ""));
}

function up(rows: number): string {
  return rows <= 0 ? "" : `\x1b[${rows}A`;
}

function synchronised(sequence: string): string {
  return SYNC_START + sequence + SYNC_END;
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
