import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeText, quoteText } from "../../src/render/escape.ts";
import { anyText } from "./arbitraries.ts";

const HARMFUL =
  // deno-lint-ignore no-control-regex
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\p{Cs}\p{Cn}]/u;

test("escapeText leaves ordinary text of all scripts alone", () => {
  for (const text of ["resizeImage", "größe", "漢字", "नमस्ते", "می‌خواهم", "👩‍👩‍👧 👍🏽 🇨🇭", 'a\\b "c"']) {
    assert.equal(escapeText(text), text);
  }
});

test("escapeText shows what would act", () => {
  assert.equal(escapeText("\x1b[31mred\x1b[0m"), "\\x1b[31mred\\x1b[0m");
  assert.equal(escapeText("a\nb\r\tc\0"), "a\\nb\\r\\tc\\x00");
  assert.equal(escapeText("\x9b2J\x85\x7f"), "\\x9b2J\\x85\\x7f");
  assert.equal(escapeText("abc\u202edef\u2066"), "abc\\u202edef\\u2066");
  assert.equal(escapeText("\u2028\u2029\ufeff\u200f"), "\\u2028\\u2029\\ufeff\\u200f");
  assert.equal(escapeText("\ud83d!"), "\\ud83d!");
  assert.equal(escapeText("\u{e0041}"), "\\u{e0041}");
});

test("escapeText lets no pile of marks reach other lines", () => {
  assert.equal(escapeText(`a${"\u0301".repeat(500)}b`), `a${"\u0301".repeat(6)}b`);
});

test("escapeText cuts with an ellipsis, and neither a character nor an escape in half", () => {
  assert.equal(escapeText("abcdef", { max: 6 }), "abcdef");
  assert.equal(escapeText("abcdefg", { max: 6 }), "abcde…");
  assert.equal(escapeText("abc😀😀", { max: 5 }), "abc…");
  assert.equal(escapeText("abc\x1b\x1b", { max: 6 }), "abc…");
  assert.equal(escapeText("abcdefg", { max: 6, ascii: true }), "abc...");
  assert.equal(escapeText("x".repeat(5_000_000)).length, 1000);
});

test("what is cut before piled marks go is marked as cut, and ends with no half of anything", () => {
  const piled = `a${"\u0301".repeat(9)}`;
  const left = `a${"\u0301".repeat(6)}`;
  assert.equal(quoteText(`${piled}"`, { max: 10 }), `"${left}\\""`);
  assert.equal(quoteText(`${piled}\\b`, { max: 10 }), `"${left}\\\\…"`);
  assert.equal(escapeText(`${piled}bcd`, { max: 10 }), `${left}b…`);
  assert.equal(escapeText(`${piled}😀😀`, { max: 10 }), `${left}…`);
  assert.equal(escapeText(`a${"\u0301".repeat(500)}b`, { max: 100 }), `${left}…`);
});

test("escapeText in ASCII escapes everything else", () => {
  assert.equal(escapeText("größe 漢 😀", { ascii: true }), "gr\\xf6\\xdfe \\u6f22 \\u{1f600}");
});

test("quoteText escapes quotes and backslashes", () => {
  assert.equal(quoteText('say "hi" \\ \n'), '"say \\"hi\\" \\\\ \\n"');
  assert.equal(quoteText(""), '""');
});

test("escapeText and quoteText never let anything harmful through, nor more than asked", () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 0, max: 80 }), fc.boolean(), (text, max, ascii) => {
      const escaped = escapeText(text, { max, ascii });
      assert.doesNotMatch(escaped, HARMFUL);
      assert.ok(escaped.length <= max);
      if (ascii) assert.match(escaped, /^[ -~]*$/);
      const quoted = quoteText(text, { max, ascii });
      assert.doesNotMatch(quoted, HARMFUL);
      // Nothing inside ends the quotation.
      assert.match(quoted, /^"(?:[^"\\]|\\[^])*"$/);
    }),
    { numRuns: 1000 },
  );
});
