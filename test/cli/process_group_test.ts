/** The processes of `--processes`: who starts when, who starts again, and what comes of all of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ChildListener, ProcessGroup } from "../../src/cli/process_group.ts";
import type { NumberedEvent } from "../../src/stats/events.ts";
import { MergedStats } from "../../src/stats/merged_stats.ts";

interface Child {
  number: number;
  listener: ChildListener;
  signals: string[];
}

class Bench {
  now = 0;
  readonly children: Child[] = [];
  readonly events: NumberedEvent[] = [];
  readonly group: ProcessGroup;
  readonly code: Promise<number>;
  #timers: { at: number; callback: () => void }[] = [];

  constructor({ count = 3, drain = false } = {}) {
    const clock = { now: () => this.now, wall: () => this.now };
    const stats = new MergedStats({ group: "g", processes: count, clock, ownRssBytes: () => 0 });
    stats.onEvent((event) => this.events.push(event));
    this.group = new ProcessGroup({
      ...{ count, drain, graceMs: 20_000, stats },
      spawn: (number, listener) => {
        const child: Child = { number, listener, signals: [] };
        this.children.push(child);
        return { pid: 100 + this.children.length, kill: (signal) => child.signals.push(signal) };
      },
      clock: {
        now: () => this.now,
        after: (ms, callback) => {
          const timer = { at: this.now + ms, callback };
          this.#timers.push(timer);
          return () => this.#timers = this.#timers.filter((one) => one !== timer);
        },
      },
    });
    this.code = this.group.run();
  }

  advance(ms: number): void {
    this.now += ms;
    const due = this.#timers.filter(({ at }) => at <= this.now);
    this.#timers = this.#timers.filter(({ at }) => at > this.now);
    for (const { callback } of due) callback();
  }

  get numbers(): number[] {
    return this.children.map(({ number }) => number);
  }

  /** The newest of that number. */
  child(number: number): Child {
    return this.children.findLast((child) => child.number === number)!;
  }

  ready(...numbers: number[]): this {
    for (const number of numbers) this.child(number).listener.told({ kind: "ready" });
    return this;
  }

  end(number: number, code: number | null, signal: string | null = null): void {
    this.child(number).listener.ended(code, signal);
  }

  get ends(): [number | undefined, number | null][] {
    return this.events.flatMap((event) =>
      event.event === "process-ended" ? [[event.process, event.restartInMs]] : []
    );
  }
}

test("the first starts alone, and the others when it is ready", () => {
  const bench = new Bench();
  assert.deepEqual(bench.numbers, [1]);
  bench.ready(1);
  assert.deepEqual(bench.numbers, [1, 2, 3]);
});

test("a mistake that the first meets at its start ends all, and is told by it alone", async () => {
  for (const code of [2, 3, 4, 70]) {
    const bench = new Bench();
    bench.end(1, code);
    assert.equal(await bench.code, code);
    assert.deepEqual([bench.numbers, bench.events], [[1], []]);
  }
});

test("a signal goes to all, and the highest of their codes is that of all", async () => {
  const bench = new Bench();
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
  const bench = new Bench();
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
  const bench = new Bench();
  bench.ready(1, 2, 3);
  bench.end(3, 0);
  assert.deepEqual(bench.ends, [[3, 0]]);
  bench.advance(0);
  assert.deepEqual(bench.numbers, [1, 2, 3, 3]);
});

test("what a process decides at work ends all of them, with its code", async () => {
  for (const code of [1, 3, 4, 6]) {
    const bench = new Bench();
    bench.ready(1, 2, 3).end(2, code);
    assert.deepEqual(bench.ends, [[2, null]]);
    assert.deepEqual([bench.child(1).signals, bench.child(3).signals], [["SIGTERM"], ["SIGTERM"]]);
    bench.end(1, 0);
    bench.end(3, 0);
    assert.equal(await bench.code, code);
  }
});

test("one that was started again and cannot begin, since Kafka is away, is tried again", () => {
  const bench = new Bench();
  bench.ready(1, 2, 3).end(2, null, "SIGSEGV");
  bench.advance(1000);
  bench.end(2, 4);
  assert.deepEqual(bench.ends, [[2, 1000], [2, 2000]]);
  bench.advance(2000);
  assert.deepEqual(bench.numbers, [1, 2, 3, 2, 2]);
  assert.deepEqual(bench.child(1).signals, []);
});

test("while they leave nothing is started, and one that had not begun counts for nothing", async () => {
  const bench = new Bench({ count: 3 });
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

test("one that is killed while it leaves has left work undone", async () => {
  const bench = new Bench({ count: 2 });
  bench.ready(1, 2).group.signal("SIGTERM");
  bench.end(1, 0);
  bench.advance(29_999);
  assert.deepEqual(bench.child(2).signals, ["SIGTERM"]);
  bench.advance(1);
  assert.deepEqual(bench.child(2).signals, ["SIGTERM", "SIGKILL"]);
  bench.end(2, null, "SIGKILL");
  assert.equal(await bench.code, 5);
});

test("a drain is over when each has ended; the highest code counts", async () => {
  const bench = new Bench({ drain: true });
  bench.ready(1, 2, 3);
  bench.end(1, 0);
  bench.end(2, 1);
  bench.end(3, 0);
  assert.equal(await bench.code, 1);
  assert.deepEqual(bench.ends, []);
});

test("a drain that is done does not wait for one that has crashed", async () => {
  const bench = new Bench({ drain: true, count: 2 });
  bench.ready(1, 2).end(2, null, "SIGKILL");
  bench.end(1, 0);
  assert.equal(await bench.code, 0);
});

test("one that crashes at the end of a drain is not started again, and told by the code", async () => {
  const bench = new Bench({ drain: true, count: 2 });
  bench.ready(1, 2).end(1, 0);
  bench.end(2, null, "SIGSEGV");
  assert.deepEqual(bench.ends, [[2, null]]);
  assert.equal(await bench.code, 5);
});

test("a drain whose processes crash all the time ends", async () => {
  const bench = new Bench({ drain: true, count: 2 });
  bench.ready(1, 2);
  for (let crash = 0; crash < 6; crash++) {
    for (const number of [1, 2]) bench.end(number, null, "SIGKILL");
    bench.advance(30_000);
  }
  assert.equal(await bench.code, 5);
  assert.deepEqual(bench.ends.slice(-2), [[1, null], [2, null]]);
});

test("a signal before anything runs ends with the code of the first", async () => {
  const bench = new Bench();
  bench.group.signal("SIGINT");
  assert.deepEqual(bench.child(1).signals, ["SIGINT"]);
  bench.end(1, 130);
  assert.equal(await bench.code, 130);
});

test("health is that of each, and one that tells nothing is not well", () => {
  const bench = new Bench({ count: 2 });
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
