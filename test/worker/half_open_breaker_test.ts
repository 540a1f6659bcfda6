/** Breakers beyond one life of the worker: leaving instead of probing, and beginning with probes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PROBES_TO_CLOSE } from "../../src/core/breaker.ts";
import { task } from "../../src/task/task.ts";
import { Bench } from "./support/bench.ts";
import { nextProbe, NO, P0, running, stateOf, upTo } from "./support/breaking.ts";
import { manualTask } from "./support/manual_task.ts";

describe("--breaker-exit", () => {
  test("leaves with exit code 1 when a breaker opens; what it would give up stays unfinished", async () => {
    const { bench, work } = await running({ options: { breakerExit: true } });
    for (const input of [0, 1, 2]) work.run(input).fail(NO);
    await bench.turn(3);
    for (const input of [3, 4]) work.run(input).fail(NO);
    assert.equal(await bench.end(), 1);
    const [draining] = bench.stats.of("draining");
    assert.equal(
      draining!.reason,
      'the breaker of task "work" is open: 3 messages on end were given up',
    );
    assert.equal(bench.stats.of("dead").length, 3);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });
});

describe("startHalfOpen", () => {
  async function half(options: object = {}) {
    const work = manualTask({ topic: "work", retry: { attempts: 1 } });
    const bench = new Bench({ work: work.task }, {
      breaker: { run: 3, ratio: null },
      ...options,
    });
    bench.worker.runner.breakers.startHalfOpen([work.task]);
    bench.consumer.append("work", 0, ...upTo(10));
    await bench.assign(P0);
    await bench.turn(5);
    return { bench, work };
  }

  test("begins with one message at a time, and gives nothing up before it works", async () => {
    const { bench, work } = await half();
    await using _ = bench;
    assert.deepEqual(work.inputs(), [0]);
    assert.equal(bench.stats.of("breaker-open").length, 1);
    for (let probe = 0; probe < 8; probe++) {
      work.runs.at(-1)!.fail(NO);
      await bench.turn(3);
      await nextProbe(bench);
    }
    assert.equal(bench.producer.sent.length, 0);
    for (let passed = 0; passed < PROBES_TO_CLOSE; passed++) {
      work.runs.at(-1)!.finish();
      await bench.turn(4);
      if (stateOf(bench) === "open") await nextProbe(bench);
    }
    assert.equal(stateOf(bench), "closed");
  });

  test("with --breaker-exit it leaves after a few probes that failed, having given nothing up", async () => {
    const { bench, work } = await half({ breakerExit: true });
    for (let probe = 0; probe < 3; probe++) {
      assert.equal(bench.exitCode, null);
      work.runs.at(-1)!.fail(NO);
      await bench.turn(3);
      await nextProbe(bench);
    }
    assert.equal(await bench.end(), 1);
    assert.match(
      bench.stats.of("draining")[0]!.reason,
      new RegExp(
        `^the breaker of task "work" is open: 3 probes failed, the last with: ${NO.message}`,
      ),
    );
    assert.equal(bench.producer.sent.length, 0);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("does not doubt a task that has been seen to work", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(0).finish();
    await bench.turn(2);
    bench.worker.runner.breakers.startHalfOpen([work.task]);
    assert.equal(stateOf(bench), "closed");
    assert.deepEqual(bench.stats.of("breaker-open"), []);
  });
});

describe("a breaker beyond the worker's life", () => {
  /** Runs what comes until nothing more does, with all of it failing; the dead letters of this life. */
  async function failingLife(before: Bench | null, end: "stop" | "vanish"): Promise<Bench> {
    const work = task({ topic: "work", retry: { attempts: 1 }, run: () => Promise.reject(NO) });
    const bench = new Bench({ work }, { concurrency: 5, breaker: { run: 3, ratio: null } });
    if (before) bench.consumer.inherit(before.consumer);
    else bench.consumer.append("work", 0, ...upTo(50));
    await bench.assign(P0);
    for (let probe = 0; probe < 5; probe++) await nextProbe(bench);
    await bench.advance(1000, 3);
    if (end === "vanish") return bench;
    bench.worker.stop("test");
    assert.equal(await bench.end(), 0);
    return bench;
  }

  test("workers that are restarted give up no more than the first has, however they ended", async () => {
    for (const end of ["stop", "vanish"] as const) {
      const lives = [await failingLife(null, end)];
      for (let restart = 0; restart < 2; restart++) {
        lives.push(await failingLife(lives.at(-1)!, end));
      }
      assert.deepEqual(lives.map(({ producer }) => producer.sent.length), [3, 0, 0], end);
      for (const life of lives) await life[Symbol.asyncDispose]();
    }
  });

  test("is forgotten once the task works again", async () => {
    const broken = await failingLife(null, "stop");
    const seen: unknown[] = [];
    const work = task({ topic: "work", run: (input: unknown) => void seen.push(input) });
    const bench = new Bench({ work }, { breaker: { run: 3, ratio: null } });
    bench.consumer.inherit(broken.consumer);
    await bench.assign(P0);
    await bench.until("it to close", () => bench.stats.of("breaker-closed").length === 1);
    await bench.until("all", () => seen.length === 47);
    bench.worker.stop("test");
    await bench.end();
    const last = new Bench({ work });
    await using _ = last;
    last.consumer.inherit(bench.consumer);
    await last.assign(P0);
    assert.equal(stateOf(last), "closed");
    assert.equal(last.consumer.committed.get("work/0"), 50);
  });
});
