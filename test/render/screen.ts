/**
 * A terminal in memory, as far as frame.ts needs one: wrapping, scrolling into a history, relative cursor
 * movement, erasing. Characters are one column wide.
 */
export class Screen {
  readonly #columns: number;
  readonly #rows: number;
  /** History and screen; the last `#rows` of them are the screen once it is full. */
  readonly #lines: string[][] = [[]];
  #row = 0;
  #column = 0;
  #wrapPending = false;
  #wraps = true;
  cursorVisible = true;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#rows = rows;
  }

  write(text: string): void {
    // deno-lint-ignore no-control-regex
    for (const [token] of text.matchAll(/\x1b\[\??[\d;]*[A-Za-z]|[^]/g)) {
      if (token.startsWith("\x1b")) this.#control(token);
      else if (token === "\r") this.#move(this.#row, 0);
      else if (token === "\n") this.#newLine();
      else this.#put(token);
    }
  }

  /** All lines with the history, without trailing spaces and empty lines at the end. */
  get text(): string {
    const lines = this.#lines.map((line) =>
      Array.from(line, (cell) => cell ?? " ").join("").trimEnd()
    );
    return lines.join("\n").trimEnd();
  }

  /** Column of the cursor, and its row counted from the first line of the history. */
  get cursor(): { row: number; column: number } {
    return { row: this.#row, column: this.#column };
  }

  get #top(): number {
    return Math.max(0, this.#lines.length - this.#rows);
  }

  #put(character: string): void {
    if (this.#wrapPending && this.#wraps) {
      // The terminal drives on a new line: the cursor is where a newline and a return would put it.
      this.#newLine();
      this.#column = 0;
    }
    this.#lines[this.#row]![this.#column] = character;
    this.#wrapPending = this.#column === this.#columns - 1;
    if (!this.#wrapPending) this.#column++;
  }

  #newLine(): void {
    // As with a cooked terminal, a newline returns too.
    this.#move(this.#row + 1, 0);
    if (this.#row === this.#lines.length) this.#lines.push([]);
  }

  #move(row: number, column: number): void {
    this.#row = row;
    this.#column = Math.min(this.#columns - 1, column);
    this.#wrapPending = false;
  }

  #control(token: string): void {
    const count = Number(token.match(/\d+/)?.[0] ?? 1);
    const kind = token.at(-1)!;
    if (token.startsWith("\x1b[?")) {
      if (count === 7) this.#wraps = kind === "h";
      if (count === 25) this.cursorVisible = kind === "h";
    } else if (kind === "A") this.#move(Math.max(this.#top, this.#row - count), this.#column);
    else if (kind === "C") this.#move(this.#row, this.#column + count);
    else if (kind === "J" || kind === "K") {
      this.#lines[this.#row]!.splice(this.#column);
      if (kind === "J") {
        for (let row = this.#row + 1; row < this.#lines.length; row++) this.#lines[row] = [];
      }
    } else if (kind !== "m") throw new Error(`The screen does not know ${JSON.stringify(token)}`);
  }
}
