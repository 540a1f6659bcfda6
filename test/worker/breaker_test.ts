/** The breaker: broken code gives up a bounded number of messages, and then waits until it works again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PROBES_TO_CLOSE } from "../../src/core/breaker.ts";
import { DeadLetter, Discard } from "../../src/task/signals.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import { nextProbe, NO, opened, P0, running, stateOf, upTo } from "./support/breaking.ts";
import { keyed } from "./support/keyed.ts";
import { manualTask } from "./support/manual_task.ts";

describe("a breaker opens", () => {
  test("at so many dead letters on end; then nothing of its task is taken, and an event tells why", async () => {
    const { bench, work } = await opened({ messages: 50 });
    await using _ = bench;
    assert.deepEqual(bench.stats.of("dead").map(({ offset }) => offset), [0, 1, 2]);
    const [event] = bench.stats.of("breaker-open");
    assert.equal(event!.task, "work");
    assert.equal(event!.reason, "3 messages on end were given up");
    assert.match(event!.error!, /^no/);
    assert.equal(bench.worker.tasks[0]!.breakerOpen, true);
    await bench.turn(10);
    assert.deepEqual(work.inputs(), [0, 1, 2, 3, 4]);
    assert.equal(bench.consumer.positions.get("work/0"), 5);
  });

  test("and what was in flight or due is parked: unfinished, without a slot, and no dead letter", async () => {
    const { bench, work } = await opened();
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    assert.equal(bench.stats.of("dead").length, 3);
    const { runner } = bench.worker;
    assert.deepEqual([runner.slots.inFlight, runner.waiting, runner.due], [0, 2, 0]);
    await bench.advance(500, 3);
    assert.equal(bench.consumer.commits.at(-1)?.at(-1)?.offset ?? 3, 3, "the watermark stays");
  });

  test("at a ratio of dead letters among successes", async () => {
    const { bench, work } = await running({
      messages: 200,
      options: { concurrency: 200, breaker: { run: null, ratio: 0.5 } },
    });
    await using _ = bench;
    for (const input of upTo(98)) {
      if (input % 2 === 0) work.run(input).finish();
      else work.run(input).fail(NO);
    }
    await bench.turn(3);
    assert.equal(stateOf(bench), "closed");
    work.run(98).finish();
    work.run(99).fail(NO);
    await bench.turn(3);
    assert.equal(stateOf(bench), "open");
    assert.equal(
      bench.stats.of("breaker-open")[0]!.reason,
      "50 of the last 100 messages were given up",
    );
  });

  test("for payloads that do not fit", async () => {
    const { bench } = await running({ messages: 0 });
    await using _ = bench;
    for (let i = 0; i < 10; i++) bench.consumer.append("work", 0, { value: "{" });
    await bench.turn(6);
    assert.equal(stateOf(bench), "open");
    assert.equal(bench.stats.of("dead").length, 3);
  });

  test("not for what the code decided, nor for what no task takes, nor for attempts that are retried", async () => {
    const work = task({
      topic: "work",
      retry: { attempts: 3, min: 0, max: 0 },
      run: (input: number, { attempt }) => {
        if (input % 3 === 0) throw new DeadLetter("bad data");
        if (input % 3 === 1) throw new Discard("old");
        if (attempt < 3) throw NO;
      },
    });
    const breaker = { run: 3, ratio: 0.01 };
    await using bench = new Bench({ work }, { concurrency: 5, breaker });
    bench.consumer.append("work", 0, ...upTo(300));
    for (let i = 0; i < 100; i++) {
      bench.consumer.append("work", 0, { value: "1", headers: [["ce_type", "other"]] });
    }
    await bench.assign(P0);
    await bench.until("all", () => {
      bench.clock.advance(1000);
      return bench.consumer.committed.get("work/0") === 400;
    });
    assert.equal(bench.stats.of("dead").length, 200);
    assert.deepEqual(bench.stats.of("breaker-open"), []);
  });

  test("and closes again, though a message that gets no further attempt is parked as well", async () => {
    const work = manualTask({ topic: "work", order: "key", retry: { attempts: 1 } });
    await using bench = new Bench({ work: work.task }, { breaker: { run: 3, ratio: null } });
    await bench.assign(P0);
    // As an earlier worker has left it, which could not write its dead letter.
    const [partition] = bench.worker.assignments.partitions;
    partition!.commits.noteFailed(1, 1);
    const others = upTo(12).map((n) => keyed(`b${n}`, 10 + n));
    bench.consumer.append("work", 0, keyed("a", 1), keyed("a", 2), ...others);
    await bench.turn(2);
    // It waits for the one before it of its key, which ends while the breaker is open.
    for (const input of [10, 11, 12]) work.run(input).fail(NO);
    await bench.turn(4);
    assert.equal(stateOf(bench), "open");
    work.run(1).finish();
    await bench.turn(2);
    assert.equal(bench.worker.tasks[0]!.parked.size, 1);
    for (const n of upTo(9)) work.run(13 + n).fail(NO);
    await bench.turn(4);
    for (let probe = 0; probe < PROBES_TO_CLOSE + 1; probe++) {
      await nextProbe(bench);
      const { running } = bench.worker.tasks[0]!;
      if (running.size > 0) work.runs.at(-1)!.finish();
      await bench.turn(6);
    }
    assert.equal(stateOf(bench), "closed");
    assert.equal(work.inputs().includes(2), false);
    assert.equal(bench.stats.of("dead").length, 4);
  });

  test("of one task alone: others flow", async () => {
    const broken = task({ topic: "work", retry: { attempts: 1 }, run: () => Promise.reject(NO) });
    const seen: unknown[] = [];
    const good = task({ topic: "other", run: (input: unknown) => void seen.push(input) });
    const options = { concurrency: 4, maxWaiting: 3, breaker: { run: 3, ratio: null } };
    await using bench = new Bench({ broken, good }, options);
    bench.consumer.append("work", 0, ...upTo(50));
    bench.consumer.append("other", 0, ...upTo(50));
    await bench.assign(P0, { topic: "other", partition: 0 });
    await bench.turn(60);
    assert.deepEqual(seen, upTo(50));
    assert.equal(bench.stats.of("dead").length, 3);
  });

  test("tasks that share a topic share its head: they wait with it", async () => {
    const broken = task({ topic: "work", retry: { attempts: 1 }, run: () => Promise.reject(NO) });
    const seen: unknown[] = [];
    const good = task({ topic: "work", run: (input: unknown) => void seen.push(input) });
    const options = { concurrency: 4, breaker: { run: 3, ratio: null } };
    await using bench = new Bench({ broken, good }, options);
    const typed = (type: string, value: number) => ({
      value: String(value),
      headers: [["ce_type", type]] as const,
    });
    bench.consumer.append("work", 0, ...upTo(4).map((value) => typed("broken", value)));
    bench.consumer.append("work", 0, ...upTo(4).map((value) => typed("good", value)));
    await bench.assign(P0);
    await bench.turn(10);
    assert.deepEqual(seen, []);
    assert.equal(bench.worker.tasks[1]!.breaker.state, "closed");
    // A probe may be a new message, and the next of the topic are of the other task.
    for (let probe = 0; probe < 6; probe++) await nextProbe(bench);
    assert.ok(seen.length > 0, "while it looks for one, they run");
    assert.notEqual(stateOf(bench), "closed");
  });
});
