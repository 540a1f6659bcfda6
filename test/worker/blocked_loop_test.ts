/** What the worker tells of a loop that was blocked, and what becomes of a bug in it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EXIT } from "../../src/errors.ts";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };

describe("a worker whose loop was blocked", () => {
  test("tells for how long, and which tasks were in flight", async () => {
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task, other: manualTask().task }, {
      idleSleepMs: 1,
    });
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    await bench.advance(900);
    assert.deepEqual(bench.stats.of("loop-blocked"), []);
    await bench.advance(5000);
    assert.deepEqual(bench.stats.of("loop-blocked"), [{
      event: "loop-blocked",
      task: null,
      candidates: ["work"],
      blockedMs: 5000,
      over: true,
    }]);
  });

  test("names the task whose code runs while it does", async () => {
    const seen: (string | null)[] = [];
    const look = manualTask({
      topic: "work",
      decode: () => void seen.push(bench.worker.beat.runningTask),
    });
    const bench: Bench = new Bench({ other: manualTask().task, look: look.task });
    await using _ = bench;
    bench.consumer.append("work", 0, 1);
    await bench.assign(P0);
    assert.deepEqual([...seen, bench.worker.beat.runningTask], ["look", null]);
  });
});

describe("a worker with a bug in its loop", () => {
  test("takes nothing more, lets what runs end, commits, and exits 70", async () => {
    const work = manualTask({ topic: "work" });
    await using bench = new Bench({ work: work.task });
    bench.consumer.append("work", 0, 1, 2);
    await bench.assign(P0);
    const bug = new TypeError("no such thing");
    const poll = bench.consumer.poll.bind(bench.consumer);
    bench.consumer.poll = (_, bytes) => {
      poll(0, bytes);
      throw bug;
    };
    bench.consumer.append("work", 0, 3);
    await bench.turn(3);
    assert.equal(bench.exitCode, null, "it waits for what runs");
    work.run(1).finish();
    work.run(2).finish();
    assert.equal(await bench.end(), EXIT.bug);
    assert.equal(bench.worker.failure, bug);
    assert.equal(bench.consumer.committed.get("work/0"), 2);
    assert.deepEqual(work.inputs(), [1, 2]);
    assert.match(bench.stats.of("draining")[0]!.reason, /A bug in taskc: no such thing/);
  });
});
