/** `taskc bench` against a real broker and the embedded one: its figures, and that it leaves nothing behind. */
import assert from "node:assert/strict";
import { brokers, brokerTest, Cluster, project, runTaskc, taskc, until } from "./harness.ts";
import { test } from "node:test";

interface Result {
  embedded: boolean;
  rows: {
    jobs: number;
    requests: number;
    ioMs: number;
    rounds: number[];
    min: number;
    median: number;
    max: number;
    requestMs: { p50: number; p99: number; max: number };
  }[];
}

const leftovers = async () => {
  const { stdout } = await Cluster.main.run("topics", "list");
  return stdout.split("\n").filter((name) => name.includes("taskc-bench"));
};

/** No request can be done sooner than it waits, and no round before its last request. */
function check({ rows }: Result, expected: readonly { of: number; ioMs: number }[]): void {
  assert.deepEqual(
    rows.map(({ jobs, requests, ioMs }) => ({ of: jobs * requests, ioMs })),
    expected,
  );
  for (const { ioMs, max, median, min, requestMs, rounds } of rows) {
    assert.equal(rounds.length, 2);
    assert.ok(min > ioMs && min <= median && median <= max);
    assert.ok(requestMs.p50 > ioMs - 1 && requestMs.p50 <= requestMs.p99);
    assert.ok(requestMs.p99 <= requestMs.max && requestMs.max <= max);
    // All wait at the same time, not one after another.
    assert.ok(ioMs === 0 || max < 20 * ioMs, `${max} ms`);
  }
}

const ROWS = ["--row", "20x5", "--row", "40x10@500ms", "--rounds", "2"];
const EXPECTED = [{ of: 100, ioMs: 0 }, { of: 400, ioMs: 500 }];

test("bench --embedded needs no Kafka", async () => {
  using folder = project({});
  const { code, stdout, stderr } = await runTaskc(["bench", "--embedded", "--json", ...ROWS], {
    cwd: folder.folder,
  });
  assert.equal(code, 0, stderr);
  const result = JSON.parse(stdout) as Result;
  assert.equal(result.embedded, true);
  check(result, EXPECTED);
});

brokerTest("bench measures on Kafka, and removes its topics and its group", async () => {
  // Settings of the user's own workers are not for the one of the benchmark.
  using folder = project({ "taskc.json": JSON.stringify({ concurrency: 1, only: ["other"] }) });
  const env = { TASKC_BROKERS: brokers.plain, TASKC_CONCURRENCY: "1", TASKC_GROUP: "other" };
  const { code, stdout, stderr } = await runTaskc(["bench", "--json", ...ROWS], {
    cwd: folder.folder,
    env,
  });
  assert.equal(code, 0, stderr);
  check(JSON.parse(stdout) as Result, EXPECTED);
  assert.deepEqual(await leftovers(), []);
  const table = await runTaskc(["bench", "--row", "20x5", "--rounds", "2"], {
    cwd: folder.folder,
    env,
  });
  assert.ok(table.stdout.split("\n").every(({ length }) => length <= 80), table.stdout);
  assert.match(table.stdout, /^JOBS +MESSAGES +MIN +MEDIAN +MAX .*\n20x5 +100 /);
});

brokerTest("bench that is interrupted leaves nothing behind", async () => {
  using folder = project({});
  const env = { TASKC_BROKERS: brokers.plain };
  await using running = taskc(["bench", "--row", "10x10@60s"], { cwd: folder.folder, env });
  await running.waitForLine(/^JOBS/, "stdout");
  running.kill("SIGINT");
  assert.equal((await running.waitForExit()).code, 5);
  await until("its topics to be gone", async () => (await leftovers()).length === 0);
});

brokerTest("bench says what is wrong with brokers and rows", async () => {
  const unreachable = await runTaskc(["bench", "--brokers", "127.0.0.1:1", "--timeout", "2s"], {});
  assert.equal(unreachable.code, 4);
  assert.match(unreachable.stderr, /127\.0\.0\.1:1/);
  const wrong = await runTaskc(["bench", "--row", "200"], {});
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /200x20 or 300x20@5s/);
});
