/** `taskc run --processes`: several processes of one group under one parent, as who starts it sees them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import process from "node:process";
import {
  brokerTest,
  executable,
  json,
  lag,
  produce,
  project,
  runTaskc,
  runWorker,
  terminal,
  topic,
  until,
  type Worker,
  workModule,
} from "./harness.ts";

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean)
    .map(Number);
}

function runs(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

const jobs = (count: number, ms: number, from = 0) =>
  json(Array.from({ length: count }, (_, n) => ({ id: from + n, ms })));

/** One task that never yields. */
function endlessModule(from: string): string {
  return `import { task } from "taskc";
import { started } from "./ledger.ts";
export const endless = task({ topic: ${JSON.stringify(from)}, run: ({ id }: { id: number }) => {
  started(id);
  for (;;);
} });`;
}

/** Which of the processes have partitions, by what they told last. */
function holders(worker: Worker): Set<unknown> {
  const held = new Map<unknown, Set<string>>();
  for (const event of worker.told) {
    if (event.event !== "rebalance") continue;
    const own = held.get(event.process) ?? new Set();
    held.set(event.process, own);
    for (const { topic, partition } of event.partitions as { topic: string; partition: number }[]) {
      if (event.change === "assigned") own.add(`${topic}/${partition}`);
      else own.delete(`${topic}/${partition}`);
    }
  }
  return new Set([...held].filter(([, own]) => own.size > 0).map(([process]) => process));
}

brokerTest(
  "three processes share the partitions; one that is killed starts again; all messages are done",
  async () => {
    const from = await topic({ partitions: 6 });
    using folder = project({ "tasks.ts": workModule(from) });
    await using worker = runWorker(folder, ["--processes", "3", "--metrics", "0"]);
    await until("each to have partitions", () => holders(worker).size === 3);
    const { address } = await worker.waitForEvent("health");
    const ready = async () => (await fetch(`http://${address}/readyz`)).status === 200;
    await until("it to be ready", ready);
    await produce(from, jobs(600, 100));
    await until("some to be done", () => folder.finishedCount() >= 100);

    const victim = childrenOf(worker.pid)[1]!;
    process.kill(victim, "SIGKILL");
    const ended = await worker.waitForEvent("process-ended");
    assert.deepEqual([ended.signal, ended.restartInMs], ["SIGKILL", 1000]);
    const restarted = await worker.waitForEvent("process-restarted");
    assert.equal(restarted.process, ended.process);
    assert.ok(childrenOf(worker.pid).includes(Number(restarted.pid)));
    await produce(from, jobs(300, 10, 600));
    await until("all to be done", () => folder.finishedCount() === 900);
    await until("it to be ready again", ready);
    // What the killed one had not committed runs once more.
    await until("all to be committed", async () => await lag(worker.group, from) === 0);

    worker.kill("SIGTERM");
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 0, stderr);
    const last = JSON.parse(worker.lines.stderr.at(-1)!);
    assert.equal(last.type, "summary");
    assert.deepEqual([last.state, last.limit], ["stopped", 0]);
    // Less what the killed one had not reported; more where it had not committed.
    const runs = [...folder.ledger().values()].reduce((sum, { finished }) => sum + finished, 0);
    assert.ok(
      last.totals.done >= 600 && last.totals.done <= runs,
      `${last.totals.done} of ${runs}`,
    );
    const told = worker.told.map(({ event }) => event);
    for (const once of ["started", "draining", "stopped", "health"]) {
      assert.equal(told.filter((event) => event === once).length, 1, once);
    }
  },
);

