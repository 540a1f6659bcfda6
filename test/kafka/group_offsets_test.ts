/** Where a group without commits begins, when several of its members start at once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import type { KafkaConsumer } from "../../src/kafka/consumer.ts";
import { type PartitionOffsets, pinStart } from "../../src/kafka/group_offsets.ts";

const NOWHERE: PartitionOffsets = { topic: "t", partition: 0, start: 3, end: 9, committed: -1 };
const LATEST = { kind: "latest" } as const;

/** A consumer whose commits are refused with a code, in a group that has committed this much by then. */
function consumer(code: number | null, committed: number): KafkaConsumer {
  return {
    client: {
      commitSync() {
        if (code !== null) throw Object.assign(new Error("Broker: no"), { code });
      },
    },
    committed: () => Promise.resolve([{ topic: "t", partition: 0, offset: committed }]),
  } as unknown as KafkaConsumer;
}

describe("pinStart", () => {
  test("commits the end for latest, unless the group has commits", async () => {
    assert.deepEqual(await pinStart(consumer(null, -1001), [NOWHERE], LATEST), [
      { ...NOWHERE, committed: 9 },
    ]);
    const begun = [{ ...NOWHERE, committed: 4 }];
    assert.deepEqual(await pinStart(consumer(25, 4), begun, LATEST), begun);
  });

  for (const code of [22, 25, 27]) {
    test(`leaves the start to a member that was quicker (refused with ${code})`, async () => {
      assert.deepEqual(await pinStart(consumer(code, 7), [NOWHERE], LATEST), [
        { ...NOWHERE, committed: 7 },
      ]);
      assert.deepEqual(await pinStart(consumer(code, -1001), [NOWHERE], LATEST), [NOWHERE]);
    });
  }

  test("tells any other refusal", async () => {
    await assert.rejects(pinStart(consumer(30, -1001), [NOWHERE], LATEST), (error) => {
      assert.ok(error instanceof KafkaError);
      assert.equal(error.message, "Cannot set the start of the group: Broker: no");
      return true;
    });
  });
});
