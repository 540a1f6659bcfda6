import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Batch, type BatchError, type BatchMessage } from "../../src/kafka/batch.ts";

const bytes = fc.uint8Array({ maxLength: 40 });
const nullableBytes = fc.option(bytes);
const text = fc.string({ unit: "binary", maxLength: 20 }).map((s) => s.toWellFormed());
const headers = fc.array(fc.tuple(fc.constantFrom("a", "b", "ü", "traceparent"), nullableBytes), {
  maxLength: 6,
});

const message = fc.record({
  queue: fc.nat(),
  offset: fc.maxSafeNat(),
  timestamp: fc.integer({ min: -1, max: 2 ** 45 }),
  leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  key: nullableBytes,
  value: nullableBytes,
  headers,
});
const error = fc.record({
  queue: fc.integer({ min: -1, max: 100 }),
  error: fc.integer({ min: -200, max: 200 }).filter((code) => code !== 0),
  text,
  topic: text,
  partition: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  offset: fc.maxSafeNat(),
  cause: fc.integer({ min: -200, max: 200 }),
});

const list = (view: Uint8Array | null | undefined) => view && [...view];

function lengthOf(value: Uint8Array | string | null | undefined): number {
  return value === null || value === undefined ? 0 : Buffer.from(value as string).length;
}

function sizeOf({ key, value, headers = [] }: BatchMessage): number {
  return headers.reduce(
    (sum, [name, value]) => sum + lengthOf(name) + lengthOf(value),
    lengthOf(key) + lengthOf(value),
  );
}

describe("Batch.of, then every accessor", () => {
  test("gives back what went in", () => {
    fc.assert(fc.property(fc.array(fc.oneof(message, error)), fc.boolean(), (entries, more) => {
      const batch = Batch.of(entries, more);
      assert.equal(batch.count, entries.length);
      assert.equal(batch.more, more);
      let total = 0;
      for (const [i, entry] of entries.entries()) {
        assert.equal(batch.queue(i), entry.queue);
        assert.equal(batch.offset(i), entry.offset);
        if ("error" in entry) assertError(batch, i, entry);
        else assertMessage(batch, i, entry);
        total += batch.size(i);
      }
      assert.equal(batch.byteLength, total);
    }));
  });

  test("finds the last header of a name", () => {
    fc.assert(fc.property(fc.array(message, { minLength: 1 }), (entries) => {
      const batch = Batch.of(entries);
      for (const [i, { headers }] of entries.entries()) {
        for (const name of ["a", "b", "ü", "traceparent", "absent"]) {
          const last = headers.findLast(([other]) => other === name);
          const encoded = Buffer.from(name);
          const found = list(last?.[1]);
          assert.deepEqual(list(batch.header(i, encoded)), last ? list(last[1]) : undefined);
          for (const value of [...headers.map(([, value]) => value), "é", ""]) {
            const wanted = Buffer.from(value ?? "");
            const begins = found?.slice(0, wanted.length).join() === [...wanted].join();
            assert.equal(batch.headerStartsWith(i, encoded, wanted), !!found && begins);
            const equals = begins && found?.length === wanted.length;
            assert.equal(batch.headerEquals(i, encoded, wanted), !!found && equals);
          }
        }
      }
    }));
  });
});

function assertMessage(batch: Batch, i: number, entry: Required<BatchMessage>): void {
  assert.equal(batch.error(i), 0);
  assert.equal(batch.timestamp(i), entry.timestamp);
  assert.equal(batch.leaderEpoch(i), entry.leaderEpoch);
  assert.deepEqual(list(batch.key(i)), list(entry.key as Uint8Array));
  const keyText = batch.keyBytesText(i);
  assert.deepEqual(
    keyText === null ? null : [...keyText].map((one) => one.charCodeAt(0)),
    list(entry.key as Uint8Array),
  );
  assert.deepEqual(list(batch.value(i)), list(entry.value as Uint8Array));
  assert.equal(batch.headerCount(i), entry.headers.length);
  assert.deepEqual(
    batch.headers(i).map(([name, value]) => [name, list(value)]),
    entry.headers.map(([name, value]) => [name, list(value as Uint8Array)]),
  );
  assert.deepEqual(
    batch.rawHeaders(i).map(([name, value]) => [list(name), list(value)]),
    entry.headers.map(([name, value]) => [list(Buffer.from(name)), list(value as Uint8Array)]),
  );
  assert.equal(batch.size(i), sizeOf(entry));
}

