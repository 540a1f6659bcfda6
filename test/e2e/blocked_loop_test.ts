/** Tasks that never yield: they hold up neither signals nor, for longer than the loop is blocked, the group. */
import assert from "node:assert/strict";
import process from "node:process";
import {
  brokerTest,
  executable,
  groupOf,
  json,
  lag,
  produce,
  project,
  runWorker,
  terminal,
  topic,
  until,
} from "./harness.ts";

/** A task that computes for `ms`, or for ever, in the part before or after its first `await`. */
function computingModule(from: string): string {
  return `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
const compute = (ms) => {
  for (const began = performance.now(); performance.now() - began < ms;);
};
export const compute_it = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id, ms, afterAwait }) => {
    if (afterAwait) await new Promise((resolve) => setTimeout(resolve, 1));
    started(id);
    compute(ms ?? Infinity);
    finished(id);
  },
});
`;
}

const apart = () => new Promise((resolve) => setTimeout(resolve, 200));

for (const afterAwait of [false, true]) {
  const where = afterAwait ? "after an await" : "at once";
  brokerTest(`SIGTERM ends a worker whose task never yields, ${where}, and names it`, async () => {
    const from = await topic();
    using folder = project({ "tasks.ts": computingModule(from) });
    await produce(from, json([{ id: "endless", afterAwait }]));
    await using worker = runWorker(folder, ["--grace", "1s"]);
    await until("it to be in flight", () => folder.ledger().size === 1);
    worker.kill("SIGTERM");
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 5, stderr);
    const { at, ...last } = JSON.parse(stderr.trimEnd().split("\n").at(-1)!);
    assert.match(at, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.deepEqual(last, {
      type: "event",
      event: "forced-exit",
      reason: "the time to leave is over",
      task: afterAwait ? null : "compute_it",
      candidates: afterAwait ? ["compute_it"] : [],
    });
  });
}

brokerTest("a third signal ends a blocked worker at once", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": computingModule(from) });
  await produce(from, json([{ id: "endless" }]));
  await using worker = runWorker(folder, ["--grace", "1h", "--stats", "lines"]);
  await until("it to be in flight", () => folder.ledger().size === 1);
  for (let signal = 0; signal < 3; signal++) {
    worker.kill("SIGINT");
    await apart();
  }
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  assert.match(
    stderr,
    /^\S+Z forced-exit reason="a third signal came" task=compute_it candidates=""\n$/m,
  );
});

brokerTest("a setup that never yields does not hold up SIGTERM either", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { started } from "./ledger.ts";
export const work = task({ topic: ${JSON.stringify(from)}, run: () => {} });
export const setup = () => { started("setup"); for (;;); };
`,
  });
  await using worker = runWorker(folder, ["--grace", "0s"]);
  await until("setup to be called", () => folder.ledger().size === 1);
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  const { event, task, candidates } = JSON.parse(stderr.trimEnd().split("\n").at(-1)!);
  assert.deepEqual([event, task, candidates], ["forced-exit", null, []]);
});

brokerTest("nor does a module whose top level never yields", async () => {
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { started } from "./ledger.ts";
export const work = task({ run: () => {} });
started("loading");
for (;;);
`,
  });
  await using worker = runWorker(folder);
  await until("it to be loading", () => folder.ledger().size === 1);
  worker.kill("SIGTERM");
  assert.equal((await worker.waitForExit()).signal, "SIGTERM");
});

brokerTest("a terminal is given back although the loop is blocked", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": computingModule(from) });
  await produce(from, json([{ id: "endless" }]));
  const group = groupOf(folder);
  const script = 'trap : INT; "$0" run tasks.ts --stats tty "$@"; echo "ended with $?"; read line';
  using screen = terminal({
    columns: 80,
    rows: 24,
    command: ["sh", "-c", script, executable, "--group", group],
    cwd: folder.folder,
    env: { TASKC_BROKERS: process.env.TASKC_TEST_BROKERS },
  });
  await until("it to be in flight", () => folder.ledger().size === 1);
  assert.equal(screen.cursorVisible, false);
  for (let signal = 0; signal < 3; signal++) {
    screen.keys("C-c");
    await apart();
  }
  await screen.waitForScreen(/^ended with 5$/m);
  assert.match(screen.capture(), /Left by force, a third signal came; blocked by compute_it$/m);
  assert.equal(screen.cursorVisible, true);
});

