import assert from "node:assert/strict";
import { test } from "node:test";
import { drawBar, drawSparkline } from "../../src/render/graphs.ts";
import type { Span } from "../../src/render/spans.ts";
import { createTheme } from "../../src/render/theme.ts";

const THEME = createTheme(0, true);
const ASCII = createTheme(0, false);
const text = (spans: Span[]) => spans.map((span) => span.text).join("");

test("drawBar is full only when full and empty only when empty", () => {
  const bar = (value: number, limit: number) => text(drawBar(value, limit, 10, THEME));
  assert.equal(bar(0, 1000), "░░░░░░░░░░");
  assert.equal(bar(1, 1_000_000), "▏░░░░░░░░░");
  assert.equal(bar(500, 1000), "█████░░░░░");
  assert.equal(bar(999_999, 1_000_000), "█████████▉");
  assert.equal(bar(1000, 1000), "██████████");
  assert.equal(bar(1200, 1000), "██████████");
  assert.equal(bar(5, 0), "░░░░░░░░░░");
  assert.equal(text(drawBar(500, 1000, 10, ASCII)), "[####....]");
});

test("drawSparkline scales to its highest and tells nothing from little", () => {
  const line = (history: number[]) => text(drawSparkline({ history, uptimeMs: 9000 }, 60, THEME));
  assert.equal(line([0, 1, 500, 1000]).trimStart(), "▁▂▅█");
  assert.equal(line([0, 0]).trimStart(), "▁▁");
  assert.equal(line([]), " ".repeat(60));
});

test("drawSparkline groups seconds the same way from one second to the next", () => {
  const all = Array.from({ length: 70 }, (_, second) => (second % 7) * 10);
  const at = (second: number) =>
    text(
      drawSparkline(
        { history: all.slice(second - 60, second), uptimeMs: second * 1000 + 300 },
        20,
        THEME,
      ),
    );
  // From 63 s to 66 s one group of three has come, all others have moved by one.
  assert.equal(at(63).slice(1), at(66).slice(0, -1));
  assert.equal([...at(64)].length, 20);
});