brokerTest("--drain: figures are those of all processes, and they end together", async () => {
  const from = await topic({ partitions: 4 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, jobs(400, 50));
  await using worker = runWorker(folder, ["--processes", "2", "--concurrency", "20", "--drain"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  const { totals, tasks, processes, peakInFlight } = JSON.parse(worker.lines.stderr.at(-1)!);
  assert.deepEqual([totals.done, totals.received, tasks[0].done], [400, 400, 400]);
  assert.deepEqual(processes.of, 2);
  assert.ok(peakInFlight <= 40);
  assert.ok(totals.p50Ms >= 49 && totals.p99Ms >= totals.p50Ms, JSON.stringify(totals));
  assert.equal(await lag(worker.group, from), 0);
});

brokerTest("the highest exit code is that of all: a message in the dead letters", async () => {
  const from = await topic({ partitions: 4 });
  using folder = project({ "tasks.ts": workModule(from, "retry: { attempts: 1 },") });
  await produce(from, [...jobs(40, 10), { value: "no JSON", partition: 2 }]);
  await using worker = runWorker(folder, ["--processes", "2", "--drain"]);
  assert.equal((await worker.waitForExit()).code, 1);
});

brokerTest("a mistake in the module is told once, with its exit code", async () => {
  using folder = project({ "tasks.ts": "export const nothing = 1;" });
  const { code, stderr } = await runTaskc(
    ["run", "tasks.ts", "--group", "none", "--processes", "4", "--stats", "lines"],
    { cwd: folder.folder },
  );
  assert.equal(code, 3);
  assert.equal(stderr.match(/^error: /gm)?.length, 1, stderr);
});

brokerTest("processes leave in good order when their parent is killed", async () => {
  const from = await topic({ partitions: 2 });
  using folder = project({ "tasks.ts": workModule(from) });
  await using worker = runWorker(folder, ["--processes", "2"]);
  await until("each to have partitions", () => holders(worker).size === 2);
  await produce(from, jobs(20, 1500));
  await until("all to be in flight", () => folder.ledger().size === 20);
  const children = childrenOf(worker.pid);
  worker.kill("SIGKILL");
  await until("them to have left", () => !children.some(runs));
  assert.ok([...folder.ledger().values()].every(({ finished }) => finished === 1));
  assert.equal(await lag(worker.group, from), 0);
});

brokerTest(
  "a blocked process does not outlive its parent by more than the time to leave",
  async () => {
    const from = await topic({ partitions: 2 });
    using folder = project({ "tasks.ts": endlessModule(from) });
    await using worker = runWorker(folder, ["--processes", "2", "--grace", "0s"]);
    await until("each to have partitions", () => holders(worker).size === 2);
    await produce(from, json([{ id: 1 }]));
    await until("it to compute", () => folder.ledger().size === 1);
    const children = childrenOf(worker.pid);
    worker.kill("SIGKILL");
    await until("them to have left", () => !children.some(runs));
  },
);

brokerTest("--max-time bounds a drain, also where processes crash", async () => {
  const from = await topic({ partitions: 2 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, jobs(200, 500));
  const args = ["--processes", "2", "--concurrency", "5", "--drain", "--max-time", "4s"];
  await using worker = runWorker(folder, args);
  await until("both to work", () => holders(worker).size === 2);
  process.kill(childrenOf(worker.pid)[0]!, "SIGKILL");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  assert.match(stderr, /"event":"draining","reason":"--max-time is over"/);
  assert.ok(folder.finishedCount() < 200);
});

brokerTest("a signal while the first process sets up is heeded", async () => {
  const from = await topic({ partitions: 2 });
  const setup = `export const setup = () => {
  console.log("setting up");
  for (const until = Date.now() + 2000; Date.now() < until;);
};`;
  using folder = project({ "tasks.ts": `${workModule(from)}\n${setup}` });
  await using worker = runWorker(folder, ["--processes", "2"]);
  await worker.waitForLine(/setting up/, "stdout");
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /process-restarted/);
});

brokerTest("with a panel, what a task has started and left does not hold up the end", async () => {
  const from = await topic({ partitions: 2 });
  using folder = project({
    "tasks.ts": `import { spawn } from "node:child_process";
import { task } from "taskc";
export const leave = task({ topic: ${JSON.stringify(from)}, run: () => {
  spawn("sleep", ["60"], { stdio: ["ignore", "inherit", "inherit"], detached: true }).unref();
} });`,
  });
  await produce(from, json([{ id: 1 }]));
  using screen = terminal({
    ...{ columns: 100, rows: 30, cwd: folder.folder, env: { LANG: "C.UTF-8" } },
    command: [executable, "run", "tasks.ts", "--group", from, "--processes", "2"],
  });
  await screen.waitForScreen(/running[^]* 1 done/);
  screen.keys("C-c");
  await until("its end", () => screen.exitCode !== null);
  assert.equal(screen.exitCode, 0);
});

brokerTest("what tasks print is above the panel, in full lines", async () => {
  const from = await topic({ partitions: 2 });
  using folder = project({
    "tasks.ts": `import { task, z } from "taskc";
export const say = task({ topic: ${JSON.stringify(from)}, run: ({ id }: { id: number }) => {
  console.log(\`out \${id} \${process.stdout.isTTY ?? false}\`);
  console.error(\`err \${id}\`);
} });`,
  });
  await produce(from, json([{ id: 1 }, { id: 2 }]));
  using screen = terminal({
    ...{ columns: 100, rows: 30, cwd: folder.folder, env: { LANG: "C.UTF-8" } },
    command: [executable, "run", "tasks.ts", "--group", from, "--processes", "2"],
  });
  await screen.waitForScreen(/2 processes .* running[^]* 2 done/);
  const text = screen.capture();
  for (const line of [/^out 1 false$/m, /^out 2 false$/m, /^err 1$/m, /^err 2$/m]) {
    assert.match(text, line);
  }
  assert.ok(text.indexOf("out 1") < text.indexOf("── taskc"));
});
