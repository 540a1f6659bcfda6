/** An open breaker: what it does with messages until the task works again. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { PROBE_WAIT, PROBES_TO_CLOSE } from "../../src/core/breaker.ts";
import { HEADER } from "../../src/task/message.ts";
import { DeadLetter, Discard } from "../../src/task/signals.ts";
import { Bench } from "./support/bench.ts";
import {
  FIRST_WAIT,
  nextProbe,
  NO,
  opened,
  P0,
  running,
  stateOf,
  upTo,
} from "./support/breaking.ts";
import { headersOf } from "./support/fake_producer.ts";
import { manualTask } from "./support/manual_task.ts";

describe("an open breaker", () => {
  test("lets one probe through at a time, and waits longer after each that fails", async () => {
    const { bench, work } = await opened();
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    await bench.advance(FIRST_WAIT - 1, 4);
    assert.equal(work.runs.length, 5);
    await bench.advance(1, 4);
    assert.equal(stateOf(bench), "probing");
    assert.deepEqual(work.inputs().slice(5), [3]);
    await bench.advance(60_000, 4);
    assert.equal(work.runs.length, 6, "one at a time");
    work.runs[5]!.fail(NO);
    await bench.turn(3);
    await bench.advance(2 * FIRST_WAIT - 1, 4);
    assert.equal(work.runs.length, 6);
    await bench.advance(1, 4);
    assert.equal(work.runs.length, 7);
    assert.equal(bench.stats.of("dead").length, 3);
    assert.equal(bench.stats.of("breaker-open").length, 1, "it is told once");
  });

  test("probes with parked and new messages by turns, and with parked ones where none is new", async () => {
    const { bench, work } = await opened({ messages: 6 });
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    for (const expected of [3, 5, 4, 3, 5, 4]) {
      await nextProbe(bench);
      assert.equal(work.runs.at(-1)!.input, expected);
      work.runs.at(-1)!.fail(NO);
      await bench.turn(3);
    }
    assert.equal(bench.worker.runner.waiting, 3);
  });

  test("closes after enough successes on end; then all that was parked runs, and the topic is taken again", async () => {
    const { bench, work } = await opened({ messages: 20 });
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    await nextProbe(bench);
    for (let passed = 1; passed <= PROBES_TO_CLOSE; passed++) {
      assert.equal(bench.worker.runner.slots.inFlight, 1);
      assert.deepEqual(bench.stats.of("breaker-closed"), []);
      work.runs.at(-1)!.finish();
      await bench.turn(4);
    }
    assert.deepEqual(bench.stats.of("breaker-closed"), [{ event: "breaker-closed", task: "work" }]);
    assert.equal(bench.worker.tasks[0]!.breakerOpen, false);
    await bench.until("all", () => {
      for (const run of work.runs) run.finish();
      bench.clock.advance(1000);
      return bench.consumer.committed.get("work/0") === 20;
    });
    assert.deepEqual(new Set(work.inputs()), new Set(upTo(20)));
    assert.equal(bench.worker.runner.heldBytes, 0);
  });

  test("a success of what ran before it opened closes nothing", async () => {
    const { bench, work } = await opened();
    await using _ = bench;
    work.run(3).finish();
    await bench.turn(3);
    assert.equal(stateOf(bench), "open");
  });

  test("what the code decides about a probe shows that it works", async () => {
    const { bench, work } = await opened({ messages: 20 });
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    await nextProbe(bench);
    for (const error of [new DeadLetter("bad"), new Discard("old")]) {
      work.runs.at(-1)!.fail(error);
      await bench.turn(4);
      assert.equal(stateOf(bench), "probing");
    }
    assert.equal(bench.stats.of("dead").length, 4, "a decision about data is carried out");
    assert.equal(bench.stats.counts.get("work")!.discarded, 1);
  });

  test("its attempts do not use up what was promised, and no number is told that was not", async () => {
    const retry = { attempts: 2, min: "1ms", max: "1ms", jitter: "none" };
    const { bench, work } = await running({
      messages: 5,
      options: { concurrency: 20 },
      settings: { retry },
    });
    await using _ = bench;
    // 3 fails once while all is well, and waits; the breaker opens meanwhile.
    for (const attempt of [1, 2]) {
      for (const input of [0, 1, 2]) work.run(input).fail(NO);
      if (attempt === 1) work.run(3).fail(NO);
      await bench.turn(2);
      if (attempt === 1) await bench.advance(1, 2);
    }
    assert.equal(stateOf(bench), "open");
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    for (let probe = 0; probe < 12; probe++) {
      await nextProbe(bench);
      const run = work.runs.at(-1)!;
      assert.ok(run.context.attempt <= 2);
      run.fail(NO);
      await bench.turn(3);
    }
    assert.equal(bench.stats.of("dead").length, 3);
    // It works again, for all but 3 and 4.
    const bad = new Set<unknown>([3, 4]);
    bench.consumer.append("work", 0, ...upTo(15).slice(5));
    await bench.until("all", () => {
      bench.clock.advance(PROBE_WAIT.max);
      for (const run of work.runs) {
        if (bad.has(run.input)) run.fail(NO);
        else run.finish();
      }
      return bench.consumer.committed.get("work/0") === 15;
    });
    const dead = bench.stats.of("dead").slice(3).map(({ offset, attempts }) => [offset, attempts]);
    assert.deepEqual(
      dead.sort(),
      [[3, 2], [4, 2]],
      "they had their two attempts while it was closed",
    );
  });

  test("holds up a shutdown by nothing: what is parked stays unfinished", async () => {
    const { bench, work } = await opened();
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    bench.worker.stop("test");
    assert.equal(await bench.end(), 0);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });

  test("what is parked leaves with its partition, a probe that runs included", async () => {
    const { bench, work } = await opened();
    await using _ = bench;
    work.run(3).fail(NO);
    work.run(4).fail(NO);
    await bench.turn(3);
    await nextProbe(bench);
    bench.consumer.change("lost", P0);
    await bench.turn(3);
    work.runs.at(-1)!.fail(NO);
    await bench.turn(3);
    assert.deepEqual([bench.worker.runner.waiting, bench.worker.runner.heldBytes], [0, 0]);
    assert.equal(bench.worker.tasks[0]!.probe, null);
    // It is still probing, and nothing of the new assignment overtakes that.
    await bench.assign(P0);
    await bench.turn(4);
    assert.equal(bench.worker.runner.slots.inFlight, 1);
  });

  test("keeps the order of keys", async () => {
    const work = manualTask({ topic: "work", order: "key", retry: { attempts: 1 } });
    const options = { concurrency: 5, breaker: { run: 2, ratio: null } };
    await using bench = new Bench({ work: work.task }, options);
    const keys = ["x", "y", "a", "a", "b", "a"];
    const key = (name: string) => new TextEncoder().encode(name);
    keys.forEach((name, at) =>
      bench.consumer.append("work", 0, { key: key(name), value: String(at) })
    );
    await bench.assign(P0);
    await bench.turn(3);
    for (const input of [0, 1, 2, 4]) work.run(input).fail(NO);
    await bench.turn(4);
    assert.equal(stateOf(bench), "open");
    await bench.until("all", () => {
      bench.clock.advance(PROBE_WAIT.max);
      for (const run of work.runs) run.finish();
      return bench.consumer.committed.get("work/0") === keys.length;
    });
    const ofA = work.runs.filter(({ context }) => context.key === "a").map(({ input }) => input);
    assert.deepEqual(ofA, [2, 2, 3, 5]);
  });
});

test("while a breaker is open nothing is given up and one message runs, whatever comes when", async () => {
  const deeds = fc.array(
    fc.record({
      do: fc.constantFrom("finish", "fail", "fail", "fail", "fail", "wait", "turn", "lose"),
      at: fc.nat(20),
    }),
    { minLength: 30, maxLength: 80 },
  );
  let openings = 0;
  await fc.assert(
    fc.asyncProperty(deeds, fc.constantFrom("none", "key"), async (deeds, order) => {
      const { bench, work } = await running({
        messages: 0,
        options: { breaker: { run: 2, ratio: null } },
        settings: { order, retry: { attempts: 1 } },
      });
      await using _ = bench;
      const { runner, tasks } = bench.worker;
      const state = tasks[0]!;
      const keys = ["a", "b", null].map((key) => key && new TextEncoder().encode(key));
      upTo(40).forEach((at) =>
        bench.consumer.append("work", 0, { key: keys[at % 3]!, value: String(at) })
      );
      const ended = new Set<unknown>();
      // Since the breaker opened: what ran before may still do so.
      let [ranBefore, buriedBefore] = [0, 0];
      let wasOpen = false;
      const open = () => work.runs.filter(({ context }) => !ended.has(context));
      // A message that is held to kill its workers is none that code gives up.
      const givenUp = () =>
        bench.producer.sent.filter(({ message }) =>
          headersOf(message)[HEADER.errorName] !== "WorkerKilled"
        ).length;
      const check = () => {
        const { parked, probe } = state;
        if (state.breakerOpen && !wasOpen) {
          openings++;
          [ranBefore, buriedBefore] = [work.runs.length, givenUp()];
        }
        wasOpen = state.breakerOpen;
        if (!wasOpen) assert.deepEqual([parked.size, probe], [0, null]);
        else {
          const since = work.runs.slice(ranBefore).filter(({ context }) => !ended.has(context));
          assert.ok(since.length <= 1, "one at a time");
          assert.equal(givenUp(), buriedBefore);
          assert.equal(state.due, 0);
        }
        assert.equal(runner.waiting, state.waiting);
        assert.ok(runner.waiting >= 0 && runner.slots.inFlight <= 5 && runner.due === state.due);
      };
      const end = (run: ReturnType<typeof open>[number], how: string) => {
        ended.add(run.context);
        if (how === "fail") run.fail(NO);
        else run.finish();
      };
      for (const deed of deeds) {
        const runs = open();
        const run = runs[deed.at % Math.max(1, runs.length)];
        if (deed.do === "turn") await bench.turn();
        else if (deed.do === "wait") bench.clock.advance(deed.at * 200);
        else if (deed.do === "lose") {
          for (const one of runs) ended.add(one.context);
          bench.consumer.change("lost", P0);
          await bench.assign(P0);
        } else if (run) end(run, deed.do);
        // Turn by turn, so that no state between is missed.
        for (let turn = 0; turn < 3; turn++) {
          await bench.turn();
          check();
        }
      }
      await bench.until("all of it", () => {
        for (const run of work.runs) end(run, "finish");
        bench.clock.advance(PROBE_WAIT.max);
        return bench.consumer.committed.get("work/0") === 40;
      });
      await bench.turn(2);
      assert.deepEqual([runner.heldBytes, runner.waiting, runner.due, runner.slots.inFlight], [
        0,
        0,
        0,
        0,
      ]);
    }),
    { numRuns: 60 },
  );
  assert.ok(openings > 10, `${openings} openings`);
});
