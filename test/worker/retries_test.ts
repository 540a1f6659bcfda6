import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DeadLetter, Discard, RetryAfter } from "../../src/task/signals.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import { headersOf } from "./support/fake_producer.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const RETRY = { attempts: 3, min: "1s", max: "10s", factor: 3, jitter: "none" } as const;

describe("a failed attempt", () => {
  test("is followed by the next when the policy's wait is over, and holds no slot meanwhile", async () => {
    const { task: work, runs } = manualTask({ topic: "work", retry: RETRY });
    await using bench = new Bench({ work }, { concurrency: 1 });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    runs[0]!.fail(new Error("first"));
    await bench.turn(2);
    assert.equal(bench.worker.runner.slots.inFlight, 0);
    assert.equal(bench.worker.runner.waiting, 1);
    await bench.advance(999);
    assert.equal(runs.length, 1);
    await bench.advance(1);
    assert.equal(runs.length, 2);
    runs[1]!.fail(new Error("second"));
    await bench.turn(2);
    await bench.advance(2999);
    assert.equal(runs.length, 2);
    await bench.advance(1);
    assert.deepEqual(runs.map(({ context }) => context.attempt), [1, 2, 3]);
    runs[2]!.finish();
    await bench.turn(2);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    const { started, done, failed, retried, dead } = bench.stats.counts.get("work")!;
    assert.deepEqual([started, done, failed, retried, dead], [3, 1, 2, 2, 0]);
    assert.equal(bench.worker.runner.heldBytes, 0);
  });

  test("is told once for each message, with its class and where it failed", async () => {
    const { task: work, runs } = manualTask({ topic: "work", retry: RETRY });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    for (const at of [0, 1, 2]) {
      runs[at]!.fail(new TypeError(`no such size ${at}`));
      await bench.turn(2);
      await bench.advance(10_000);
    }
    const told = bench.stats.of("retrying");
    assert.equal(told.length, 1);
    assert.equal(told[0]!.retryInMs, 1000);
    assert.match(told[0]!.error, /^TypeError: no such size 0 \(retries_test\.ts:\d+:\d+\)$/);
  });

  test("that was the only one is told so with its dead letter", async () => {
    const { task: work, runs } = manualTask({ topic: "work", retry: { attempts: 1 } });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    runs[0]!.fail(new TypeError("no such table"));
    await bench.turn(3);
    const [first] = bench.stats.of("dead");
    assert.match(first!.error, /^TypeError: no such table \(retries_test\.ts:\d+:\d+\)$/);
    const headers = headersOf(bench.producer.sent[0]!.message);
    assert.equal(headers["taskc-error"], "no such table");
  });

  test("draws its wait with full jitter from the worker's random numbers", async () => {
    const { task: work, runs } = manualTask({ topic: "work", retry: { min: "10s" } });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    runs[0]!.fail(new Error("no"));
    await bench.turn(2);
    // The bench's random number is 0.5.
    await bench.advance(4999);
    assert.equal(runs.length, 1);
    await bench.advance(1);
    assert.equal(runs.length, 2);
  });

  test("the last one sends the message to the dead letters", async () => {
    let attempts = 0;
    const work = task({
      topic: "work",
      retry: { ...RETRY, min: 0, max: 0 },
      run: () => {
        attempts++;
        throw new Error(`attempt ${attempts}`);
      },
    });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("the dead letter", () => bench.stats.of("dead").length === 1);
    assert.equal(attempts, 3);
    assert.deepEqual(bench.stats.of("dead")[0], {
      event: "dead",
      task: "work",
      ...P0,
      offset: 0,
      attempts: 3,
      error: "attempt 3",
      deadLetterTopic: "g.work.dead",
    });
    const { failed, retried, dead } = bench.stats.counts.get("work")!;
    assert.deepEqual([failed, retried, dead], [3, 2, 1]);
  });

  test("goes before new messages when its wait is over", async () => {
    const { task: work, runs, inputs } = manualTask({ topic: "work", retry: RETRY });
    await using bench = new Bench({ work }, { concurrency: 1 });
    bench.consumer.append("work", 0, 1, 2, 3);
    await bench.assign(P0);
    runs[0]!.fail(new Error("no"));
    await bench.until("the next message", () => runs.length === 2);
    await bench.advance(1000);
    assert.deepEqual(inputs(), [1, 2], "the slot is taken");
    runs[1]!.finish();
    await bench.turn(3);
    assert.deepEqual(inputs(), [1, 2, 1]);
  });

  test("that could not start for want of a slot starts with the first that is free", async () => {
    const { task: work, runs, inputs } = manualTask({
      topic: "work",
      concurrency: 2,
      retry: RETRY,
    });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1, 2, 3, 4);
    await bench.assign(P0);
    runs[0]!.fail(new Error("no"));
    runs[1]!.fail(new Error("no"));
    await bench.until("two more", () => runs.length === 4);
    await bench.advance(1000, 5);
    assert.equal(bench.worker.runner.due, 2);
    runs[2]!.finish();
    await bench.turn(3);
    assert.deepEqual(inputs(), [1, 2, 3, 4, 1]);
    assert.equal(bench.worker.runner.due, 1);
  });
});

