/** Breakers beyond one life of the worker: leaving instead of probing, and beginning with probes. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { PROBES_TO_CLOSE } from "../../src/core/breaker.ts";
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
    bench.worker.runner.startHalfOpen(bench.worker.tasks[0]!);
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
    assert.equal(bench.producer.sent.length, 0);
    assert.equal(bench.consumer.committed.get("work/0") ?? 0, 0);
  });

  test("does not doubt a task that has been seen to work", async () => {
    const { bench, work } = await running();
    await using _ = bench;
    work.run(0).finish();
    await bench.turn(2);
    bench.worker.runner.startHalfOpen(bench.worker.tasks[0]!);
    assert.equal(stateOf(bench), "closed");
    assert.deepEqual(bench.stats.of("breaker-open"), []);
  });
});
