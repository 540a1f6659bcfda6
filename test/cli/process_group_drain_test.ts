/** Several processes with `--drain`: when all is done, and what it means that it is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProcessBench } from "./support/process_bench.ts";

test("--max-time is for all of them together, however often one starts again", async () => {
  const bench = new ProcessBench({ drain: true, count: 2, maxTimeMs: 5000 });
  bench.ready(1, 2).end(2, null, "SIGKILL");
  bench.advance(1000);
  bench.ready(2).advance(3999);
  assert.deepEqual([bench.child(1).signals, bench.child(2).signals], [[], []]);
  bench.advance(1);
  assert.deepEqual([bench.child(1).signals, bench.child(2).signals], [["SIGTERM"], ["SIGTERM"]]);
  assert.deepEqual(bench.events.at(-1), {
    ...{ event: "draining", reason: "--max-time is over", inFlight: 0 },
  });
  bench.end(1, 5);
  bench.end(2, 5);
  assert.equal(await bench.code, 5);
  assert.deepEqual(bench.numbers, [1, 2, 2]);
});

test("a drain that is stopped, or out of time, while none runs is not done", async () => {
  for (const stop of ["signal", "time"]) {
    const bench = new ProcessBench({ drain: true, count: 2, maxTimeMs: 900 });
    bench.ready(1, 2);
    for (const number of [1, 2]) bench.end(number, null, "SIGKILL");
    if (stop === "signal") bench.group.signal("SIGTERM");
    else bench.advance(900);
    assert.equal(await bench.code, 5, stop);
  }
});

test("a drain is over when each has ended; the highest code counts", async () => {
  const bench = new ProcessBench({ drain: true });
  bench.ready(1, 2, 3);
  bench.end(1, 0);
  bench.end(2, 1);
  bench.end(3, 0);
  assert.equal(await bench.code, 1);
  assert.deepEqual(bench.ends, []);
  assert.deepEqual(
    bench.events.map((event) => [event.event, "reason" in event && event.reason]),
    [["draining", "drained"]],
  );
});

test("one that leaves a drain before it was ready has drained nothing", async () => {
  const bench = new ProcessBench({ drain: true, count: 2 });
  bench.ready(1).end(2, 0);
  assert.deepEqual(bench.ends, [[2, 1000]]);
  bench.advance(1000);
  bench.ready(2);
  bench.end(2, 0);
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
});

test("a drain that is done does not wait for one that has crashed", async () => {
  const bench = new ProcessBench({ drain: true, count: 2 });
  bench.ready(1, 2).end(2, null, "SIGKILL");
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
});

test("one that crashes at the end of a drain is not started again, and told by the code", async () => {
  const bench = new ProcessBench({ drain: true, count: 2 });
  bench.ready(1, 2).end(1, 0);
  bench.end(2, null, "SIGSEGV");
  assert.deepEqual(bench.ends, [[2, null]]);
  assert.equal(await bench.code, 5);
});

test("a drain whose processes crash all the time ends", async () => {
  const bench = new ProcessBench({ drain: true, count: 2 });
  bench.ready(1, 2);
  for (let crash = 0; crash < 6; crash++) {
    for (const number of [1, 2]) bench.end(number, null, "SIGKILL");
    bench.advance(30_000);
  }
  assert.equal(await bench.code, 5);
  assert.deepEqual(bench.ends.slice(-2), [[1, null], [2, null]]);
});
