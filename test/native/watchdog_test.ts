/** What the watchdog takes; what it does is shown by the executable, in test/e2e/blocked_loop_test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadAddon } from "../../src/kafka/addon.ts";
import { pulseCells } from "../../src/worker/pulse.ts";

const { watchdog } = await loadAddon();

test("watchdog.cells gives zeros for each task, and what the loop has for itself", () => {
  for (const tasks of [0, 1, 200]) {
    const cells = new Int32Array(watchdog.cells(tasks));
    assert.equal(cells.length, pulseCells(tasks));
    assert.ok(cells.every((cell) => cell === 0));
    cells.fill(-1);
  }
});

test("watchdog refuses what it cannot use, and starts nothing", () => {
  for (const tasks of [-1, NaN, 1e9, "3", undefined]) {
    assert.throws(() => watchdog.cells(tasks as number), TypeError);
  }
  const forms = { known: "", candidates: "", nobody: "" };
  const options = {
    signals: [],
    leaveMs: 1,
    leaveAtOnceMs: 1,
    togetherMs: 1,
    reportAfterMs: 1,
    blocked: forms,
    forced: forms,
    deadlineReason: "",
    thirdSignalReason: "",
    tasks: ["a", "b"],
    separator: "",
    restore: "",
  };
  assert.throws(() => watchdog.watch(watchdog.cells(1), options), TypeError, "too few cells");
  assert.throws(() => watchdog.watch({} as ArrayBuffer, options), TypeError);
  for (const name of Object.keys(options)) {
    const wrong = { ...options, [name]: undefined };
    assert.throws(() => watchdog.watch(watchdog.cells(2), wrong as never), TypeError, name);
  }
});

test("watchdog.followParent takes a process id", () => {
  for (const pid of ["1", undefined, {}]) {
    assert.throws(() => watchdog.followParent(pid as number), TypeError);
  }
});
