import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type TopicChange, type TopicState, TopicWatch } from "../../src/kafka/topic_watch.ts";

describe("TopicWatch", () => {
  test("tells each change once: gone, back, grown", async () => {
    let state: TopicState | Error = { partitions: 2 };
    const told: TopicChange[] = [];
    const ask = () => state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
    const watch = new TopicWatch(new Map([["work", 2]]), ask, (change) => told.push(change));
    const becomes = async (next: TopicState | Error) => {
      state = next;
      await watch.look();
      await watch.look();
      return told.splice(0);
    };
    assert.deepEqual(await becomes({ partitions: 2 }), []);
    assert.deepEqual(await becomes({ partitions: 4 }), [
      { event: "topic-grown", topic: "work", partitions: 4, before: 2 },
    ]);
    assert.deepEqual(await becomes(new Error("timed out")), [], "nobody answered");
    assert.deepEqual(await becomes({ reason: "no such topic" }), [
      { event: "topic-gone", topic: "work", reason: "no such topic" },
    ]);
    assert.deepEqual(await becomes(new Error("timed out")), []);
    assert.deepEqual(await becomes({ partitions: 1 }), [
      { event: "topic-back", topic: "work", partitions: 1 },
    ]);
    assert.deepEqual(await becomes({ partitions: 2 }), [
      { event: "topic-grown", topic: "work", partitions: 2, before: 1 },
    ]);
  });
});
