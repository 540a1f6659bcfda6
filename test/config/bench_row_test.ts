import assert from "node:assert/strict";
import { test } from "node:test";
import { BadValue } from "../../src/config/bad_value.ts";
import { benchRows, formatBenchRow, parseBenchRow } from "../../src/config/bench_row.ts";

test("rows are read as they are written", () => {
  for (const text of ["100x5", "300x20@5s", "1x1", "1000x1000@250ms"]) {
    assert.equal(formatBenchRow(parseBenchRow(text)), text);
  }
  assert.deepEqual(parseBenchRow(" 200×20@1m "), { jobs: 200, requests: 20, ioMs: 60_000 });
});

test("what is no row is refused, and says what one looks like", () => {
  for (
    const [text, reason] of [
      ["", /JOBSxREQUESTS/],
      ["200", /JOBSxREQUESTS/],
      ["-1x5", /JOBSxREQUESTS/],
      ["0x5", /0 requests: it must be from 1/],
      ["10000x1000", /10000000 requests/],
      ["10x10@5", /unit/],
      ["10x10@1h", /waits for too long/],
    ] as const
  ) {
    assert.throws(() => parseBenchRow(text), (error: Error) => {
      assert.ok(error instanceof BadValue, text);
      assert.match(error.message, reason);
      return true;
    });
  }
});

test("rows come from several flags and from commas", () => {
  const kind = benchRows();
  const rows = kind.fromText(["1x2,3x4@5s", "6x7"], { now: 0 });
  assert.equal(kind.format(rows), "1x2,3x4@5s,6x7");
});
