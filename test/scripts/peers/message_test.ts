/** The messages that contenders get. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../../../scripts/peers/message.ts";

test("a message is JSON of exactly so many bytes, with a text of its own", () => {
  for (const bytes of [40, 100, 1000]) {
    for (const id of [0, 7, 999_999]) {
      const text = messageOf(id, bytes);
      assert.equal(text.length, bytes);
      assert.deepEqual(Object.keys(JSON.parse(text)), ["id", "name", "ok"]);
      assert.equal(JSON.parse(text).id, id);
    }
  }
  assert.notEqual(messageOf(1, 100), messageOf(2, 100));
});

test("where three fields take more there is one, with the last digits of the id", () => {
  assert.equal(messageOf(123, 10), '{"id":123}');
  assert.equal(messageOf(987_654, 10), '{"id":654}');
  assert.equal(messageOf(5, 10), '{"id":5}  ');
});
