/** scripts/bench: what it measures and writes, with the two contenders that need nothing installed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Standing } from "../../scripts/peers/figures.ts";
import type { FlightStanding } from "../../scripts/peers/in_flight_table.ts";
import type { LatencyStanding } from "../../scripts/peers/latency_table.ts";
import type { OwnOutcome } from "../../scripts/peers/own_runs.ts";
import type { SendOutcome } from "../../scripts/peers/send.ts";
import type { LoadOutcome } from "../../scripts/peers/throughput.ts";
import { brokerTest, project, taskc } from "./harness.ts";

const bench = fileURLToPath(new URL("../../scripts/bench", import.meta.url));

interface Document {
  rounds: number;
  throughput: { loads: LoadOutcome[] };
  latency: { contenders: LatencyStanding[] };
  features: { features: OwnOutcome[] };
  curves: { curves: { name: string; points: OwnOutcome[] }[] };
  "in-flight": { idleBytes: number; rows: FlightStanding[] };
}

const near = (actual: number, expected: number) =>
  assert.ok(Math.abs(actual / expected - 1) < 1e-9, `${actual} instead of ${expected}`);

/** Of the one round, which is the least, the median and the greatest at once. */
function rateOf({ rounds, summary }: Standing, count: number): number {
  assert.equal(rounds.length, 1);
  const round = rounds[0]!;
  assert.ok(!("failure" in round), JSON.stringify(round));
  assert.equal(round.done, count);
  near(round.perSecond, count / round.seconds);
  assert.ok(round.cpuSecondsPerMillion > 0 && round.peakBytes > 2 ** 20);
  const { min, median, max } = summary!.perSecond;
  assert.deepEqual([min, median, max], Array(3).fill(round.perSecond));
  return median;
}

brokerTest("bench send: all lines have been acknowledged and are in the topic", async () => {
  using folder = project({});
  const json = folder.path("figures.json");
  const only = ["--only", "raw-send-headers", "--only", "taskc-send"];
  const counts = ["--messages", "10000", "--rounds", "1", "--json", json];
  await using started = taskc(["send", ...only, ...counts], { program: bench });
  const { code, stdout, stderr } = await started.exited;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^10,000 lines of 100 bytes sent, rounds: 1$/m);
  assert.match(stdout, /^taskc send .* 1\.00 ×$/m);
  const { send } = JSON.parse(readFileSync(json, "utf8")) as { send: SendOutcome };
  assert.deepEqual([send.count, send.bytes], [10_000, 100]);
  const [limit, own] = send.contenders.map((standing) => rateOf(standing, 10_000));
  near(send.contenders[0]!.summary!.taskcRatio!, own! / limit!);
});

brokerTest(
  "bench throughput: both have done all messages, and ratios follow from rates",
  async () => {
    using folder = project({});
    const [json, svg] = [folder.path("figures.json"), folder.path("chart.svg")];
    await using started = taskc(
      [
        ...["throughput", "--only", "taskc", "--only", "raw-c", "--messages", "10000"],
        ...["--rounds", "1", "--json", json, "--svg", svg],
      ],
      { program: bench },
    );
    const { code, stdout, stderr } = await started.exited;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^10,000 messages of 100 bytes, rounds: 1$/m);
    assert.match(stdout, /^taskc .* 1\.00 ×$/m);

    const { rounds, throughput: { loads } } = JSON.parse(readFileSync(json, "utf8")) as Document;
    assert.equal(rounds, 1);
    assert.deepEqual(loads.map(({ bytes, count }) => [bytes, count]), [[100, 10_000], [
      1000,
      2000,
    ]]);
    for (const { count, contenders } of loads) {
      assert.deepEqual(contenders.map(({ name }) => name), ["raw-c", "taskc"]);
      const [limit, own] = contenders.map((standing) => rateOf(standing, count));
      near(contenders[0]!.summary!.taskcRatio!, own! / limit!);
      near(contenders[1]!.summary!.taskcRatio!, 1);
    }
    assert.match(readFileSync(svg, "utf8"), /^<svg [^]*<\/svg>\n$/);
  },
);

