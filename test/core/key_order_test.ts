import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { KeyOrder } from "../../src/core/key_order.ts";
import type { Linked } from "../../src/core/linked_list.ts";

class Item implements Linked<Item> {
  previous: Item | null = null;
  next: Item | null = null;
  readonly key: string;
  readonly number: number;

  constructor(key: string, number: number) {
    this.key = key;
    this.number = number;
  }
}

/** The same with one list of all: the first of a key in it is its holder. */
class Model {
  all: Item[] = [];

  take(item: Item): boolean {
    this.all.push(item);
    return this.holder(item.key) === item;
  }

  release(key: string): Item | null {
    this.drop(this.holder(key)!);
    return this.holder(key);
  }

  drop(item: Item): void {
    this.all = this.all.filter((one) => one !== item);
  }

  holder(key: string): Item | null {
    return this.all.find((one) => one.key === key) ?? null;
  }

  get holders(): Item[] {
    return this.all.filter((one) => this.holder(one.key) === one);
  }

  get waiting(): Item[] {
    return this.all.filter((one) => this.holder(one.key) !== one);
  }
}

const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("take" as const), key: fc.constantFrom("a", "b", "") }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("release" as const), at: fc.nat({ max: 100 }) }),
  },
  fc.record({ do: fc.constant("drop" as const), at: fc.nat({ max: 100 }) }),
);

describe("KeyOrder", () => {
  test("gives a key to one at a time, in the order in which they asked", () => {
    const order = new KeyOrder<Item>();
    const [first, second, third, other] = ["a", "a", "a", "b"].map((key, at) => new Item(key, at));
    assert.equal(order.take("a", first!), true);
    assert.equal(order.take("a", second!), false);
    assert.equal(order.take("b", other!), true, "another key flows");
    assert.equal(order.take("a", third!), false);
    assert.equal(order.release("a"), second);
    assert.equal(order.release("a"), third);
    assert.equal(order.release("a"), null);
    assert.equal(order.take("a", first!), true);
  });

  test("does what the model does, whatever comes in whatever order", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const [order, model] = [new KeyOrder<Item>(), new Model()];
      const ran: Item[] = [];
      for (const [number, step] of steps.entries()) {
        if (step.do === "take") {
          const item = new Item(step.key, number);
          const holds = model.take(item);
          assert.equal(order.take(item.key, item), holds);
          if (holds) ran.push(item);
        } else if (step.do === "release") {
          const { holders } = model;
          const holder = holders[step.at % Math.max(1, holders.length)];
          if (!holder) continue;
          const next = model.release(holder.key);
          assert.equal(order.release(holder.key), next);
          if (next) ran.push(next);
        } else {
          const { waiting } = model;
          const item = waiting[step.at % Math.max(1, waiting.length)];
          if (!item) continue;
          model.drop(item);
          order.drop(item.key, item);
        }
        assert.equal(order.size, model.holders.length);
      }
      for (const key of new Set(ran.map(({ key }) => key))) {
        const numbers = ran.filter((item) => item.key === key).map(({ number }) => number);
        assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b), `the order of "${key}"`);
      }
    }));
  });

  test("keeps nothing of 100,000 keys that came and went", () => {
    const order = new KeyOrder<Item>();
    const keys = Array.from({ length: 100_000 }, (_, at) => `key ${at}`);
    for (const key of keys) {
      order.take(key, new Item(key, 0));
      order.take(key, new Item(key, 1));
    }
    assert.equal(order.size, 100_000);
    for (const key of keys) {
      assert.equal(order.release(key)?.number, 1);
      assert.equal(order.release(key), null);
    }
    assert.equal(order.size, 0);
  });
});
