import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeText } from "../../src/render/escape.ts";
import { cut, cutMiddle, measure } from "../../src/render/width.ts";
import { anyText } from "./arbitraries.ts";

test("cut counts columns, not characters", () => {
  assert.equal(cut("resizeImage", 11), "resizeImage");
  assert.equal(cut("resizeImage", 7), "resize…");
  assert.equal(cut("漢字漢字", 8), "漢字漢字");
  assert.equal(cut("漢字漢字", 6), "漢字…");
  assert.equal(cut("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assert.equal(cut("abcdef", 5, "..."), "ab...");
  assert.equal(cut("abc", 0), "");
});

test("cutMiddle keeps both ends", () => {
  assert.equal(cutMiddle("send-invoice-to-customer", 24), "send-invoice-to-customer");
  assert.equal(cutMiddle("send-invoice-to-customer", 12), "send-in…omer");
  assert.equal(cutMiddle("abcdef", 3), "ab…");
});

test("cut and cutMiddle never exceed the width", () => {
  fc.assert(
    fc.property(anyText, fc.nat(40), (text, width) => {
      const safe = escapeText(text);
      assert.ok(measure(cut(safe, width)) <= width);
      assert.ok(measure(cutMiddle(safe, width)) <= width);
    }),
    { numRuns: 1000 },
  );
});
