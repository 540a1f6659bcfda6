/** `--drain`: done when the group's commits reach the ends that were there at the start. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT } from "../../src/errors.ts";
import { task } from "../../src/task/task.ts";
import { Drain, type DrainTarget } from "../../src/worker/drain.ts";
import { Bench } from "./support/bench.ts";
import { FakeConsumer } from "./support/fake_consumer.ts";
import { keyOf } from "./support/fake_kafka.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };
const P1 = { topic: "work", partition: 1 };

/** A drain that asks the consumer in memory for the group's commits. */
function drainTo(targets: DrainTarget[], { deadline = Infinity, asked = () => {} } = {}) {
  return (consumer: Bench["consumer"]) =>
    new Drain(
      targets,
      (partitions) => {
        asked();
        return Promise.resolve(
          partitions.map(({ topic, partition }) => ({
            topic,
            partition,
            offset: consumer.committed.get(keyOf({ topic, partition })) ?? -1001,
          })),
        );
      },
      consumer,
      deadline,
    );
}

describe("a drain", () => {
  test("ends when all that was there is committed, without waiting for the interval", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    const targets = [{ ...P0, end: 2 }, { ...P1, end: 1 }];
    await using bench = new Bench({ work }, { commitIntervalMs: 600_000 }, drainTo(targets));
    bench.consumer.append("work", 0, 1, 2);
    bench.consumer.append("work", 1, 11);
    await bench.assign(P0, P1);
    run(1).finish();
    run(2).finish();
    await bench.turn(5);
    assert.equal(bench.exitCode, null);
    run(11).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.deepEqual([...bench.consumer.committed], [["work/0", 2], ["work/1", 1]]);
    assert.equal(bench.clock.now(), 0);
  });

  test("is out of time, too, when only its commit is refused", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    const drain = drainTo([{ ...P0, end: 1 }], { deadline: 30_000 });
    await using bench = new Bench({ work }, {}, drain);
    bench.consumer.refuseCommit = () => ({ code: 29, message: "Topic authorization failed" });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    run(1).finish();
    await bench.turn(3);
    await bench.advance(29_000);
    assert.equal(bench.worker.phase, "running");
    await bench.advance(1000);
    assert.notEqual(bench.worker.phase, "running");
    await bench.advance(3000);
    assert.equal(await bench.end(), EXIT.interrupted);
  });

  test("leaves what came later, and partitions without a target, to the next run", async () => {
    const { task: work, run, inputs } = manualTask({ topic: "work" });
    await using bench = new Bench({ work }, { concurrency: 2 }, drainTo([{ ...P0, end: 2 }]));
    bench.consumer.append("work", 0, 1, 2, 3, 4);
    bench.consumer.append("work", 1, 11);
    bench.consumer.committed.set("work/1", 1);
    await bench.assign(P0, P1);
    bench.consumer.append("work", 1, 12);
    await bench.turn(3);
    assert.deepEqual(inputs(), [1, 2]);
    assert.equal(bench.consumer.isBlocked("work", 0), true);
    assert.equal(bench.consumer.isBlocked("work", 1), true);
    run(1).finish();
    run(2).finish();
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
    assert.equal(bench.consumer.committed.get("work/1"), 1);
  });

  test("is not opened past its target by a partition that catches up with --max-ahead", async () => {
    const { task: work, run, inputs } = manualTask({ topic: "work" });
    const options = { maxAhead: 2, concurrency: 3 };
    await using bench = new Bench({ work }, options, drainTo([{ ...P0, end: 3 }]));
    bench.consumer.append("work", 0, 1, 2, 3, 4, 5);
    await bench.assign(P0);
    assert.deepEqual(inputs(), [1, 2, 3]);
    run(1).finish();
    await bench.turn(3);
    run(2).finish();
    await bench.turn(3);
    assert.deepEqual(inputs(), [1, 2, 3]);
    assert.equal(bench.consumer.isBlocked("work", 0), true);
    run(3).finish();
    assert.equal(await bench.end(), EXIT.ok);
  });

  test("counts control records before the end as done", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work }, {}, drainTo([{ ...P0, end: 3 }]));
    bench.consumer.append("work", 0, 1, null, null);
    await bench.assign(P0);
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.consumer.committed.get("work/0"), 3);
  });

  test("counts the commits of other members, looked up every half second", async () => {
    let lookUps = 0;
    const work = task({ topic: "work", run: () => {} });
    const drain = drainTo([{ ...P0, end: 5 }, { ...P1, end: 1 }], { asked: () => lookUps++ });
    await using bench = new Bench({ work }, {}, drain);
    bench.consumer.append("work", 1, 11);
    await bench.assign(P1);
    await bench.advance(1000, 5);
    assert.equal(bench.exitCode, null);
    bench.consumer.committed.set("work/0", 4);
    await bench.advance(500, 3);
    assert.equal(bench.exitCode, null);
    const before = lookUps;
    await bench.advance(499, 5);
    assert.equal(lookUps, before);
    bench.consumer.committed.set("work/0", 5);
    await bench.advance(1);
    assert.equal(await bench.end(), EXIT.ok);
  });

  test("survives a coordinator that does not answer", async () => {
    let failures = 2;
    const work = task({ topic: "work", run: () => {} });
    const asking = (consumer: Bench["consumer"]) =>
      new Drain(
        [{ ...P0, end: 5 }],
        () =>
          failures-- > 0
            ? Promise.reject(new Error("no"))
            : Promise.resolve([{ ...P0, offset: 5 }]),
        consumer,
        Infinity,
      );
    await using bench = new Bench({ work }, {}, asking);
    for (let i = 0; i < 3; i++) await bench.advance(500, 3);
    assert.equal(await bench.end(), EXIT.ok);
  });

  test("with nothing to do ends at once", async () => {
    const work = task({ topic: "work", run: () => {} });
    await using bench = new Bench({ work }, {}, drainTo([]));
    assert.equal(await bench.end(), EXIT.ok);
    assert.equal(bench.clock.now(), 0);
  });

  test("waits for retries, and exits 1 when a message went to the dead letters", async () => {
    const { task: work, runs } = manualTask({
      topic: "work",
      retry: { attempts: 2, min: "1s", max: "1s", jitter: "none" },
    });
    await using bench = new Bench({ work }, {}, drainTo([{ ...P0, end: 1 }]));
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    runs[0]!.fail(new Error("no"));
    await bench.turn(5);
    assert.equal(bench.exitCode, null);
    await bench.advance(1000);
    runs[1]!.fail(new Error("no"));
    assert.equal(await bench.end(), EXIT.failed);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("out of time: drains what runs and exits 5", async () => {
    const { task: work, run, inputs } = manualTask({ topic: "work" });
    const drain = drainTo([{ ...P0, end: 3 }], { deadline: 60_000 });
    await using bench = new Bench({ work }, { concurrency: 1 }, drain);
    bench.consumer.append("work", 0, 1, 2, 3);
    await bench.assign(P0);
    await bench.advance(60_000);
    assert.equal(bench.worker.phase, "draining");
    assert.equal(bench.stats.of("draining")[0]!.reason, "--max-time is over");
    run(1).finish();
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.deepEqual(inputs(), [1]);
    assert.equal(bench.consumer.committed.get("work/0"), 1);
  });

  test("is looked at again when its time is over", async () => {
    const { task: work } = manualTask({ topic: "work" });
    const drain = drainTo([{ ...P0, end: 1 }], { deadline: 60_000 });
    await using bench = new Bench({ work }, {}, drain);
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(2000);
    assert.equal(bench.worker.nextDue, 60_000);
    await bench.advance(60_000);
    assert.equal(bench.worker.nextDue, 62_000 + 20_000);
  });

  test("that is stopped from outside keeps that exit code, though its end is reached then", async () => {
    const { task: work, run } = manualTask({ topic: "work" });
    await using bench = new Bench({ work }, {}, drainTo([{ ...P0, end: 1 }]));
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    bench.worker.stop("SIGTERM", EXIT.interrupted);
    run(1).finish();
    assert.equal(await bench.end(), EXIT.interrupted);
    assert.equal(bench.stats.of("aborting").length, 0);
  });

  test("is done before it starts when no target is open", () => {
    const consumer = new FakeConsumer();
    assert.equal(drainTo([])(consumer).done, true);
    assert.equal(drainTo([{ ...P0, end: 1 }])(consumer).done, false);
  });
});