for (const [how, code] of [["abort", 134], ["ABRT", 134], ["SEGV", 139]] as const) {
  brokerTest(`a terminal is given back when the process crashes: ${how}`, async () => {
    const from = await topic();
    using folder = project({
      "tasks.ts": `import { execFileSync } from "node:child_process";
import { task } from "taskc";
import { started } from "./ledger.ts";
export const crash = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id }) => {
    started(id);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    if (id === "abort") process.abort();
    // Bun's own process.kill would take all handlers of the signal away before.
    execFileSync("kill", ["-s", id, String(process.pid)]);
  },
});
`,
    });
    await produce(from, json([{ id: how }]));
    const script = '"$0" run tasks.ts --stats tty "$@"; echo "ended with $?"; read line';
    using screen = terminal({
      columns: 80,
      rows: 24,
      command: ["sh", "-c", script, executable, "--group", groupOf(folder)],
      cwd: folder.folder,
      env: { TASKC_BROKERS: process.env.TASKC_TEST_BROKERS },
    });
    await until("it to be in flight", () => folder.ledger().size === 1);
    assert.equal(screen.cursorVisible, false);
    await screen.waitForScreen(new RegExp(`ended with ${code}$`, "m"));
    assert.equal(screen.cursorVisible, true);
  });
}

for (const protocol of ["consumer", "classic"]) {
  brokerTest(
    `a blocked loop is told, and the worker joins its group again (${protocol})`,
    async () => {
      const from = await topic();
      using folder = project({ "tasks.ts": computingModule(from) });
      await produce(
        from,
        json([{ id: "a", ms: 0 }, { id: "long", ms: 9000 }, { id: "b", ms: 0 }]),
      );
      const bounds = protocol === "classic" ? ["-X", "session.timeout.ms=6000"] : [];
      await using worker = runWorker(folder, [
        "--group-protocol",
        protocol,
        "-X",
        "max.poll.interval.ms=6000",
        ...bounds,
      ]);
      const early = JSON.parse(await worker.waitForLine(/"event":"loop-blocked"/));
      assert.equal(folder.ledger().get("long")?.finished, 0, "told while it still is");
      assert.equal(early.task, "compute_it");
      assert.equal(early.over, false);
      assert.ok(early.blockedMs >= 3000 && early.blockedMs < 6000, `${early.blockedMs}`);
      const late = JSON.parse(await worker.waitForLine(/"event":"loop-blocked".*"over":true/));
      assert.equal(late.task, "compute_it");
      assert.ok(late.blockedMs >= 8000, `${late.blockedMs}`);
      await produce(from, json([{ id: "c", ms: 0 }]));
      await until("what comes after it", () => (folder.ledger().get("c")?.finished ?? 0) > 0);
      await until("all to be committed", async () => await lag(worker.group, from) === 0);
      worker.kill("SIGTERM");
      const { code, stderr } = await worker.waitForExit();
      assert.equal(code, 0, stderr);
      // It takes too long each time; but what was finished is known to be, although the partition was lost.
      for (const [id, { finished }] of folder.ledger()) assert.equal(finished, 1, id);
    },
  );
}

brokerTest(
  "a block of little more than a second is laid to its task, although the loop slept before",
  async () => {
    const from = await topic();
    using folder = project({ "tasks.ts": computingModule(from) });
    await produce(from, json([{ id: "first", ms: 0 }]));
    await using worker = runWorker(folder);
    await until("the first to be done", () => (folder.ledger().get("first")?.finished ?? 0) > 0);
    // Long enough for the loop, and the watchdog with it, to look as seldom as they ever do.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    await produce(from, json([{ id: "block", ms: 1200 }]));
    const { task, blockedMs, over } = JSON.parse(
      await worker.waitForLine(/"event":"loop-blocked"/),
    );
    assert.deepEqual({ task, over }, { task: "compute_it", over: true });
    assert.ok(blockedMs >= 1000, `${blockedMs}`);
  },
);