describe("what a task throws", () => {
  /** Runs one message whose first attempt throws that. */
  async function throwOnce(error: unknown, retry: object = RETRY): Promise<Bench> {
    let attempts = 0;
    const work = task({
      topic: "work",
      retry,
      run: () => {
        if (attempts++ === 0) throw error;
      },
    });
    const bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.turn(3);
    return bench;
  }

  test("Discard: finished, counted, not retried, no dead letter", async () => {
    await using bench = await throwOnce(new Discard("not wanted"));
    await bench.advance(60_000);
    const { started, discarded, failed } = bench.stats.counts.get("work")!;
    assert.deepEqual([started, discarded, failed], [1, 1, 0]);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
    assert.equal(bench.producer.sent.length, 0);
  });

  test("DeadLetter: no further attempt", async () => {
    await using bench = await throwOnce(new DeadLetter("broken for good"));
    await bench.advance(60_000);
    const { started, failed, retried, dead } = bench.stats.counts.get("work")!;
    assert.deepEqual([started, failed, retried, dead], [1, 1, 0, 1]);
    const headers = headersOf(bench.producer.sent[0]!.message);
    assert.equal(headers["taskc-error"], "broken for good");
    assert.equal(headers["taskc-error-name"], "DeadLetter");
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("RetryAfter: the next attempt comes then, whatever the policy's waits", async () => {
    await using bench = await throwOnce(new RetryAfter("45s"));
    await bench.advance(44_999);
    assert.equal(bench.stats.counts.get("work")!.started, 1);
    await bench.advance(1, 3);
    const { started, done, retried } = bench.stats.counts.get("work")!;
    assert.deepEqual([started, done, retried], [2, 1, 1]);
  });

  test("RetryAfter counts as an attempt: after the last there is none", async () => {
    await using bench = await throwOnce(new RetryAfter("1s"), { attempts: 1 });
    await bench.turn(3);
    assert.equal(bench.stats.counts.get("work")!.dead, 1);
  });

  test("anything at all: undefined, null, text, and what cannot become text", async () => {
    const hostile = Object.create(null, {
      toString: {
        value: () => {
          throw new Error("hostile");
        },
      },
    });
    for (
      const [thrown, told] of [
        [undefined, "undefined"],
        [null, "null"],
        ["text", "text"],
        [Symbol("s"), "Symbol(s)"],
        [hostile, "an error that cannot be shown"],
      ] as const
    ) {
      await using bench = await throwOnce(thrown, { attempts: 1 });
      await bench.turn(3);
      assert.equal(bench.stats.of("dead")[0]?.error, told);
    }
  });
});

describe("what a task returns", () => {
  /** Runs one message whose task returns that; tells the name of the counter it ends in. */
  async function returnOnce(make: () => unknown): Promise<string> {
    const work = task({ topic: "work", retry: { attempts: 1 }, run: () => make() });
    await using bench = new Bench({ work });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.until("its end", () => bench.worker.runner.heldBytes === 0);
    const { done, dead } = bench.stats.counts.get("work")!;
    return done === 1 ? "done" : dead === 1 ? "dead" : "neither";
  }

  test("a thenable that is no promise is awaited", async () => {
    // deno-lint-ignore no-explicit-any
    const lazy = (settle: (resolve: any, reject: any) => void) => ({ then: settle });
    assert.equal(await returnOnce(() => lazy((resolve) => resolve(1))), "done");
    assert.equal(await returnOnce(() => lazy((_, reject) => reject(new Error("no")))), "dead");
  });

  test("a thenable that throws fails the attempt, not the worker", async () => {
    const throwing = {
      then() {
        throw new Error("no");
      },
    };
    assert.equal(await returnOnce(() => throwing), "dead");
    const booby = {
      get then() {
        throw new Error("no");
      },
    };
    assert.equal(await returnOnce(() => booby), "dead");
  });

  test("a plain value is ignored", async () => {
    for (const value of [undefined, null, 0, "x", { then: 1 }, () => {}]) {
      assert.equal(await returnOnce(() => value), "done");
    }
  });
});
