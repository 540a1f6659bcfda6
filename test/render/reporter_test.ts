import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import { createReporter, type ReporterOptions } from "../../src/render/reporter.ts";
import type { TerminalStream } from "../../src/render/terminal.ts";
import { StatsCollector } from "../../src/stats/collector.ts";
import { sourceOf } from "../../src/stats/source.ts";
import { EVENTS } from "./events.ts";
import { AT, busySnapshot } from "./snapshots.ts";

/** A stream that is no terminal and keeps its lines. */
class FakeStream extends EventEmitter {
  text = "";
  onLine: (line: string) => void = () => {};
  write(text: string): boolean {
    this.text += text;
    for (const line of text.trimEnd().split("\n")) this.onLine(line);
    return true;
  }
  get kinds(): string[] {
    return this.text.trimEnd().split("\n").map((line) =>
      line.startsWith("{") ? JSON.parse(line).type : line.split(" ")[1]!
    );
  }
}

function setUp(mode: ReporterOptions["mode"], more: Partial<ReporterOptions> = {}) {
  const stream = new FakeStream();
  const collector = new StatsCollector(-5000);
  const { tasks: _, ...gauges } = busySnapshot();
  const clock = more.clock ?? { now: () => 0, wall: () => AT };
  const reporter = createReporter({
    mode,
    source: sourceOf(collector, () => ({ ...gauges, tasks: [] }), clock),
    clock,
    stream: stream as unknown as TerminalStream,
    ...more,
  });
  return { stream, collector, reporter };
}

test("createReporter of lines writes events and a summary", () => {
  const { stream, collector, reporter } = setUp("lines");
  collector.event(EVENTS["broker-up"]);
  reporter.start();
  collector.event(EVENTS.dead);
  collector.event(EVENTS.log);
  reporter.stop();
  collector.event(EVENTS["broker-up"]);
  assert.deepEqual(stream.kinds, ["dead", "log", "summary"]);
  assert.match(stream.text, /^2026-11-22T13:30:10\.123Z dead task=resizeImage /);
});

test("createReporter of lines tells how many events it held back", () => {
  const { stream, collector, reporter } = setUp("lines");
  reporter.start();
  for (let i = 0; i < 60; i++) collector.event(EVENTS.skipped);
  reporter.stop();
  assert.equal(stream.kinds.filter((kind) => kind === "skipped").length, 50);
  assert.match(stream.text, /held-back event=skipped count=10\n.* summary /);
});

test("createReporter of json begins with figures, and holds nothing back", () => {
  const { stream, collector, reporter } = setUp("json");
  reporter.start();
  for (let i = 0; i < 60; i++) collector.event(EVENTS.skipped);
  reporter.stop(busySnapshot());
  assert.deepEqual(stream.kinds, ["stats", ...Array(60).fill("event"), "summary"]);
  assert.equal(JSON.parse(stream.text.trimEnd().split("\n").at(-1)!).totals.done, 1_238_331);
});

test("createReporter goes on with its figures when the wall clock is set back", () => {
  let [now, wall] = [0, AT];
  const { stream, collector, reporter } = setUp("json", {
    clock: { now: () => now, wall: () => wall },
  });
  reporter.start();
  const recorder = collector.task("a", "t");
  for (let i = 0; i < 30; i++) recorder.done(1);
  now += 3000;
  wall -= 3_600_000;
  reporter.stop();
  const record = JSON.parse(stream.text.trimEnd().split("\n").at(-1)!);
  assert.equal(record.at, new Date(AT - 3_600_000).toISOString());
  assert.equal(record.uptimeMs, 8000);
  assert.equal(record.totals.ratePerSecond, 30 / 8);
});

test("createReporter of off writes events only", () => {
  const { stream, collector, reporter } = setUp("off");
  reporter.start();
  collector.event(EVENTS["broker-down"]);
  reporter.stop();
  assert.deepEqual(stream.kinds, ["broker-down"]);
});

for (const mode of ["lines", "json"] as const) {
  test(`createReporter of ${mode} writes figures at each interval`, async () => {
    const { stream, reporter } = setUp(mode, { intervalMs: 1 });
    const three = new Promise<void>((resolve) => {
      let seen = 0;
      stream.onLine = (line) => {
        if (/ stats |"stats"/.test(line) && ++seen === 3) resolve();
      };
    });
    reporter.start();
    // The reporter keeps no process alive, so the test has to.
    const alive = setInterval(() => {}, 1000);
    await three;
    clearInterval(alive);
    reporter.stop();
    assert.equal(stream.kinds.at(-1), "summary");
  });
}

test("createReporter survives a reader that goes away", () => {
  const { stream, reporter } = setUp("lines");
  reporter.start();
  stream.emit("error", new Error("EPIPE"));
  reporter.stop();
});
