import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  type CommitHeader,
  decodeMetadata,
  encodeMetadata,
  MAX_METADATA,
} from "../../src/core/commit_metadata.ts";
import type { FinishedRun } from "../../src/core/offset_tracker.ts";

const header: CommitHeader = {
  incarnation: "5G1nU3o4RSqVAj5ZXF3Y7A",
  closed: false,
  breakerOpen: false,
  takeovers: 0,
  suspect: null,
  exclusive: false,
  extent: 100,
  epoch: 7,
  givenUp: 3,
  attempts: new Map([[104, 2]]),
};
const RUNS: FinishedRun[] = [{ from: 102, to: 110, count: 8 }, { from: 120, to: 121, count: 1 }];

function encode(offset: number, header: CommitHeader, runs: FinishedRun[], limit?: number) {
  const total = runs.reduce((sum, { count }) => sum + count, 0);
  return encodeMetadata(offset, header, { runs, total }, limit);
}

const headers = fc.nat({ max: 2 ** 40 }).chain((offset) =>
  fc.tuple(
    fc.constant(offset),
    fc.record({
      incarnation: fc.stringMatching(/^[\w-]{22}$/),
      closed: fc.boolean(),
      breakerOpen: fc.boolean(),
      takeovers: fc.nat({ max: 100_000 }),
      suspect: fc.option(fc.nat({ max: 1_000_000 }).map((above) => offset + above)),
      exclusive: fc.boolean(),
      extent: fc.nat({ max: 1_000_000 }).map((above) => offset + above),
      epoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
      givenUp: fc.nat({ max: 100_000 }),
      attempts: fc.array(
        fc.tuple(fc.nat({ max: 1_000_000 }).map((above) => offset + above), fc.nat({ max: 100 })),
        { maxLength: 20 },
      ).map((entries) => new Map(entries)),
    }).map((header) => ({ ...header, exclusive: header.exclusive && header.suspect !== null })),
  )
);

describe("encodeMetadata", () => {
  test("decodeMetadata gives back all of it", () => {
    fc.assert(fc.property(headers, ([offset, header]) => {
      const runs = [{ from: offset + 2, to: offset + 5, count: 3 }];
      const { text, uncovered } = encode(offset, header, runs);
      assert.equal(uncovered, 0);
      assert.match(text, /^[\x21-\x7e]+$/, "printable ASCII without spaces");
      const finished = [{ from: offset + 2, to: offset + 5 }];
      assert.deepEqual(decodeMetadata(offset, text), { ...header, finished });
    }));
  });

  test("tells as many failed attempts as a quarter of the room holds", () => {
    const attempts = new Map(Array.from({ length: 5000 }, (_, at) => [100 + 3 * at, 1 + at % 4]));
    const { text } = encode(100, { ...header, attempts }, RUNS);
    assert.ok(text.length <= MAX_METADATA);
    const read = decodeMetadata(100, text);
    assert.ok(read && !("problem" in read));
    assert.ok(read.attempts.size > 100 && read.attempts.size < 400, `${read.attempts.size}`);
    for (const [offset, failed] of read.attempts) assert.equal(attempts.get(offset), failed);
    assert.equal(read.finished.length, 2, "the map has its place");
  });

  test("keeps to the limit: a map that is cut, then none, then nothing at all", () => {
    const many = Array.from({ length: 10_000 }, (_, i) => {
      const from = 100 + 2 + 40 * i;
      return { from, to: from + 1 + i % 7, count: 1 + i % 7 };
    });
    const total = many.reduce((sum, { count }) => sum + count, 0);
    for (const limit of [0, 1, 40, 41, 50, 100, 1000, MAX_METADATA]) {
      const { text, uncovered } = encode(100, header, many, limit);
      assert.ok(text.length <= limit, `${text.length} of ${limit}`);
      const read = decodeMetadata(100, text);
      if (read === null) assert.equal(uncovered, total);
      else {
        assert.ok(!("problem" in read));
        const kept = read.finished.reduce((sum, { from, to }) => sum + to - from, 0);
        assert.equal(uncovered, total - kept);
      }
    }
    assert.ok(encode(100, header, many).uncovered < total);
  });
});

describe("decodeMetadata", () => {
  const { text } = encode(100, header, RUNS);

  test("null without metadata", () => assert.equal(decodeMetadata(100, ""), null));

  test("the problem of a text that is cut, changed, or of another offset", () => {
    const problem = (offset: number, text: string) => {
      const read = decodeMetadata(offset, text);
      assert.ok(read && "problem" in read, text);
      return read.problem;
    };
    for (let length = 1; length < text.length; length++) problem(100, text.slice(0, length));
    for (let at = 0; at < text.length; at++) {
      problem(100, text.slice(0, at) + (text[at] === "A" ? "B" : "A") + text.slice(at + 1));
    }
    assert.match(problem(101, text), /of another offset/);
    assert.match(problem(100, "t2;whatever"), /version "t2"/);
    assert.match(problem(100, '{"json":true}'), /another program/);
    assert.match(problem(100, "x".repeat(100_000)), /another program/);
  });

  test("a problem or sense for any text, and never a crash", () => {
    const fields = fc.array(fc.oneof(fc.string(), fc.constantFrom("t1", "o", "c", "0", "")), {
      maxLength: 10,
    });
    fc.assert(fc.property(fields, (fields) => {
      const read = decodeMetadata(0, fields.join(";"));
      assert.ok(read === null || "problem" in read || read.extent >= 0);
    }));
  });
});
