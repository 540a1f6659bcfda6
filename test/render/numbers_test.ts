import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  formatAge,
  formatBytes,
  formatCount,
  formatDuration,
  formatExact,
  formatRate,
} from "../../src/render/numbers.ts";

function table<Value>(format: (value: Value) => string, cases: [Value, string][]): void {
  for (const [value, expected] of cases) assert.equal(format(value), expected);
}

test("formatCount is exact below 10,000, then three digits and a unit", () => {
  table(formatCount, [
    [0, "0"],
    [7, "7"],
    [9999, "9999"],
    [10_000, "10.0k"],
    [12_345, "12.3k"],
    [99_949, "99.9k"],
    [99_950, "100k"],
    [999_499, "999k"],
    [999_500, "1.00M"],
    [1_204_311, "1.20M"],
    [1.5e9, "1.50G"],
    [9.1e15, "9.10P"],
    [NaN, "?"],
  ]);
});

test("formatExact groups digits", () => {
  table(formatExact, [[0, "0"], [999, "999"], [1000, "1,000"], [1_204_311, "1,204,311"]]);
});

test("formatRate has a digit after the point below ten", () => {
  table(formatRate, [
    [0, "0/s"],
    [0.01, "<0.1/s"],
    [0.26, "0.3/s"],
    [9.94, "9.9/s"],
    [9.96, "10/s"],
    [712.4, "712/s"],
    [12_345, "12.3k/s"],
  ]);
});

test("formatBytes counts in powers of 1024", () => {
  table(formatBytes, [
    [0, "0 B"],
    [1023, "1023 B"],
    [1024, "1.0 KiB"],
    [10_188, "9.9 KiB"],
    [10_240, "10 KiB"],
    [1_048_575, "1.0 MiB"],
    [268_435_456, "256 MiB"],
    [1_288_490_188, "1.2 GiB"],
  ]);
});

test("formatDuration goes from microseconds to days", () => {
  table((ms: number) => formatDuration(ms), [
    [0, "0 ms"],
    [0.0001, "1 µs"],
    [0.25, "250 µs"],
    [0.9996, "1.00 ms"],
    [1.254, "1.25 ms"],
    [12.54, "12.5 ms"],
    [99.96, "100 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [5012, "5.0 s"],
    [99_900, "99.9 s"],
    [100_000, "1m 40s"],
    [252_000, "4m 12s"],
    [3_599_999, "59m 59s"],
    [3_600_000, "1h 00m"],
    [11_220_000, "3h 07m"],
    [187_200_000, "2d 04h"],
  ]);
  assert.equal(formatDuration(0.25, "us"), "250 us");
});

test("formatAge counts whole units that have passed", () => {
  table(formatAge, [[0, "0s"], [999, "0s"], [59_999, "59s"], [72_400, "1m 12s"], [-5, "0s"]]);
});

test("formats stay short whatever the figure", () => {
  const anyFigure = fc.double({ min: 0, max: Number.MAX_SAFE_INTEGER, noNaN: true });
  fc.assert(fc.property(anyFigure, (figure) => {
    assert.ok(formatCount(figure).length <= 5, formatCount(figure));
    assert.ok(formatRate(figure).length <= 7, formatRate(figure));
    assert.ok(formatBytes(figure).length <= 8, formatBytes(figure));
    assert.ok(formatDuration(Math.min(figure, 8.6e12)).length <= 9, formatDuration(figure));
  }));
});