brokerTest(
  "bench latency: each message sent has started, and both were seen while idle",
  async () => {
    using folder = project({});
    const json = folder.path("figures.json");
    await using started = taskc(
      [
        ...["latency", "--only", "taskc", "--only", "raw-c", "--messages", "50000"],
        ...["--rounds", "2", "--json", json],
      ],
      { program: bench },
    );
    const { code, stdout, stderr } = await started.exited;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^taskc( +\d+\.\d\d ms){6} +\d+\.\d\d %$/m);
    const { latency: { contenders } } = JSON.parse(readFileSync(json, "utf8")) as Document;
    assert.deepEqual(contenders.map(({ name }) => name), [
      "raw-c",
      "taskc",
      "acknowledged",
      "machine",
    ]);
    const [limit, own, acknowledged, machine] = contenders;
    for (const { sparse, dense, idlePercent } of [limit!, own!]) {
      assert.deepEqual([sparse!.count, dense!.count], [20, 300]);
      assert.ok(idlePercent! > 0 && idlePercent! < 100);
    }
    // Of both.
    assert.deepEqual([acknowledged!.sparse!.count, acknowledged!.dense!.count], [40, 600]);
    assert.deepEqual([machine!.sparse!.count, machine!.dense!.count], [10, 300]);
    // Neither a message that starts before it is sent, nor one that is acknowledged so.
    for (const { sparse, dense } of contenders) {
      for (const { p50, p99, max } of [sparse!, dense!]) {
        assert.ok(0 < p50 && p50 <= p99 && p99 <= max, `${p50} ${p99} ${max}`);
      }
    }
  },
);

brokerTest("bench features and curves: what differs is run, and all of its messages", async () => {
  using folder = project({});
  const json = folder.path("figures.json");
  await using started = taskc(
    [
      ...["features", "curves", "--only", "no-schema", "--only", "concurrency", "--only", "keys"],
      ...["--messages", "2000", "--rounds", "1", "--json", json],
    ],
    { program: bench },
  );
  const { code, stdout, stderr } = await started.exited;
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^By different keys under order: "key"; rounds: 1$/m);
  const { features, curves } = JSON.parse(readFileSync(json, "utf8")) as Document;
  assert.deepEqual(features.features.map(({ name, messages }) => [name, messages]), [
    ["defaults", 2000],
    ["no-schema", 2000],
  ]);
  assert.deepEqual(curves.curves.map(({ name, points }) => [name, points.length]), [
    ["concurrency", 7],
    ["keys", 5],
  ]);
  // The harness counts what was done: one with too few is a failure.
  const points = curves.curves.flatMap(({ points }) => points);
  for (const { failure } of [...features.features, ...points]) {
    assert.equal(failure, null);
  }
});

brokerTest(
  "bench in-flight: all tasks were in flight at once, and none ends before its time",
  async () => {
    using folder = project({});
    const json = folder.path("figures.json");
    await using started = taskc(
      [
        ...["in-flight", "--only", "100000@5s", "--only", "500000@1-9s"],
        ...["--messages", "20000", "--rounds", "1", "--json", json],
      ],
      { program: bench },
    );
    const { code, stdout, stderr } = await started.exited;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^2,000 tasks of 5 s +2,000 /m);
    assert.match(stdout, /^10,000 tasks of 1–9 s /m);

    const { idleBytes, rows } = (JSON.parse(readFileSync(json, "utf8")) as Document)["in-flight"];
    assert.ok(idleBytes > 2 ** 20);
    assert.deepEqual(rows.map(({ name }) => name), ["100000@5s", "500000@1-9s"]);
    const [fixed, spread] = rows.map(({ rounds, summary }) => {
      assert.equal(rounds.length, 1);
      assert.ok(!("failure" in rounds[0]!), JSON.stringify(rounds[0]));
      return summary!;
    });
    assert.equal(fixed!.peakInFlight, 2000);
    assert.ok(fixed!.overMs.min >= 0 && fixed!.fromStartMs.min > 5000 + fixed!.overMs.min);
    // Those that end first do so after a second, and 10,000 may take longer than that to start.
    assert.ok(spread!.peakInFlight > 1000 && spread!.peakInFlight <= 10_000);
    assert.ok(spread!.peakBytes > idleBytes / 2);
  },
);

brokerTest(
  "bench start: a first task, as a new group and as a known one, before the exit",
  async () => {
    using folder = project({});
    const json = folder.path("figures.json");
    await using started = taskc(
      ["start", "--only", "taskc", "--only", "help", "--json", json],
      { program: bench },
    );
    const { code, stderr } = await started.exited;
    assert.equal(code, 0, stderr);
    const { start } = JSON.parse(readFileSync(json, "utf8"));
    assert.equal(start.rounds, 5);
    const [{ failure, newGroupMs, knownGroupMs, wholeMs, cpuMs }] = start.contenders;
    assert.equal(failure, null);
    for (const { min, median, max } of [newGroupMs, knownGroupMs, wholeMs, cpuMs]) {
      assert.ok(0 < min && min <= median && median <= max);
    }
    assert.ok(knownGroupMs.max < wholeMs.max);
    const [{ title, ...help }] = start.commands;
    assert.equal(title, "taskc --help");
    assert.deepEqual([help.newGroupMs, help.knownGroupMs], [null, null]);
    assert.ok(help.wholeMs.min > 0);
  },
);

brokerTest("bench refuses what it does not know before it starts anything", async () => {
  await using started = taskc(["--only", "nobody"], { program: bench });
  const { code, stderr } = await started.exited;
  assert.equal(code, 2);
  assert.match(stderr, /"nobody" is no contender and no row; there are: raw-c, taskc/);
});
