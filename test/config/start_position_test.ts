import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { BadValue } from "../../src/config/bad_value.ts";
import { formatStartPosition, parseStartPosition } from "../../src/config/start_position.ts";

const NOW = Date.parse("2026-05-02T12:00:00Z");

function timeOf(text: string): string {
  return formatStartPosition(parseStartPosition(text, NOW));
}

test("parseStartPosition knows the two ends", () => {
  assert.deepEqual(parseStartPosition("earliest", NOW), { kind: "earliest" });
  assert.deepEqual(parseStartPosition(" LATEST ", NOW), { kind: "latest" });
});

test("parseStartPosition reads times with their zone", () => {
  assert.equal(timeOf("2026-05-01T08:00:00Z"), "2026-05-01T08:00:00.000Z");
  assert.equal(timeOf("2026-05-01T08:00:00.250+02:00"), "2026-05-01T06:00:00.250Z");
  assert.equal(timeOf("2026-05-01 08:00Z"), "2026-05-01T08:00:00.000Z");
  assert.equal(timeOf("2026-05-01"), "2026-05-01T00:00:00.000Z");
  assert.equal(timeOf("2024-02-29"), "2024-02-29T00:00:00.000Z");
});

test("parseStartPosition reads a time before now and epoch milliseconds", () => {
  assert.equal(timeOf("2h ago"), "2026-05-02T10:00:00.000Z");
  assert.equal(timeOf("1d"), "2026-05-01T12:00:00.000Z");
  assert.equal(timeOf("1777600000000"), "2026-05-01T01:46:40.000Z");
});

test("parseStartPosition says what is missing or wrong", () => {
  const cases: [string, RegExp][] = [
    ["2026-05-01T08:00:00", /time zone is missing/],
    ["2026-02-30", /no such date/],
    ["2026-13-01", /no such date/],
    ["2026-05-01T25:00Z", /no such date or time/],
    ["1777600000", /looks like seconds; in milliseconds it is "1777600000000"/],
    ["2026-05-03", /in the future \(now is 2026-05-02T12:00:00.000Z\)/],
    ["yesterday", /must be "earliest", "latest"/],
    ["2 ago", /must be "earliest"/],
    ["100000d ago", /before 1970/],
    ["", /must be/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseStartPosition(text, NOW), message, text);
  }
});

test("parseStartPosition reads back every instant up to now", () => {
  fc.assert(fc.property(fc.integer({ min: 1_000_000_000_000, max: NOW }), (epochMs) => {
    const position = { kind: "time" as const, epochMs };
    assert.deepEqual(parseStartPosition(formatStartPosition(position), NOW), position);
    assert.deepEqual(parseStartPosition(String(epochMs), NOW), position);
  }));
});

test("parseStartPosition answers any text with a position or a BadValue", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      const position = parseStartPosition(text, NOW);
      return position.kind !== "time" || (position.epochMs >= 0 && position.epochMs <= NOW);
    } catch (error) {
      return error instanceof BadValue;
    }
  }));
});
