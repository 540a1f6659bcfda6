/** `--metrics` and the watch for stalls, as those see them who start and stop workers. */
import assert from "node:assert/strict";
import {
  brokerTest,
  json,
  lag,
  produce,
  type Project,
  project,
  runWorker,
  topic,
  until,
  workModule,
} from "./harness.ts";

async function ask(address: unknown, path: string): Promise<[number, { reasons: string[] }]> {
  const response = await fetch(`http://${address}${path}`);
  return [response.status, await response.json()];
}

const isReady = async (address: unknown) => (await ask(address, "/readyz"))[0] === 200;

function healthWorker(folder: Project, ...args: string[]) {
  return runWorker(folder, ["--metrics", "0", ...args]);
}

for (const protocol of ["consumer", "classic"]) {
  brokerTest(`a worker without a partition is ready, too (${protocol})`, async () => {
    const from = await topic();
    using folder = project({ "tasks.ts": workModule(from) });
    const args = ["--group-protocol", protocol];
    await using first = healthWorker(folder, ...args);
    const { address } = await first.waitForEvent("health");
    assert.match(String(address), /^127\.0\.0\.1:\d+$/);
    await until("the first to be ready", () => isReady(address));
    assert.equal((await ask(address, "/healthz"))[0], 200);
    await using second = healthWorker(folder, ...args);
    const { address: other } = await second.waitForEvent("health");
    await until("the second to be ready", () => isReady(other));
  });
}

brokerTest("a worker that leaves is no longer ready, and still healthy", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "a", ms: 5000 }]));
  await using worker = healthWorker(folder);
  const { address } = await worker.waitForEvent("health");
  await until("it to be in flight", () => folder.ledger().size === 1);
  worker.kill("SIGTERM");
  await worker.waitForEvent("draining");
  const [status, { reasons }] = await ask(address, "/readyz");
  assert.deepEqual([status, reasons], [503, ["the worker is leaving"]]);
  assert.equal((await ask(address, "/healthz"))[0], 200);
  assert.equal((await worker.waitForExit()).code, 0);
});

brokerTest("a port that is in use ends the start, before anything is consumed", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await using first = healthWorker(folder);
  const { address } = await first.waitForEvent("health");
  await until("the first to be ready", () => isReady(address));
  await using second = runWorker(folder, ["--metrics", String(address)]);
  const { code, stderr } = await second.waitForExit();
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /error: Cannot serve health at "127\.0\.0\.1:\d+": the port is in use\nhint: /,
  );
  assert.doesNotMatch(stderr, /"event":"started"/);
});

brokerTest("a stall is told with what keeps the worker, and fails the health check", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "slow", ms: 4000 }]));
  await using worker = healthWorker(folder, "--stall-after", "1s");
  const { address } = await worker.waitForEvent("health");
  const told = await worker.waitForEvent("stalled");
  assert.deepEqual(
    [told.cause, told.task, told.topic, told.partition, told.offset, told.attempt],
    ["task running", "work", from, 0, 0, 1],
  );
  const [status, { reasons }] = await ask(address, "/healthz");
  assert.equal(status, 503);
  assert.match(reasons[0]!, new RegExp(`task running, work ${from}/0@0$`));
  assert.equal((await ask(address, "/readyz"))[0], 200);
  await worker.waitForEvent("stall-ended");
  assert.equal((await ask(address, "/healthz"))[0], 200);
});

brokerTest("--stall-exit leaves as in a shutdown, with exit code 6", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: "quick" }, { id: "endless", ms: 3_600_000 }]));
  await using worker = runWorker(folder, ["--stall-exit", "1500ms", "--grace", "0s"]);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 6, stderr);
  assert.match(stderr, /error: Nothing has moved for \d s: task running, work .*@1\n/);
  assert.equal(await lag(worker.group, from), 1, "what was finished is committed");
});