function assertError(batch: Batch, i: number, entry: Required<BatchError>): void {
  assert.equal(batch.error(i), entry.error);
  assert.equal(batch.errorText(i), entry.text);
  assert.equal(batch.errorTopic(i), entry.topic);
  assert.equal(batch.errorPartition(i), entry.partition);
  assert.equal(batch.errorCause(i), entry.cause);
  assert.equal(batch.headerCount(i), 0);
}

describe("Batch", () => {
  test("keeps null, empty and absent apart", () => {
    const batch = Batch.of([
      { offset: 0, key: null, value: null, headers: [["h", null]] },
      { offset: 1, key: "", value: "", headers: [["h", ""]] },
    ]);
    assert.deepEqual([batch.key(0), batch.value(0), batch.keyText(0)], [null, null, null]);
    assert.equal(batch.header(0, Buffer.from("h")), null);
    assert.equal(batch.valueText(0), "");
    assert.deepEqual([batch.key(1)!.length, batch.value(1)!.length, batch.keyText(1)], [0, 0, ""]);
    assert.equal(batch.header(1, Buffer.from("h"))!.length, 0);
    assert.equal(batch.header(1, Buffer.from("other")), undefined);
  });

  test("decodes text as UTF-8 when asked", () => {
    const batch = Batch.of([
      { offset: 0, key: "ключ", value: "日本語 🎉" },
      { offset: 1, value: new Uint8Array([0x61, 0xff]) },
    ]);
    assert.equal(batch.keyText(0), "ключ");
    assert.equal(batch.valueText(0), "日本語 🎉");
    assert.equal(batch.valueText(1), "a\ufffd");
  });

  test("is ASCII when all of it is", () => {
    const isAscii = (value: string | Uint8Array) => Batch.of([{ offset: 0, value }]).ascii;
    assert.deepEqual([isAscii(""), isAscii("all \x7f"), isAscii("é")], [true, true, false]);
    assert.equal(isAscii(new Uint8Array([0x61, 0x80])), false);
  });

  test("hands out views, not copies", () => {
    const batch = Batch.of([{ offset: 0, key: "k", value: "v" }]);
    assert.equal(batch.key(0)!.buffer, batch.value(0)!.buffer);
  });

  test("reaches beyond 2 GiB", (t) => {
    if ("Deno" in globalThis) return t.skip("taskc runs in Bun; Deno's Buffer ends at 2 GiB");
    // Untouched pages of a large buffer cost nothing.
    const start = 2 ** 31 + 10;
    const bytes = new ArrayBuffer(start + 10);
    new Uint8Array(bytes, start).set(Buffer.from("keyvalueab"));
    const columns = new ArrayBuffer(2 * (3 * 8 + 7 * 4) + 2 * 4);
    new Float64Array(columns, 0, 6).set([2 ** 40, 2 ** 41, -1, -1, 0, start]);
    new Int32Array(columns, 48).set(
      [[7, 8], [0, 0], [-1, 3], [2 ** 31 - 1, 5], [0, 1], [-1, 4], [0, 0], [1, 1]].flat(),
    );
    const batch = new Batch([2, false, bytes, columns, true]);
    assert.deepEqual([batch.offset(0), batch.offset(1)], [2 ** 40, 2 ** 41]);
    assert.deepEqual([batch.keyText(1), batch.valueText(1)], ["key", "value"]);
    assert.deepEqual(batch.headers(1).map(([name, value]) => [name, list(value)]), [["a", [98]]]);
    assert.deepEqual([batch.size(0), batch.size(1)], [start, 10]);
  });

  test("may be empty", () => {
    const batch = Batch.of([]);
    assert.deepEqual([batch.count, batch.byteLength, batch.more], [0, 0, false]);
  });
});
