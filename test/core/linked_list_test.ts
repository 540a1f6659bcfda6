import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { type Linked, LinkedList } from "../../src/core/linked_list.ts";

class Item implements Linked<Item> {
  previous: Item | null = null;
  next: Item | null = null;
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
}

describe("LinkedList", () => {
  test("keeps the order of arrival while items leave from anywhere", () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat({ max: 50 })), { maxLength: 200 }), (steps) => {
        const list = new LinkedList<Item>();
        const model: Item[] = [];
        steps.forEach((step, id) => {
          if (step === null) {
            const item = new Item(id);
            list.append(item);
            model.push(item);
          } else if (model.length > 0) {
            const [item] = model.splice(step % model.length, 1);
            list.remove(item!);
            assert.equal(item!.previous, null);
            assert.equal(item!.next, null);
          }
          assert.equal(list.size, model.length);
          assert.equal(list.first, model[0] ?? null);
          assert.deepEqual([...list].map(({ id }) => id), model.map(({ id }) => id));
        });
      }),
    );
  });

  test("the item at hand may leave during a walk, and join another list", () => {
    const [from, to] = [new LinkedList<Item>(), new LinkedList<Item>()];
    for (let id = 0; id < 5; id++) from.append(new Item(id));
    for (const item of from) {
      if (item.id % 2 === 1) continue;
      from.remove(item);
      to.append(item);
    }
    assert.deepEqual([...from].map(({ id }) => id), [1, 3]);
    assert.deepEqual([...to].map(({ id }) => id), [0, 2, 4]);
  });
});
