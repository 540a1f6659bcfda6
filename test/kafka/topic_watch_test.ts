import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KafkaError } from "../../src/errors.ts";
import {
  askTopic,
  type TopicChange,
  type TopicState,
  TopicWatch,
} from "../../src/kafka/topic_watch.ts";

describe("TopicWatch", () => {
  test("tells each change once: gone, back, grown", async () => {
    let state: TopicState | Error = { partitions: 2 };
    const told: TopicChange[] = [];
    const ask = () => state instanceof Error ? Promise.reject(state) : Promise.resolve(state);
    const tell = (change: TopicChange) => told.push(change);
    const watch = new TopicWatch(new Map([["work", 2]]), {
      ask,
      askIds: null,
      tell,
      tellIds: () => {},
    });
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

describe("TopicWatch and the ids of topics", () => {
  const ask = (topic: string) =>
    Promise.resolve<TopicState>(topic === "gone" ? { reason: "no such topic" } : { partitions: 1 });

  test("asks once a look for all that are there, and tells those that are known", async () => {
    const asked: (readonly string[])[] = [];
    const told: ReadonlyMap<string, string>[] = [];
    const watch = new TopicWatch(new Map([["a", 1], ["gone", 1], ["b", 1]]), {
      ask,
      askIds: (topics) => {
        asked.push(topics);
        return Promise.resolve(
          new Map<string, string | KafkaError>([["a", "id"], ["b", new KafkaError("no")]]),
        );
      },
      tell: () => {},
      tellIds: (ids) => told.push(ids),
    });
    await watch.look();
    assert.deepEqual([asked, told], [[["a", "b"]], [new Map([["a", "id"]])]]);
  });

  test("goes on looking when nobody tells them", async () => {
    let asked = 0;
    const watch = new TopicWatch(new Map([["a", 1]]), {
      ask,
      askIds: () => Promise.reject(new KafkaError(`${asked++}`)),
      tell: () => {},
      tellIds: () => assert.fail("nothing was told"),
    });
    await watch.look();
    await watch.look();
    assert.equal(asked, 2);
  });
});

describe("askTopic", () => {
  test("gives up an answer that never comes, so that the next look asks again", async () => {
    const { setTimeout } = globalThis;
    // Lost at once, rather than after the client's own time limit.
    globalThis.setTimeout = ((run: () => void) => setTimeout(run, 0)) as typeof setTimeout;
    try {
      let asked = 0;
      const client = { getMetadata: () => asked++ };
      const told: TopicChange[] = [];
      const watch = new TopicWatch(new Map([["work", 2]]), {
        ask: (topic) => askTopic({ client } as never, topic),
        askIds: null,
        tell: (change) => told.push(change),
        tellIds: () => {},
      });
      await assert.rejects(askTopic({ client } as never, "work"), KafkaError);
      await watch.look();
      await watch.look();
      assert.deepEqual([asked, told], [3, []]);
    } finally {
      globalThis.setTimeout = setTimeout;
    }
  });
});
