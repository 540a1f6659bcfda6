import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type DrawnPanel, erase, redraw, writeAbove } from "../../src/render/frame.ts";
import { OpenLine, splitUnfinished } from "../../src/render/open_line.ts";
import { Screen } from "./screen.ts";

const COLUMNS = 20;
const ROWS = 12;
const SCREEN = { columns: COLUMNS, reflows: true };
const NOTHING: DrawnPanel = { lines: [], columns: 0 };

/** A terminal with a panel, driven as LiveTerminal does it. */
class Panel {
  readonly screen = new Screen(COLUMNS, ROWS);
  #drawn = NOTHING;
  #open = new OpenLine();

  draw(lines: string[], whole = false): string {
    const sequence = redraw(this.#drawn, { lines, screen: SCREEN, whole });
    this.screen.write(sequence);
    this.#drawn = { lines, columns: COLUMNS };
    return sequence;
  }

  print(text: string, lines = this.#drawn.lines): void {
    const before = { width: this.#open.width, style: this.#open.style };
    this.#open.feed(text, COLUMNS);
    this.screen.write(
      writeAbove(this.#drawn, { text, lines, before, after: this.#open, screen: SCREEN }),
    );
    this.#drawn = { lines, columns: COLUMNS };
  }

  remove(): void {
    this.screen.write(erase(this.#drawn, this.#open, SCREEN));
    this.#drawn = NOTHING;
  }
}

test("redraw writes nothing when nothing has changed, and only the lines that have", () => {
  const panel = new Panel();
  panel.draw(["one", "two", "three"]);
  assert.equal(panel.draw(["one", "two", "three"]), "");
  const sequence = panel.draw(["one", "TWO", "three"]);
  assert.match(sequence, /TWO/);
  assert.doesNotMatch(sequence, /one|three/);
  assert.match(panel.draw(["one", "TWO", "three"], true), /one[^]*TWO[^]*three/);
  assert.equal(panel.screen.text, "one\nTWO\nthree");
});

test("redraw leaves no cell of a longer line or a taller panel behind", () => {
  const panel = new Panel();
  panel.print("user\n");
  panel.draw(["x".repeat(COLUMNS), "y".repeat(COLUMNS), "z"]);
  panel.draw(["x", "y".repeat(COLUMNS), "z"]);
  assert.equal(panel.screen.text, `user\nx\n${"y".repeat(COLUMNS)}\nz`);
  panel.draw(["short"]);
  assert.equal(panel.screen.text, "user\nshort");
  assert.deepEqual(panel.screen.cursor, { row: 1, column: 0 });
});

test("redraw after the terminal got narrower goes up by the rows that the lines wrap to now", () => {
  const drawn = { lines: ["x".repeat(20), "", "y".repeat(25), "z".repeat(20)], columns: 30 };
  const up = (reflows: boolean, columns: number) =>
    redraw(drawn, { lines: ["a"], screen: { columns, reflows }, whole: false })
      .match(/\[(\d+)A/)![1];
  assert.equal(up(true, 10), "6");
  assert.equal(up(false, 10), "3");
  assert.equal(up(true, 40), "3");
});

test("writeAbove continues an unfinished line where it ended, in its colours", () => {
  const panel = new Panel();
  panel.draw(["panel"]);
  panel.print("a \x1b[31mred ");
  assert.equal(panel.screen.text, "a red\npanel");
  const before = new OpenLine();
  before.feed("a \x1b[31mred ", COLUMNS);
  assert.equal(before.style, "\x1b[31m");
  panel.print("word\n");
  assert.equal(panel.screen.text, "a red word\npanel");
});

test("OpenLine follows columns and colours", () => {
  const line = new OpenLine();
  const widthAfter = (text: string) => {
    line.feed(text, 20);
    return line.width;
  };
  assert.equal(widthAfter("one\ntwo"), 3);
  assert.equal(widthAfter("\x1b[1;32m漢字"), 7);
  assert.equal(line.style, "\x1b[1;32m");
  assert.equal(widthAfter("\t"), 8);
  assert.equal(widthAfter("\b"), 7);
  assert.equal(widthAfter("\r50%"), 3);
  assert.equal(widthAfter(`${"x".repeat(20)}\ryz`), 22);
  assert.equal(widthAfter("\x1b[m\n"), 0);
  assert.equal(line.style, "");
});

test("splitUnfinished keeps an escape sequence together", () => {
  assert.deepEqual(splitUnfinished("text"), { ready: "text", rest: "" });
  assert.deepEqual(splitUnfinished("text\x1b"), { ready: "text", rest: "\x1b" });
  assert.deepEqual(splitUnfinished("text\x1b[3"), { ready: "text", rest: "\x1b[3" });
  assert.deepEqual(splitUnfinished("text\x1b[31m"), { ready: "text\x1b[31m", rest: "" });
});

test("what is written above the panel is on the screen as without a panel, and the panel below it", () => {
  const text = fc.array(
    fc.constantFrom(
      "a",
      "word ",
      "x".repeat(7),
      "y".repeat(COLUMNS),
      "\n",
      "\n",
      "\r\n",
      "\x1b[31m",
      "\x1b[0m",
    ),
    { minLength: 1, maxLength: 8 },
  ).map((pieces) => pieces.join(""));
  const lines = fc.array(
    fc.constantFrom("panel", "p".repeat(COLUMNS), "q", "", "q".repeat(COLUMNS - 1)),
    { minLength: 1, maxLength: 8 },
  ).map((panel) => [...panel, "last"]);
  const steps = fc.array(
    fc.oneof(
      fc.record({ print: text }),
      fc.record({ draw: lines, whole: fc.boolean() }),
      fc.record({ print: text, draw: lines }),
    ),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(steps, (all) => {
      const panel = new Panel();
      const alone = new Screen(COLUMNS, ROWS);
      let drawn = ["first"];
      panel.draw(drawn);
      for (const step of all) {
        if ("draw" in step) drawn = step.draw;
        if ("print" in step) {
          alone.write(step.print);
          panel.print(step.print, drawn);
        } else panel.draw(step.draw, step.whole);
      }
      const user = alone.cursor.column === 0 ? alone.text : `${alone.text}\n`;
      const rows = alone.cursor.row + (alone.cursor.column === 0 ? 0 : 1);
      const gap = "\n".repeat(Math.max(0, rows - user.split("\n").length + 1));
      const expected = rows === 0 ? drawn.join("\n") : user + gap + drawn.join("\n");
      assert.equal(panel.screen.text, expected.trimEnd());
      panel.remove();
      assert.equal(panel.screen.text, alone.text);
    }),
    { numRuns: 2000 },
  );
});
