import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Context } from "../../src/task/context.ts";
import { Discard } from "../../src/task/signals.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";

/** One message through these hooks; what was called, and the counts that came of it. */
async function runWith(
  hooks: Record<string, (context: Context) => unknown>,
  run: () => unknown = () => {},
) {
  const calls: string[] = [];
  const noted = Object.fromEntries(
    Object.entries(hooks).map(([name, hook]) => [name, (context: Context) => {
      calls.push(`${name} ${context.task} ${context.attempt}`);
      return hook(context);
    }]),
  );
  const work = task({
    retry: { attempts: 2, min: 0, max: 0 },
    run: () => {
      calls.push("run");
      return run();
    },
  });
  await using bench = new Bench({ work, ...noted });
  bench.consumer.append("work", 0, 1);
  await bench.assign({ topic: "work", partition: 0 });
  await bench.until("its end", () => bench.worker.runner.heldBytes === 0);
  const { done, discarded, failed, dead } = bench.stats.counts.get("work")!;
  return { calls, counts: { done, discarded, failed, dead }, dead: bench.stats.of("dead")[0] };
}

const fail = () => {
  throw new Error("no");
};

describe("beforeRun and afterRun", () => {
  test("are called around each attempt, and waited for", async () => {
    const order: string[] = [];
    const { calls, counts } = await runWith({
      beforeRun: async () => {
        await Promise.resolve();
        order.push("before");
      },
      afterRun: async () => {
        await Promise.resolve();
        order.push("after");
      },
    }, () => void order.push("run"));
    assert.deepEqual(calls, ["beforeRun work 1", "run", "afterRun work 1"]);
    assert.deepEqual(order, ["before", "run", "after"]);
    assert.deepEqual(counts, { done: 1, discarded: 0, failed: 0, dead: 0 });
  });

  test("one alone is enough", async () => {
    assert.deepEqual((await runWith({ beforeRun: () => {} })).calls, ["beforeRun work 1", "run"]);
    assert.deepEqual((await runWith({ afterRun: () => {} })).calls, ["run", "afterRun work 1"]);
  });

  test("afterRun is called after a failed run, too, whose error counts", async () => {
    const { calls, dead } = await runWith({ afterRun: () => {} }, fail);
    assert.deepEqual(calls, ["run", "afterRun work 1", "run", "afterRun work 2"]);
    assert.equal(dead?.error, "no");
  });

  test("an afterRun that fails does not hide what the run said of its message", async () => {
    const { counts } = await runWith({ afterRun: fail }, () => {
      throw new Discard("not wanted");
    });
    assert.deepEqual(counts, { done: 0, discarded: 1, failed: 0, dead: 0 });
  });

  test("a beforeRun that fails, fails the attempt: the task does not run", async () => {
    const { calls, counts } = await runWith({ beforeRun: fail, afterRun: () => {} });
    assert.deepEqual(calls, ["beforeRun work 1", "beforeRun work 2"]);
    assert.deepEqual(counts, { done: 0, discarded: 0, failed: 2, dead: 1 });
  });

  test("an afterRun that fails, fails the attempt", async () => {
    const { counts, dead } = await runWith({ afterRun: () => Promise.reject(new Error("after")) });
    assert.deepEqual(counts, { done: 0, discarded: 0, failed: 2, dead: 1 });
    assert.equal(dead?.error, "after");
  });

  test("a beforeRun may discard", async () => {
    const { calls, counts } = await runWith({
      beforeRun: () => {
        throw new Discard("not today");
      },
    });
    assert.deepEqual(calls, ["beforeRun work 1"]);
    assert.deepEqual(counts, { done: 0, discarded: 1, failed: 0, dead: 0 });
  });
});
