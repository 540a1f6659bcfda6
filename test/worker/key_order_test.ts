/** `order: "key"`: one key after another, whatever its messages do; other keys flow. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { task } from "../../src/task/task.ts";
import { RetryAfter } from "../../src/task/signals.ts";
import { Bench } from "./support/bench.ts";
import { keyed, left, NOTHING, ordered, P0, P1, RETRY } from "./support/keyed.ts";
import { manualTask } from "./support/manual_task.ts";

describe('order: "key"', () => {
  test("the next of a key starts when the one before it is finished; others flow", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2), keyed("b", 3)]);
    await using _ = bench;
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 3]);
    work.run(1).finish();
    await bench.turn(2);
    assert.deepEqual(work.inputs(), [1, 3, 2]);
    work.run(2).finish();
    work.run(3).finish();
    await bench.turn(2);
    assert.deepEqual(left(bench), NOTHING);
    await bench.advance(1000);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });

  test("what is behind another holds no slot, counts as waiting, and is bounded by --max-waiting", async () => {
    const messages = Array.from({ length: 20 }, (_, at) => keyed("hot", at));
    const { bench, work } = await ordered([...messages, keyed("cold", 99)], {
      options: { concurrency: 2, maxWaiting: 5 },
    });
    await using _ = bench;
    await bench.turn(20);
    assert.deepEqual(work.inputs(), [0]);
    const { runner, tasks } = bench.worker;
    assert.deepEqual([runner.slots.inFlight, runner.waiting, tasks[0]!.waiting], [1, 5, 5]);
    assert.equal(bench.consumer.positions.get("work/0"), 6, "the rest stays in Kafka");
    for (let at = 0; at < 20; at++) {
      work.run(at).finish();
      await bench.turn(3);
    }
    assert.deepEqual(work.inputs().filter((input) => input !== 99), messages.map((_, at) => at));
    work.run(99).finish();
    await bench.turn(2);
    assert.deepEqual(left(bench), NOTHING);
  });

  test("a retry waits in its place", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2), keyed("b", 3)]);
    await using _ = bench;
    work.run(1).fail(new Error("no"));
    await bench.turn(3);
    await bench.advance(999, 3);
    assert.deepEqual(work.inputs(), [1, 3]);
    await bench.advance(1, 3);
    assert.deepEqual(work.inputs(), [1, 3, 1]);
    work.run(1).finish();
    await bench.turn(3);
    assert.deepEqual(work.inputs(), [1, 3, 1, 2]);
  });

  test("RetryAfter waits for no longer than the policy's max", async () => {
    const { bench, work } = await ordered([keyed("a", 1)]);
    await using _ = bench;
    work.run(1).fail(new RetryAfter("1h"));
    await bench.turn(3);
    await bench.advance(1000, 3);
    assert.equal(work.runs.length, 2);
  });

  test("an attempt past its time limit keeps its key until it settles or is abandoned", async () => {
    for (const end of ["settles", "is abandoned"]) {
      const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)], {
        settings: { timeout: "30s", retry: { attempts: 1 } },
      });
      await using _ = bench;
      await bench.advance(30_000, 3);
      await bench.advance(9999, 3);
      assert.deepEqual(work.inputs(), [1]);
      if (end === "settles") work.run(1).fail(new Error("aborted"));
      else bench.clock.advance(1);
      await bench.until(`2 to start when 1 ${end}`, () => work.inputs().length === 2);
      assert.equal(bench.stats.of("dead").length, 1, "1 is given up before");
    }
  });

  test("the next of a key waits for the dead letter's acknowledgement, a refused one included", async () => {
    const { bench, work } = await ordered([keyed("a", 1), keyed("a", 2)], {
      settings: { retry: { attempts: 1 } },
    });
    await using _ = bench;
    bench.producer.refuse = () => new Error("no such topic");
    work.run(1).fail(new Error("no"));
    await bench.turn(3);
    assert.equal(bench.stats.of("dead-letter-refused").length, 1);
    bench.producer.refuse = () => null;
    bench.producer.answers = "on command";
    await bench.advance(1000, 3);
    assert.deepEqual(work.inputs(), [1]);
    bench.producer.sent.at(-1)!.acknowledge();
    await bench.until("2", () => work.inputs().length === 2);
  });

  test("messages without a key are unordered; an empty key is a key", async () => {
    const { bench, work } = await ordered([
      keyed(null, 1),
      keyed(null, 2),
      keyed("", 3),
      keyed("", 4),
    ]);
    await using _ = bench;
    assert.deepEqual(work.inputs(), [1, 2, 3]);
  });

  test("keys are compared by their bytes, text or not", async () => {
    const bytes = (...values: number[]) => new Uint8Array(values);
    // All of them are the same text: U+FFFD.
    const { bench, work } = await ordered([
      keyed(bytes(0xff), 1),
      keyed(bytes(0xfe), 2),
      keyed(bytes(0xef, 0xbf, 0xbd), 3),
      keyed(bytes(0xff), 4),
      keyed(bytes(0), 5),
      keyed(bytes(0, 0), 6),
    ]);
    await using _ = bench;
    assert.deepEqual(work.inputs(), [1, 2, 3, 5, 6]);
  });

  test("the same key in two partitions is two keys, and so it is for two tasks of one topic", async () => {
    const first = manualTask({ topic: "work", order: "key" });
    const second = manualTask({ topic: "work", order: "key" });
    const third = manualTask({ topic: "work" });
    await using bench = new Bench({
      first: first.task,
      second: second.task,
      third: third.task,
    });
    bench.consumer.append("work", 0, keyed("a", 1, "first"), keyed("a", 2, "second"));
    bench.consumer.append("work", 0, keyed("a", 3, "first"), keyed("a", 4, "third"));
    bench.consumer.append("work", 1, keyed("a", 5, "first"));
    await bench.assign(P0, P1);
    assert.deepEqual(
      [first, second, third].map(({ inputs }) => inputs()),
      [[1, 5], [2], [4]],
    );
  });

  test("an unroutable message takes no key", async () => {
    const { bench, work } = await ordered([keyed("a", 1, "other"), keyed("a", 2, "work")]);
    await using _ = bench;
    assert.deepEqual(work.inputs(), [2]);
    work.run(2).finish();
    await bench.turn(2);
    assert.deepEqual(left(bench), NOTHING);
  });

  test("100,000 keys leave nothing behind", async () => {
    const work = task({ topic: "work", order: "key", run: async () => {} });
    await using bench = new Bench({ work }, { maxBytes: 1 << 30 });
    const messages = Array.from({ length: 100_000 }, (_, at) => keyed(`key ${at}`, at));
    bench.consumer.append("work", 0, ...messages);
    await bench.assign(P0);
    await bench.until("all", () => bench.stats.counts.get("work")!.done === messages.length);
    assert.deepEqual(left(bench), NOTHING);
  });

  test("holds under any interleaving: each key's runs are in order and one at a time", async () => {
    const deeds = fc.array(
      fc.record({
        do: fc.constantFrom("finish", "fail", "turn", "wait", "revoke", "lose"),
        at: fc.nat({ max: 50 }),
      }),
      { maxLength: 60 },
    );
    const keys = fc.array(fc.constantFrom("a", "b", "c", null), { minLength: 1, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(keys, deeds, fc.nat({ max: 6 }), async (keys, deeds, maxWaiting) => {
        const { bench, work } = await ordered(keys.map((key, at) => keyed(key, at)), {
          options: { concurrency: 4, maxWaiting: maxWaiting + 1 },
          settings: { retry: { ...RETRY, attempts: 3 } },
        });
        await using _ = bench;
        // Of this assignment; a new one begins where the commits are.
        let since = 0;
        const ended = new Set<unknown>();
        const open = () => work.runs.slice(since).filter(({ context }) => !ended.has(context));
        const check = () => {
          const running = open().map(({ context }) => context.key).filter((key) => key !== null);
          assert.equal(new Set(running).size, running.length, "one at a time");
          for (const key of ["a", "b", "c"]) {
            const offsets = work.runs.slice(since).filter(({ context }) => context.key === key)
              .map(({ context }) => context.offset);
            assert.deepEqual(offsets, offsets.toSorted((a, b) => a - b), `order of ${key}`);
          }
          const { runner, tasks } = bench.worker;
          assert.equal(runner.waiting, tasks[0]!.waiting);
          assert.ok(runner.slots.inFlight <= 4);
        };
        const settle = (run: ReturnType<typeof open>[number], how: string) => {
          ended.add(run.context);
          if (how === "fail") run.fail(new Error("no"));
          else run.finish();
        };
        for (const deed of deeds) {
          const runs = open();
          const run = runs[deed.at % Math.max(1, runs.length)];
          if (deed.do === "turn") await bench.turn();
          else if (deed.do === "wait") await bench.advance(1000);
          else if (deed.do === "revoke" || deed.do === "lose") {
            bench.consumer.change(deed.do === "revoke" ? "revoke" : "lost", P0);
            if (deed.do === "revoke") { for (const one of open()) settle(one, "finish"); }
            await bench.turn(4);
            since = work.runs.length;
            await bench.assign(P0);
          } else if (run) settle(run, deed.do);
          check();
        }
        await bench.until("all of it", () => {
          for (const run of open()) settle(run, "finish");
          bench.clock.advance(1000);
          check();
          return bench.consumer.committed.get("work/0") === keys.length;
        });
        // Those of lost assignments, which nobody has waited for.
        for (const run of work.runs) if (!ended.has(run.context)) run.finish();
        await bench.turn(2);
        assert.deepEqual(left(bench), NOTHING);
      }),
      { numRuns: 60 },
    );
  });
});
