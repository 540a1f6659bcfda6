import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { describe, test } from "node:test";
import { ValueBatch } from "../../src/cli/value_batch.ts";

describe("ValueBatch", () => {
  test("gives the bytes of all texts with the length of each, ASCII or not, and begins anew", () => {
    const batch = new ValueBatch();
    for (const texts of [["ab", "", "c"], ["ü", "a", "€\u{1f600}", ""], [], ["x"]]) {
      for (const text of texts) batch.add(text);
      assert.deepEqual([batch.count, batch.characters], [texts.length, texts.join("").length]);
      const { count, bytes, lengths } = batch.take();
      assert.equal(count, texts.length);
      assert.deepEqual(Buffer.from(bytes), Buffer.from(texts.join("")));
      assert.deepEqual([...lengths], texts.map((text) => Buffer.byteLength(text)));
    }
    assert.equal(batch.count, 0);
  });
});
