/** `run --drain`: stops at the end of what was there at the start, and says how it went by its exit code. */
import assert from "node:assert/strict";
import {
  brokerTest,
  consumeAll,
  deadLetterTopic,
  json,
  lag,
  produce,
  project,
  runWorker,
  spread,
  topic,
  until,
  workModule,
} from "./harness.ts";

brokerTest("a drain does all that was there, commits it and exits 0", async () => {
  const from = await topic({ partitions: 3 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json(Array.from({ length: 500 }, (_, id) => ({ id, ms: 20 }))));
  await using worker = runWorker(folder, ["--drain"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 0, stderr);
  assert.equal(folder.finishedCount(), 500);
  assert.equal(await lag(worker.group, from), 0);
});

brokerTest("a drain of nothing exits 0 at once, twice", async () => {
  const from = await topic({ partitions: 2 });
  using folder = project({ "tasks.ts": workModule(from) });
  for (let time = 0; time < 2; time++) {
    await using worker = runWorker(folder, ["--drain"]);
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 0, stderr);
  }
});

brokerTest(
  "a drain waits for retries, and exits 1 when a message ends in the dead letters",
  async () => {
    const from = await topic();
    using folder = project({
      "tasks.ts": workModule(from, `retry: { attempts: 2, min: "50ms", max: "100ms" },`),
    });
    await produce(from, json([{ id: "a", failures: 1 }, { id: "b", failures: 9 }, { id: "c" }]));
    await using worker = runWorker(folder, ["--drain"]);
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 1, stderr);
    assert.equal(await lag(worker.group, from), 0);
    assert.equal((await consumeAll(deadLetterTopic(worker.group, from))).length, 1);
    assert.equal(folder.ledger().get("a")?.finished, 1);
  },
);

brokerTest("two drains of one group share the work and both exit 0", async () => {
  const from = await topic({ partitions: 4 });
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, spread(Array.from({ length: 400 }, (_, id) => ({ id, ms: 100 })), 4));
  await using one = runWorker(folder, ["--drain", "--concurrency", "20"]);
  await using two = runWorker(folder, ["--drain", "--concurrency", "20"]);
  const ends = await Promise.all([one.waitForExit(), two.waitForExit()]);
  assert.deepEqual(ends.map(({ code }) => code), [0, 0], ends.map((end) => end.stderr).join("---"));
  assert.equal(folder.finishedCount(), 400);
  assert.equal(await lag(one.group, from), 0);
});

brokerTest("a drain that is interrupted exits 5, and what ran is committed", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json(Array.from({ length: 1000 }, (_, id) => ({ id, ms: 200 }))));
  await using worker = runWorker(folder, ["--drain", "--concurrency", "5"]);
  await until("the first to be done", () => folder.finishedCount() > 0);
  worker.kill("SIGTERM");
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  const ledger = [...folder.ledger().values()];
  assert.ok(ledger.every(({ started, finished }) => started === finished), "all were let finish");
  assert.equal(await lag(worker.group, from), 1000 - ledger.length);
});

brokerTest("a drain that --max-time ends exits 5", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json(Array.from({ length: 1000 }, (_, id) => ({ id, ms: 100 }))));
  await using worker = runWorker(folder, ["--drain", "--concurrency", "2", "--max-time", "2s"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 5, stderr);
  assert.match(stderr, /max-time/);
  assert.ok(folder.finishedCount() < 1000);
});
