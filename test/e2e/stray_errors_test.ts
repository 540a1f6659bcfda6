/** Code of a module that fails where nobody looks, or ends the process: told, and the others go on. */
import assert from "node:assert/strict";
import { brokerTest, json, lag, produce, project, runWorker, topic, until } from "./harness.ts";

function strayModule(from: string): string {
  return `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
export const strays = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id, how }) => {
    started(id);
    const later = new Promise((resolve) => setTimeout(resolve, 50));
    if (how === "rejects") void Promise.reject(new Error("nobody awaits " + id));
    if (how === "throws") setTimeout(() => { throw new Error("nobody catches " + id); }, 1);
    if (how === "exits") process.exit(9);
    await later;
    finished(id);
  },
});
`;
}

brokerTest("errors that nobody awaits are told and counted, and the worker goes on", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": strayModule(from) });
  await produce(from, json([{ id: 1, how: "rejects" }, { id: 2, how: "throws" }, { id: 3 }]));
  await using worker = runWorker(folder);
  await until("all to be done", () => folder.finishedCount() === 3);
  await until("all to be committed", async () => await lag(worker.group, from) === 0);
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  const told = stderr.split("\n").filter((line) => line.includes('"event":"stray-error"'))
    .map((line) => JSON.parse(line));
  assert.deepEqual(told.map(({ candidates }) => candidates), [["strays"], ["strays"]]);
  const reasons = told.map(({ reason }) => reason).sort();
  assert.match(reasons[0], /nobody awaits 1[^]*tasks\.ts:8/);
  assert.match(reasons[1], /nobody catches 2[^]*tasks\.ts:9/);
  assert.equal(JSON.parse(stderr.trimEnd().split("\n").at(-1)!).totals.strayErrors, 2);
});

brokerTest("a task that ends the process does so, and is named", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": strayModule(from) });
  await produce(from, json([{ id: 1, how: "exits" }]));
  await using worker = runWorker(folder);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 9, stderr);
  const { at: _, ...told } = await worker.waitForEvent("task-exit");
  assert.deepEqual(told, {
    type: "event",
    event: "task-exit",
    task: "strays",
    candidates: [],
    exitCode: 9,
  });
  assert.equal(await lag(worker.group, from), 1);
});

brokerTest("a drain whose task ends the process does not say that all is done", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": strayModule(from).replace("process.exit(9)", "process.exit(0)"),
  });
  await produce(from, json([{ id: 1, how: "exits" }]));
  await using worker = runWorker(folder, ["--drain"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  assert.match(stderr, /"task-exit"/);
  assert.equal(await lag(worker.group, from), 1);
});

brokerTest("a bug in the loop drains, commits, and exits 70 with its stack", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
export const saboteur = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id }) => {
    started(id);
    // What the loop's watch for stalls cannot do without.
    WeakMap.prototype.get = () => { throw new Error("sabotage"); };
    await new Promise((resolve) => setTimeout(resolve, 3000));
    finished(id);
  },
});
`,
  });
  await produce(from, json([{ id: 1 }]));
  await using worker = runWorker(folder);
  const { reason, inFlight } = await worker.waitForEvent("draining");
  assert.deepEqual([reason, inFlight], ["A bug in taskc: sabotage", 1]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 70, stderr);
  assert.match(
    stderr,
    /error: Error: sabotage\n\s+at .*tasks\.ts[^]*hint: {2}This is a bug in taskc/,
  );
  assert.equal(folder.finishedCount(), 1);
  assert.equal(await lag(worker.group, from), 0);
});
