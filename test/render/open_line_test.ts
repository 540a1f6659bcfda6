import assert from "node:assert/strict";
import { test } from "node:test";
import { OpenLine } from "../../src/render/open_line.ts";

const styleAfter = (...texts: string[]) => {
  const line = new OpenLine();
  for (const text of texts) line.feed(text, 80);
  return line.style;
};

test("colours that are switched off again leave nothing, however many lines there were", () => {
  // As chalk writes: each style has an end of its own.
  const line =
    "\x1b[2m12:00:00Z\x1b[22m \x1b[31m\x1b[1mfailed\x1b[22m\x1b[39m \x1b[4mtask\x1b[24m\n";
  assert.equal(styleAfter(line.repeat(1000)), "");
  assert.equal(styleAfter("\x1b[38;5;200mx\x1b[48;2;1;2;3my\x1b[49m\x1b[39m"), "");
});

test("what is on stays on, and once", () => {
  assert.equal(styleAfter("\x1b[31m", "\x1b[31m", "\x1b[32mx"), "\x1b[32m");
  assert.equal(styleAfter("\x1b[1;38;5;0mx"), "\x1b[1;38;5;0m");
  assert.equal(styleAfter("\x1b[38;2;0;10;22mx"), "\x1b[38;2;0;10;22m");
  assert.equal(styleAfter("\x1b[4:3mx\x1b[58:2::1:2:3m"), "\x1b[4:3;58:2::1:2:3m");
  assert.equal(styleAfter("\x1b[1mx\x1b[2my"), "\x1b[1;2m");
  assert.equal(styleAfter("\x1b[1mx\x1b[2my\x1b[22m"), "");
});

test("a reset in any of its forms takes all back, and what follows it counts", () => {
  for (const reset of ["\x1b[m", "\x1b[0m", "\x1b[00m", "\x1b[;m"]) {
    assert.equal(styleAfter(`\x1b[1;31;44mx${reset}`), "", JSON.stringify(reset));
  }
  assert.equal(styleAfter("\x1b[31mx\x1b[0;1m"), "\x1b[1m");
});
