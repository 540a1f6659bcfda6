import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { DelayQueue } from "../../src/core/delay_queue.ts";

interface Entry {
  due: number;
  id: number;
}

type Step =
  | { do: "push"; due: number }
  | { do: "take"; now: number }
  | { do: "remove"; remainder: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("push" as const), due: fc.nat({ max: 30 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("take" as const), now: fc.nat({ max: 30 }) }),
  },
  fc.record({ do: fc.constant("remove" as const), remainder: fc.nat({ max: 2 }) }),
);

/** The sort is stable, so those of one time stay in order of arrival. */
function sortByDue(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => a.due - b.due);
}

describe("DelayQueue", () => {
  test("is a list sorted by time and arrival", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new DelayQueue<Entry>();
        let model: Entry[] = [];
        let id = 0;
        for (const step of steps) {
          if (step.do === "push") {
            const entry = { due: step.due, id: id++ };
            queue.push(step.due, entry);
            model = sortByDue([...model, entry]);
          } else if (step.do === "take") {
            const expected = model[0] && model[0].due <= step.now ? model.shift() : undefined;
            assert.deepEqual(queue.take(step.now), expected);
          } else {
            const drop = (entry: Entry) => entry.id % 3 === step.remainder;
            assert.equal(queue.remove(drop), model.filter(drop).length);
            model = model.filter((entry) => !drop(entry));
          }
          assert.equal(queue.size, model.length);
          assert.equal(queue.nextDue, model[0]?.due ?? Infinity);
        }
        assert.deepEqual(
          Array.from({ length: queue.size }, () => queue.take(Infinity)),
          model,
        );
        assert.equal(queue.take(Infinity), undefined);
      }),
      { numRuns: 300 },
    );
  });

  test("nothing leaves before its time", () => {
    const queue = new DelayQueue<string>();
    queue.push(10, "a");
    assert.equal(queue.take(9.999), undefined);
    assert.equal(queue.take(10), "a");
  });
});
