/** Signals: the first drains, the second aborts, and nothing keeps the worker from leaving. */
import assert from "node:assert/strict";
import {
  brokerTest,
  executable,
  groupOf,
  json,
  lag,
  produce,
  type Project,
  project,
  runWorker,
  taskc,
  topic,
  until,
  workModule,
} from "./harness.ts";

function startedCount(folder: Project): number {
  return folder.ledger().size;
}

/** Signals that come together count as one; the time between them is part of what is tested. */
const apart = () => new Promise((resolve) => setTimeout(resolve, 200));

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  brokerTest(`${signal} lets what is in flight finish, commits it and exits 0`, async () => {
    const from = await topic({ partitions: 2 });
    using folder = project({ "tasks.ts": workModule(from) });
    await produce(from, json(Array.from({ length: 300 }, (_, id) => ({ id, ms: 1000 }))));
    await using worker = runWorker(folder, ["--concurrency", "50"]);
    await until("tasks in flight", () => startedCount(folder) >= 50);
    worker.kill(signal);
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 0, stderr);
    const entries = [...folder.ledger().values()];
    assert.ok(entries.every(({ started, finished }) => started === 1 && finished === 1));
    assert.ok(entries.length < 300, "what had not started was left");
    assert.equal(await lag(worker.group, from), 300 - entries.length);
  });
}

brokerTest("a worker under nohup outlives its terminal", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: 1 }]));
  const args = [executable, "run", "tasks.ts", "--group", groupOf(folder)];
  await using worker = taskc(args, { program: "nohup", cwd: folder.folder });
  await until("the first message", () => folder.finishedCount() === 1);
  worker.kill("SIGHUP");
  await produce(from, json([{ id: 2 }]));
  await until("the next message", () => folder.finishedCount() === 2);
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  assert.match(stderr, /draining reason=SIGTERM/);
});

/** A task that fails when its signal says so, as a request with `{ signal }` does. */
function waitingModule(from: string): string {
  return `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
export const wait = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id }, { signal }) => {
    started(id);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    finished(id + " aborted");
    throw signal.reason;
  },
});
`;
}

brokerTest(
  "a second signal aborts the tasks: their signals fire and the exit code is 5",
  async () => {
    const from = await topic();
    using folder = project({
      "tasks.ts": waitingModule(from),
    });
    await produce(from, json([{ id: "a" }, { id: "b" }]));
    await using worker = runWorker(folder, ["--grace", "1h"]);
    await until("both in flight", () => startedCount(folder) === 2);
    worker.kill("SIGTERM");
    await worker.waitForEvent("draining");
    await apart();
    worker.kill("SIGTERM");
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 5, stderr);
    assert.equal(folder.ledger().get("a aborted")?.finished, 1);
    assert.equal(folder.ledger().get("b aborted")?.finished, 1);
    assert.equal(await lag(worker.group, from), 2, "neither is committed");
  },
);

brokerTest("the end of --grace aborts the tasks", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": waitingModule(from) });
  await produce(from, json([{ id: "a" }]));
  await using worker = runWorker(folder, ["--grace", "100ms"]);
  await until("it to be in flight", () => startedCount(folder) === 1);
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  assert.equal(folder.ledger().get("a aborted")?.finished, 1);
});

brokerTest("what an abort left unfinished runs again under the next worker", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "quick" }, { id: "endless", ms: 3_600_000 }, { id: "last" }]));
  {
    await using first = runWorker(folder, ["--grace", "0s"]);
    await until("the others to be done", () => folder.finishedCount() === 2);
    first.kill("SIGTERM");
    assert.equal((await first.waitForExit()).code, 5);
    assert.ok(await lag(first.group, from) >= 1, "its offset is not committed");
  }
  await using _second = runWorker(folder);
  await until("its second start", () => folder.ledger().get("endless")?.started === 2);
  assert.equal(folder.ledger().get("quick")?.started, 1);
});

brokerTest("signals that come together are one request", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "a", ms: 1500 }]));
  await using worker = runWorker(folder);
  await until("it to be in flight", () => startedCount(folder) === 1);
  for (const signal of ["SIGTERM", "SIGINT", "SIGTERM"] as const) worker.kill(signal);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  assert.equal(folder.finishedCount(), 1);
});

brokerTest("a signal during setup ends the process at once", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { started } from "./ledger.ts";
export const work = task({ topic: ${JSON.stringify(from)}, run: () => {} });
export const setup = () => { started("setup"); return new Promise((resolve) => setTimeout(resolve, 3_600_000)); };
`,
  });
  await using worker = runWorker(folder);
  await until("setup to be called", () => startedCount(folder) === 1);
  worker.kill("SIGTERM");
  assert.equal((await worker.waitForExit()).code, 143);
});

brokerTest("a third signal leaves at once", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "endless", ms: 3_600_000 }]));
  await using worker = runWorker(folder, ["--grace", "1h"]);
  await until("it to be in flight", () => startedCount(folder) === 1);
  worker.kill("SIGTERM");
  await worker.waitForEvent("draining");
  await apart();
  worker.kill("SIGTERM");
  await worker.waitForEvent("aborting");
  await apart();
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
});
