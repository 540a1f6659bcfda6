import assert from "node:assert/strict";
import process from "node:process";
import { afterEach, describe, test } from "node:test";
import { superviseProcess } from "../../src/cli/supervise_process.ts";
import { EXIT, type ExitCode } from "../../src/errors.ts";
import type { Worker } from "../../src/worker/worker.ts";
import { RecordingStats } from "../worker/support/recording_stats.ts";

const real = { exit: process.exit, setTimeout: globalThis.setTimeout };
let supervision: { end(): void } | null = null;

afterEach(() => {
  supervision?.end();
  supervision = null;
  process.exit = real.exit;
  globalThis.setTimeout = real.setTimeout;
});

/** A supervised worker; what it is asked, what is shown, and when the process would end. */
function supervise(interruptedCode: ExitCode = EXIT.ok) {
  const stats = new RecordingStats();
  const calls: unknown[][] = [];
  const timers: { ms: number; fire: () => void }[] = [];
  globalThis.setTimeout =
    ((fire: () => void, ms: number) => timers.push({ ms, fire })) as unknown as typeof setTimeout;
  process.exit = ((code: number) => void calls.push(["exit", code])) as typeof process.exit;
  supervision = superviseProcess({
    worker: {
      stop: (...args: unknown[]) => void calls.push(["stop", ...args]),
      beat: {
        inFlightTasks: () => ["work"],
        get runningTask() {
          return running;
        },
      },
    } as unknown as Worker,
    stats,
    graceMs: 20_000,
    interruptedCode,
    restoreTerminal: () => void calls.push(["restore"]),
    now: () => now,
  });
  return { stats, calls, timers };
}

let now = 0;
/** The task whose code runs. */
let running: string | null = null;

/** Tells a signal, `after` so many milliseconds. */
function signal(name: NodeJS.Signals, after = 1000): void {
  now += after;
  process.emit(name, name as never);
}

describe("superviseProcess", () => {
  test("the first and the second signal go to the worker, a third ends the process", () => {
    const { calls, stats } = supervise();
    signal("SIGTERM");
    signal("SIGINT");
    assert.deepEqual(calls, [["stop", "SIGTERM", EXIT.ok], ["stop", "SIGINT", EXIT.ok]]);
    signal("SIGHUP");
    assert.deepEqual(calls.slice(2), [["restore"], ["exit", EXIT.interrupted]]);
    assert.deepEqual(stats.events, [{
      event: "forced-exit",
      reason: "a third signal came",
      task: null,
      candidates: ["work"],
    }]);
  });

  test("signals that come together are one request", () => {
    const { calls } = supervise();
    signal("SIGINT");
    signal("SIGINT", 20);
    signal("SIGTERM", 99);
    assert.deepEqual(calls, [["stop", "SIGINT", EXIT.ok]]);
    signal("SIGTERM", 100);
    assert.equal(calls.length, 2);
  });

  test("the process ends a moment before the watchdog would end it, 8 s after the grace", () => {
    const { calls, timers, stats } = supervise();
    signal("SIGTERM");
    assert.deepEqual(timers.map(({ ms }) => ms), [27_500]);
    timers[0]!.fire();
    assert.deepEqual(calls.slice(-2), [["restore"], ["exit", EXIT.interrupted]]);
    assert.equal(stats.of("forced-exit")[0]!.reason, "the time to leave is over");
  });

  test("a second signal leaves 8 s, and never more than were left", () => {
    const { timers } = supervise();
    signal("SIGTERM");
    signal("SIGTERM");
    assert.deepEqual(timers.map(({ ms }) => ms), [27_500, 7500]);
    supervision!.end();
    const late = supervise();
    signal("SIGTERM");
    signal("SIGTERM", 25_000);
    assert.deepEqual(late.timers.map(({ ms }) => ms), [27_500]);
  });

  test("a task that ends the process is told, and does so", () => {
    const { calls, stats } = supervise();
    running = "work";
    process.exit(42);
    running = null;
    assert.deepEqual(calls, [["restore"], ["exit", 42]]);
    assert.deepEqual(stats.events, [
      { event: "task-exit", task: "work", candidates: [], exitCode: 42 },
    ]);
    supervision!.end();
    process.exit(4);
    assert.equal(stats.events.length, 1, "not after its end");
  });

  test("a task that ends the process does not say what a code of taskc says", () => {
    const { calls, stats } = supervise();
    for (const code of [undefined, 0, "0", 3, 70]) process.exit(code);
    const exits = calls.filter(([what]) => what === "exit");
    assert.deepEqual(exits, Array(5).fill(["exit", EXIT.interrupted]));
    const [told] = stats.of("task-exit");
    assert.deepEqual([told!.candidates, told!.exitCode], [["work"], EXIT.interrupted]);
  });

  test("a drain that a signal ends has its own exit code", () => {
    const { calls } = supervise(EXIT.interrupted);
    signal("SIGINT");
    assert.deepEqual(calls, [["stop", "SIGINT", EXIT.interrupted]]);
  });

  test("errors of code that nobody awaits are told, and the worker goes on", () => {
    const { stats, calls } = supervise();
    const hostile = Object.create(null, {
      toString: {
        value: () => {
          throw new Error("hostile");
        },
      },
    });
    for (const error of [new Error("stray"), "text", undefined, Symbol("s"), hostile]) {
      process.emit("uncaughtException", error as Error);
      process.emit("unhandledRejection", error, Promise.resolve());
    }
    const reasons = stats.of("stray-error").map(({ reason }) => reason);
    assert.equal(reasons.length, 10);
    assert.match(reasons[0]!, /stray[^]*supervise_process_test/);
    assert.deepEqual(reasons.filter((_, index) => index % 2 === 1 && index > 1), [
      "text",
      "undefined",
      "Symbol(s)",
      "an error that cannot be shown",
    ]);
    assert.deepEqual(calls, []);
  });

  test("its end takes all listeners away", () => {
    const names = ["SIGINT", "SIGTERM", "SIGHUP", "uncaughtException", "unhandledRejection"];
    const before = names.map((name) => process.listenerCount(name));
    supervise();
    assert.deepEqual(
      names.map((name) => process.listenerCount(name)),
      before.map((count) => count + 1),
    );
    supervision!.end();
    assert.deepEqual(names.map((name) => process.listenerCount(name)), before);
  });
});
