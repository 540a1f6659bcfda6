/** The processes of `--processes`: who starts when, who starts again, and what comes of all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MergedStats } from "../../src/stats/merged_stats.ts";
import { ProcessBench } from "./support/process_bench.ts";

test("the first starts alone, and the others when it is ready", () => {
  const bench = new ProcessBench();
  assert.deepEqual(bench.numbers, [1]);
  bench.ready(1);
  assert.deepEqual(bench.numbers, [1, 2, 3]);
});

test("a mistake that the first meets at its start ends all, and is told by it alone", async () => {
  for (const code of [2, 3, 4, 70]) {
    const bench = new ProcessBench();
    bench.end(1, code);
    assert.equal(await bench.code, code);
    assert.deepEqual([bench.numbers, bench.events], [[1], []]);
  }
});

test("a signal goes to all, and the highest of their codes is that of all", async () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3).group.signal("SIGTERM");
  assert.deepEqual(bench.children.map(({ signals }) => signals), Array(3).fill(["SIGTERM"]));
  bench.end(2, 5);
  bench.group.signal("SIGTERM");
  assert.deepEqual(bench.child(1).signals, ["SIGTERM", "SIGTERM"], "they count by themselves");
  bench.end(1, 0);
  bench.end(3, 0);
  assert.equal(await bench.code, 5);
  assert.deepEqual(bench.events.map(({ event }) => event), ["draining"], "told once");
});

test("a crash is told, and the process started again, later each time", () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3);
  for (const restartInMs of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
    bench.end(2, null, "SIGKILL");
    assert.deepEqual(bench.ends.at(-1), [2, restartInMs]);
    const started = bench.children.length;
    bench.advance(restartInMs - 1);
    assert.equal(bench.children.length, started);
    bench.advance(1);
    assert.equal(bench.children.length, started + 1);
  }
  assert.deepEqual(
    bench.events.at(-1),
    { event: "process-restarted", pid: 100 + bench.children.length, process: 2 },
  );
  // After a long life the next crash is the first again.
  bench.ready(2).advance(60_000);
  bench.end(2, 70);
  assert.deepEqual(bench.ends.at(-1), [2, 1000]);
  assert.deepEqual(bench.child(1).signals, [], "the others are left alone");
});

test("one that somebody has stopped in good order is replaced at once", () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3).advance(10_000);
  bench.end(3, 0);
  assert.deepEqual(bench.ends, [[3, 0]]);
  bench.advance(0);
  assert.deepEqual(bench.numbers, [1, 2, 3, 3]);
  // A module that ends its own process at each start does not make it turn in circles.
  bench.end(3, 0);
  assert.deepEqual(bench.ends.at(-1), [3, 2000]);
});

test("a start again is told only if there is a process", () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3).end(2, null, "SIGKILL");
  bench.startable = false;
  bench.advance(1000);
  bench.end(2, 70);
  assert.deepEqual(bench.events.map(({ event }) => event), ["process-ended", "process-ended"]);
});

test("a signal while the first starts is not lost, although it gets ready", async () => {
  const bench = new ProcessBench();
  bench.group.signal("SIGTERM");
  bench.ready(1);
  assert.deepEqual(bench.numbers, [1], "nobody else is started");
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
  assert.deepEqual(bench.events, []);
});

test("the end is bounded also for a first one that does not get ready", async () => {
  const bench = new ProcessBench();
  bench.group.signal("SIGTERM");
  bench.advance(30_000);
  assert.deepEqual(bench.child(1).signals, ["SIGTERM", "SIGKILL"]);
  bench.end(1, null, "SIGKILL");
  assert.equal(await bench.code, 5);
});

test("a static member that Kafka still remembers after its crash is tried again", () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3).end(1, null, "SIGKILL");
  bench.advance(1000);
  bench.ready(1).end(1, 4);
  assert.deepEqual(bench.ends, [[1, 1000], [1, 2000]]);
  assert.deepEqual(bench.child(2).signals, []);
});

test("what a process decides at work ends all of them, with its code", async () => {
  for (const code of [1, 3, 4, 6]) {
    const bench = new ProcessBench();
    bench.ready(1, 2, 3).end(2, code);
    assert.deepEqual(bench.ends, [[2, null]]);
    assert.deepEqual([bench.child(1).signals, bench.child(3).signals], [["SIGTERM"], ["SIGTERM"]]);
    bench.end(1, 0);
    bench.end(3, 0);
    assert.equal(await bench.code, code);
  }
});

test("one that was started again and cannot begin, since Kafka is away, is tried again", () => {
  const bench = new ProcessBench();
  bench.ready(1, 2, 3).end(2, null, "SIGSEGV");
  bench.advance(1000);
  bench.end(2, 4);
  assert.deepEqual(bench.ends, [[2, 1000], [2, 2000]]);
  bench.advance(2000);
  assert.deepEqual(bench.numbers, [1, 2, 3, 2, 2]);
  assert.deepEqual(bench.child(1).signals, []);
});

test("while they leave nothing is started, and one that had not begun counts for nothing", async () => {
  const bench = new ProcessBench({ count: 3 });
  bench.ready(1, 2, 3).end(3, null, "SIGKILL");
  bench.end(2, null, "SIGKILL");
  bench.advance(1000);
  bench.end(3, null, "SIGKILL");
  bench.group.signal("SIGINT");
  bench.advance(60_000);
  assert.deepEqual(bench.numbers, [1, 2, 3, 3, 2], "the restart that was due is off");
  bench.end(2, 130);
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
});

test("one that the kernel ends while it loads its module has not begun either", async () => {
  const bench = new ProcessBench({ count: 2 });
  bench.ready(1).group.signal("SIGTERM");
  bench.end(2, null, "SIGTERM");
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
  const alone = new ProcessBench();
  alone.group.signal("SIGINT");
  alone.end(1, null, "SIGINT");
  assert.equal(await alone.code, 130, "as a process that is alone");
});

test("one that is killed while it leaves has left work undone", async () => {
  const bench = new ProcessBench({ count: 2 });
  bench.ready(1, 2).group.signal("SIGTERM");
  bench.end(1, 0);
  bench.advance(29_999);
  assert.deepEqual(bench.child(2).signals, ["SIGTERM"]);
  bench.advance(1);
  assert.deepEqual(bench.child(2).signals, ["SIGTERM", "SIGKILL"]);
  bench.end(2, null, "SIGKILL");
  assert.equal(await bench.code, 5);
});

test("a signal before anything runs ends with the code of the first", async () => {
  const bench = new ProcessBench();
  bench.group.signal("SIGINT");
  assert.deepEqual(bench.child(1).signals, ["SIGINT"]);
  bench.end(1, 130);
  assert.equal(await bench.code, 130);
});

test("health is that of each, and one that tells nothing is not well", () => {
  const bench = new ProcessBench({ count: 2 });
  assert.deepEqual(bench.group.readinessProblems(), [
    "process 1: it is starting",
    "process 2: it does not run",
  ]);
  bench.ready(1);
  bench.ready(2);
  const report = (number: number, health: string[]) =>
    bench.child(number).listener.told({
      ...{ kind: "report", health, readiness: [] },
      report: {
        snapshot: new MergedStats({
          ...{ group: "g", processes: 1, ownRssBytes: () => 0 },
          clock: { now: () => 0, wall: () => 0 },
        }).snapshot(),
        runTimes: {},
      },
    });
  report(1, []);
  report(2, ["stalled"]);
  assert.deepEqual(bench.group.healthProblems(), ["process 2: stalled"]);
  assert.deepEqual(bench.group.readinessProblems(), []);
  bench.advance(12_000);
  report(1, []);
  assert.deepEqual(bench.group.healthProblems(), ["process 2: it has told nothing for 12 s"]);
  bench.group.signal("SIGTERM");
  assert.deepEqual(bench.group.readinessProblems(), ["the worker is leaving"]);
});
