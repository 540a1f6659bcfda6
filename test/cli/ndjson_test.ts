import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { UsageError } from "../../src/errors.ts";
import { readBlocks } from "../../src/cli/ndjson.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

async function* stream(chunks: Iterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield typeof chunk === "string" ? encoder.encode(chunk) : chunk;
  }
}

/** Without those that are blank. */
async function linesOf(...chunks: (Uint8Array | string)[]): Promise<[number, string | null][]> {
  const all: [number, string | null][] = [];
  for await (const { number, lines } of readBlocks(stream(chunks))) {
    for (const [index, line] of lines.entries()) {
      if (line !== undefined) all.push([number + index, line]);
    }
  }
  return all;
}

/** Bytes cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length]
    .sort((a, b) => a - b);
  return at.slice(1).map((end, index) => bytes.subarray(at[index], end));
}

describe("readBlocks", () => {
  test("gives the lines of a stream, wherever its chunks are cut", async () => {
    const line = fc.oneof(
      fc.constantFrom("", " ", "\t ", '{"a":"ü"}', "\r", "x\r"),
      fc.string({ unit: "grapheme", maxLength: 12 }).map((text) => text.replaceAll("\n", "")),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(line, fc.constantFrom("\n", "\r\n"))),
        line,
        fc.array(fc.nat()),
        async (lines, last, places) => {
          const text = lines.map((parts) => parts.join("")).join("") + last;
          const expected = text.split("\n")
            .map((line, index, all): [number, string] => [
              index + 1,
              index < all.length - 1 ? line.replace(/\r$/, "") : line,
            ])
            .filter(([, line]) => !/^[ \t\r]*$/.test(line));
          const bytes = encoder.encode(text);
          // The stream's words are compared as bytes: a text may hold a byte order mark.
          const lines_ = await linesOf(...cut(bytes, places));
          assert.deepEqual(
            lines_,
            expected.map(([n, line]) => [n, decoder.decode(encoder.encode(line))]),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  test("the last line needs no break; blank lines are left out, but counted", async () => {
    assert.deepEqual(await linesOf("1\n\n  \n2"), [[1, "1"], [4, "2"]]);
    assert.deepEqual(await linesOf("1\n2\n"), [[1, "1"], [2, "2"]]);
    assert.deepEqual(await linesOf(), []);
    assert.deepEqual(await linesOf("\n\r\n"), []);
  });

  test("the return of a CRLF is no part of the line, also when a chunk ends between the two", async () => {
    assert.deepEqual(await linesOf("a\r\nb\r\n"), [[1, "a"], [2, "b"]]);
    assert.deepEqual(await linesOf("a\r", "\nb\r\r\n"), [[1, "a"], [2, "b\r"]]);
  });

  test("a character in two chunks stays whole", async () => {
    const bytes = encoder.encode("ü\n");
    assert.deepEqual(await linesOf(bytes.slice(0, 1), bytes.slice(1)), [[1, "ü"]]);
  });

  test("a line may be long; one without end is refused with its number", async () => {
    const megabyte = new Uint8Array(1 << 20).fill(97);
    const [[, long] = []] = await linesOf(...Array(5).fill(megabyte), "\n");
    assert.equal(long?.length, 5 << 20);
    const endless = ["1\n", ...Array(65).fill(megabyte)];
    await assert.rejects(linesOf(...endless), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, `Line 2 is longer than ${64 << 20} bytes`);
      assert.match(error.hint!, /NDJSON/);
      return true;
    });
  });

  test("what it gave stays as it was, though the reader uses its buffer again", async () => {
    const buffer = new Uint8Array(4);
    async function* reusing() {
      buffer.set(encoder.encode("abcd"));
      yield buffer;
      await Promise.resolve();
      buffer.set(encoder.encode("ef\ng"));
      yield buffer;
    }
    const { value } = await readBlocks(reusing()).next();
    assert.deepEqual(value, { number: 1, lines: ["abcdef"] });
  });

  test("a line that is no UTF-8 is null, and those around it are lines", async () => {
    const bytes = Uint8Array.of(97, 10, 0xff, 10, 10, 98, 13, 10, 0xc3);
    assert.deepEqual(await linesOf(bytes), [[1, "a"], [2, null], [4, "b"], [5, null]]);
  });

  test("a byte order mark before any line is taken away", async () => {
    assert.deepEqual(await linesOf("\ufeff1\n\ufeff2\n\ufeff"), [[1, "1"], [2, "2"], [3, ""]]);
  });
});
