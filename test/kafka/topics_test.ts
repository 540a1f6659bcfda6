import assert from "node:assert/strict";
import { test } from "node:test";
import { lookForTopics, type TopicSource } from "../../src/kafka/topics.ts";

/** Brokers that learn of topics late: what each asking is told, the last for ever. */
function brokers(...answers: Record<string, number>[]): TopicSource & { asked: number } {
  return {
    asked: 0,
    partitionCounts() {
      const answer = answers[Math.min(this.asked++, answers.length - 1)]!;
      return Promise.resolve(new Map(Object.entries(answer)));
    },
  };
}

test("a topic that a broker does not know of at first is found", async () => {
  const source = brokers({ old: 1 }, { old: 1 }, { old: 1, young: 3 });
  const counts = await lookForTopics(source, ["old", "young"]);
  assert.deepEqual([...counts], [["old", 1], ["young", 3]]);
  assert.equal(source.asked, 3);
});

test("topics that are all there are asked for once", async () => {
  const source = brokers({ old: 1, other: 2 });
  assert.equal((await lookForTopics(source, ["old"])).get("old"), 1);
  assert.equal(source.asked, 1);
});

test("a topic that stays away ends the looking, with what is there", async () => {
  const source = brokers({ old: 1 });
  assert.deepEqual([...await lookForTopics(source, ["old", "missing"])], [["old", 1]]);
  assert.ok(source.asked > 1);
});
