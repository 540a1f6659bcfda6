import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import { callWithin } from "../../src/kafka/rdkafka.ts";

describe("callWithin", () => {
  test("gives the answer, or the error, as it comes", async () => {
    assert.equal(await callWithin<number>(60_000, "it", (done) => done(null, 7)), 7);
    await assert.rejects(callWithin(60_000, "it", (done) => done(new Error("no"))), /no/);
  });

  test("gives an answer up that never comes, and says which", async () => {
    await assert.rejects(callWithin(1, "the group's commits", () => {}), (error) => {
      assert.ok(error instanceof KafkaError);
      assert.match(error.message, /did not answer within 0.001 s: the group's commits/);
      return true;
    });
  });
});
