import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadValue } from "../../src/config/bad_value.ts";
import { formatByteSize, parseByteSize } from "../../src/config/byte_size.ts";

test("parseByteSize knows powers of 1024 from powers of 1000", () => {
  const cases: [string, number][] = [
    ["256MiB", 268_435_456],
    ["64KB", 64_000],
    ["1.5GiB", 1_610_612_736],
    ["1.1KB", 1_100],
    ["1TiB", 1024 ** 4],
    ["1048576", 1_048_576],
    ["12B", 12],
    ["1mib", 1_048_576],
    [" 1 KiB ", 1024],
  ];
  for (const [text, bytes] of cases) assert.equal(parseByteSize(text), bytes, text);
});

test("parseByteSize refuses a unit that can mean two sizes and offers both", () => {
  assert.throws(() => parseByteSize("256M"), /write "256MiB" or "256MB"/);
  assert.throws(() => parseByteSize("1g"), /write "1GiB" or "1GB"/);
});

test("parseByteSize refuses what is no size", () => {
  const wrong = [
    "",
    "MiB",
    "-1MiB",
    "1e6",
    "1PiB",
    "0x10",
    "1,000",
    "1 M B",
    "NaN",
    "0.3B",
    "9999999TiB",
  ];
  for (const text of wrong) assert.throws(() => parseByteSize(text), BadValue, text);
});

test("formatByteSize takes the shortest exact text", () => {
  const texts = [0, 1000, 1024, 1_048_576, 268_435_456, 1_000_001].map(formatByteSize);
  assert.deepEqual(texts, ["0B", "1KB", "1KiB", "1MiB", "256MiB", "1000001B"]);
});

test("parseByteSize reads back what formatByteSize writes", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes),
  );
});

test("parseByteSize answers any text with a whole number or a BadValue", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      return Number.isSafeInteger(parseByteSize(text));
    } catch (error) {
      return error instanceof BadValue;
    }
  }));
});
