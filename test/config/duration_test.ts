import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadValue } from "../../src/config/bad_value.ts";
import { formatDuration, parseDuration } from "../../src/config/duration.ts";

test("parseDuration reads a number with its unit as milliseconds", () => {
  const cases: [string, number][] = [
    ["500ms", 500],
    ["30s", 30_000],
    ["5m", 300_000],
    ["2h", 7_200_000],
    ["1d", 86_400_000],
    ["1.5h", 5_400_000],
    ["1.1s", 1_100],
    ["0s", 0],
    [" 10 s ", 10_000],
  ];
  for (const [text, ms] of cases) assert.equal(parseDuration(text), ms, text);
});

test("parseDuration refuses a number without a unit and offers both readings", () => {
  assert.throws(() => parseDuration("20"), /needs a unit, such as "20s" or "20ms"/);
});

test("parseDuration refuses what is no duration instead of guessing", () => {
  const wrong = [
    "",
    "s",
    "-5s",
    "+5s",
    "5 sec",
    "1h30m",
    "5M",
    "5S",
    "1e3s",
    "0x10s",
    "NaNs",
    "Infinitys",
    "1,5s",
    ".5s",
    "5.s",
    "٣s",
  ];
  for (const text of wrong) assert.throws(() => parseDuration(text), BadValue, text);
});

test("parseDuration refuses parts of a millisecond and what no clock can count", () => {
  assert.throws(() => parseDuration("0.5ms"), /whole number of milliseconds/);
  assert.throws(() => parseDuration("0.0001s"), /whole number of milliseconds/);
  assert.throws(() => parseDuration(`${"9".repeat(30)}d`), /longer than any clock/);
});

test("formatDuration takes the largest unit that fits", () => {
  const texts = [0, 1, 1_500, 90_000, 3_600_000, 86_400_000].map(formatDuration);
  assert.deepEqual(texts, ["0ms", "1ms", "1500ms", "90s", "1h", "1d"]);
});

test("parseDuration reads back what formatDuration writes", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDuration(formatDuration(ms)) === ms));
});

test("parseDuration answers any text with a whole number or a BadValue", () => {
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.tuple(fc.double(), fc.constantFrom("ms", "s", "m", "h", "d", "")).map((parts) =>
      parts.join("")
    ),
  );
  fc.assert(fc.property(texts, (text) => {
    try {
      const ms = parseDuration(text);
      return Number.isSafeInteger(ms) && ms >= 0;
    } catch (error) {
      return error instanceof BadValue;
    }
  }));
});

test("parseDuration of whole seconds is exact", () => {
  fc.assert(fc.property(fc.nat(10 ** 9), fc.nat(999), (seconds, ms) => {
    const text = `${seconds}.${String(ms).padStart(3, "0")}s`;
    return parseDuration(text) === seconds * 1000 + ms;
  }));
});
