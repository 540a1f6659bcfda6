/** What bounds the messages in this process, and that what is not bounded flows. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const A0 = { topic: "a", partition: 0 };
const B0 = { topic: "b", partition: 0 };
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe("bounds", () => {
  test("--concurrency: at most so many in flight, the next starts when one ends", async () => {
    const { task: a, inputs, run } = manualTask();
    await using bench = new Bench({ a }, { concurrency: 3 });
    bench.consumer.append("a", 0, ...upTo(6));
    await bench.assign(A0);
    await bench.turn(5);
    assert.deepEqual(inputs(), [0, 1, 2]);
    assert.equal(bench.consumer.positions.get("a/0"), 3, "no more is taken than can run");
    run(1).finish();
    await bench.turn(3);
    assert.deepEqual(inputs(), [0, 1, 2, 3]);
  });

  test("runs that have nothing to wait for give back their slot at once, but take turns", async () => {
    const seen: string[] = [];
    const sync = task({ concurrency: 1, run: () => void seen.push("sync") });
    const later = task({ concurrency: 1, run: () => Promise.resolve(void seen.push("async")) });
    await using bench = new Bench({ sync, later }, { concurrency: 3 });
    bench.consumer.append("sync", 0, ...upTo(3));
    await bench.assign({ topic: "sync", partition: 0 }, { topic: "later", partition: 0 });
    await bench.until("all", () => seen.length === 3);
    assert.deepEqual([bench.worker.runner.slots.inFlight, bench.stats.counts.get("sync")!.done], [
      0,
      3,
    ]);
    bench.consumer.append("later", 0, ...upTo(3));
    await bench.until("all", () => bench.stats.counts.get("later")!.done === 3);
    assert.deepEqual(seen.slice(3), ["async", "async", "async"]);
  });

  test("one turn starts no more than may be in flight, however soon they end", async () => {
    const seen: unknown[] = [];
    let open = () => {};
    const gate = new Promise<void>((resolve) => open = resolve);
    const a = task({
      order: "key",
      run: (input: unknown) => {
        seen.push(input);
        if (input === 0) return gate;
      },
    });
    await using bench = new Bench({ a }, { concurrency: 3 });
    const key = new TextEncoder().encode("one");
    bench.consumer.append("a", 0, ...upTo(30).map((value) => ({ key, value: String(value) })));
    await bench.assign(A0);
    await bench.until("all others to wait behind it", () => bench.worker.runner.waiting === 29);
    open();
    const started: number[] = [];
    while (seen.length < 30) {
      const before = seen.length;
      await bench.turn();
      started.push(seen.length - before);
    }
    assert.equal(Math.max(...started), 3);
    assert.deepEqual(seen, upTo(30));
  });

  test("a task's concurrency leaves the others alone", async () => {
    const slow = manualTask({ concurrency: 2 });
    const seen: unknown[] = [];
    const b = task({ run: (input: unknown) => void seen.push(input) });
    await using bench = new Bench({ a: slow.task, b }, { concurrency: 10 });
    bench.consumer.append("a", 0, ...upTo(500));
    bench.consumer.append("b", 0, ...upTo(500));
    await bench.assign(A0, B0);
    await bench.turn(150);
    assert.deepEqual(slow.inputs(), [0, 1]);
    assert.deepEqual(seen, upTo(500));
    assert.equal(bench.consumer.positions.get("a/0"), 2, "what it cannot take stays in Kafka");
  });

  test("tasks that share a topic share its head", async () => {
    const narrow = manualTask({ topic: "a", concurrency: 1 });
    const wide = manualTask({ topic: "a" });
    await using bench = new Bench({ narrow: narrow.task, wide: wide.task });
    const typed = (type: string, value: number) => ({
      value: String(value),
      headers: [["ce_type", type]] as const,
    });
    bench.consumer.append("a", 0, typed("narrow", 1), typed("wide", 2), typed("wide", 3));
    await bench.assign(A0);
    await bench.turn(5);
    assert.deepEqual([narrow.inputs(), wide.inputs()], [[1], []]);
    narrow.run(1).finish();
    await bench.turn(10);
    assert.deepEqual(wide.inputs(), [2, 3]);
  });

  test("--max-waiting: the topics of those that wait give nothing more, others go on", async () => {
    const failing = task({
      topic: "a",
      retry: { attempts: 2, min: "1h", max: "1h", jitter: "none" },
      run: () => {
        throw new Error("no");
      },
    });
    const seen: unknown[] = [];
    const b = task({ run: (input: unknown) => void seen.push(input) });
    await using bench = new Bench({ a: failing, b }, { maxWaiting: 5, concurrency: 2 });
    bench.consumer.append("a", 0, ...upTo(50));
    bench.consumer.append("b", 0, ...upTo(50));
    await bench.assign(A0, B0);
    await bench.turn(100);
    const { waiting } = bench.worker.runner;
    assert.ok(waiting >= 5 && waiting < 5 + 2, `${waiting} wait`);
    assert.deepEqual(seen, upTo(50));
    await bench.advance(3_600_000, 10);
    assert.ok(bench.stats.counts.get("a")!.dead >= 5, "and it goes on when they are gone");
  });

  test("--max-bytes: half of it is for held messages; at the bound nothing is taken", async () => {
    const { task: a, inputs, run } = manualTask({ decode: "text" });
    await using bench = new Bench({ a }, { maxBytes: 2000 });
    const big = (name: string) => ({ value: name.repeat(400) });
    bench.consumer.append("a", 0, big("a"), big("b"), big("c"), big("d"), big("e"));
    await bench.assign(A0);
    await bench.turn(5);
    assert.equal(inputs().length, 3, "the message that crosses the bound is the last");
    assert.equal(bench.worker.runner.heldBytes, 1200);
    run("a".repeat(400)).finish();
    await bench.turn(3);
    assert.equal(inputs().length, 4);
    assert.equal(bench.worker.runner.heldBytes, 1200);
  });

  test("--max-ahead: a partition too far ahead of its watermark is not polled until it caught up", async () => {
    const { task: a, inputs, run } = manualTask();
    await using bench = new Bench({ a }, { maxAhead: 5, concurrency: 2 });
    bench.consumer.append("a", 0, ...upTo(20));
    bench.consumer.append("a", 1, 100, 101);
    await bench.assign(A0, { topic: "a", partition: 1 });
    for (const input of [1, 2, 3, 4]) {
      await bench.until(`${input} to start`, () => inputs().includes(input));
      run(input).finish();
    }
    await bench.turn(5);
    assert.equal(bench.consumer.isBlocked("a", 0), true);
    assert.deepEqual(inputs(), [0, 1, 2, 3, 4, 100], "the other partition flows");
    run(0).finish();
    await bench.turn(3);
    assert.equal(bench.consumer.isBlocked("a", 0), false);
    assert.equal(inputs().at(-1), 5);
  });

  test("hold whatever tasks do, and come back to nothing", async () => {
    const deeds = fc.array(fc.constantFrom("finish", "fail", "turn", "wait"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(deeds, fc.nat(), async (deeds, seed) => {
        const a = manualTask({ concurrency: 3, retry: { attempts: 2, min: "1s", max: "2s" } });
        const b = manualTask({ retry: { attempts: 3, min: 0, max: 0 } });
        await using bench = new Bench({ a: a.task, b: b.task }, { concurrency: 5, maxWaiting: 4 });
        const { runner, tasks } = bench.worker;
        bench.consumer.append("a", 0, ...upTo(30));
        bench.consumer.append("b", 0, ...upTo(30));
        await bench.assign(A0, B0);
        const open = () => [...a.runs, ...b.runs].filter(({ context }) => !ended.has(context));
        const ended = new Set<unknown>();
        const check = () => {
          assert.ok(runner.slots.inFlight <= 5 && tasks[0]!.inFlight <= 3);
          const { due, slots: { inFlight }, waiting } = runner;
          const sums = (["inFlight", "due", "waiting"] as const).map((figure) =>
            tasks[0]![figure] + tasks[1]![figure]
          );
          assert.deepEqual([inFlight, due, waiting], sums);
        };
        for (const [index, deed] of deeds.entries()) {
          const runs = open();
          const run = runs[(seed + index) % Math.max(1, runs.length)];
          if (deed === "turn") await bench.turn();
          else if (deed === "wait") await bench.advance(1000);
          else if (run) {
            ended.add(run.context);
            if (deed === "finish") run.finish();
            else run.fail(new Error("no"));
          }
          check();
        }
        await bench.until("all of it", () => {
          for (const run of open()) {
            ended.add(run.context);
            run.finish();
          }
          bench.clock.advance(1000);
          check();
          return bench.consumer.committed.get("a/0") === 30 &&
            bench.consumer.committed.get("b/0") === 30;
        });
        assert.deepEqual(
          [
            runner.slots.inFlight,
            runner.due,
            runner.waiting,
            runner.heldBytes,
            runner.burials.inFlight,
          ],
          [0, 0, 0, 0, 0],
        );
      }),
      { numRuns: 40 },
    );
  });
});
