/** A shutdown ends although every broker is gone: each phase has its bound, and the process one in all. */
import assert from "node:assert/strict";
import { LEAVE_WITHIN_MS } from "../../src/worker/departure.ts";
import { REASONS } from "../../src/cli/supervise_process.ts";
import { brokerTest, Cluster, project, runTaskc, runWorker, until, workModule } from "./harness.ts";

const GRACE_MS = 1000;
/** Its timers may be late on a machine that is busy; a client that blocks takes a minute or has no end. */
const LATE_MS = 10_000;

for (
  const { how, ms, what } of [
    // A broker that is killed refuses connections, one that is paused stays silent.
    { how: "kill", ms: 3_600_000, what: "a task never settles" },
    { how: "pause", ms: 500, what: "the last commit has no answer" },
  ] as const
) {
  brokerTest(`a worker leaves when all brokers are gone (${how}) and ${what}`, async () => {
    await using cluster = await Cluster.start();
    const env = { TASKC_BROKERS: await cluster.address() };
    using folder = project({ "tasks.ts": workModule("work") });
    await using worker = runWorker(folder, ["--grace", `${GRACE_MS}ms`, "--create-topics"], {
      env,
    });
    await worker.waitForEvent("started");
    const args = ["send", "tasks.ts", "work", JSON.stringify({ id: "a", ms })];
    const sent = await runTaskc(args, { cwd: folder.folder, env });
    assert.equal(sent.code, 0, sent.stderr);
    await until("it to be in flight", () => folder.ledger().size === 1);
    await cluster.do(how, "1");
    worker.kill("SIGTERM");
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 5, stderr);
    const asked = worker.told.find(({ event }) => event === "draining");
    const left = worker.told.at(-1);
    assert.ok(asked && left, stderr);
    // Its own last word: it came to its end, or was ended at the bound.
    if (left.event === "forced-exit") assert.equal(left.reason, REASONS.deadline);
    else assert.deepEqual([left.event, left.exitCode], ["stopped", 5], stderr);
    const tookMs = Date.parse(String(left.at)) - Date.parse(String(asked.at));
    assert.ok(tookMs <= GRACE_MS + LEAVE_WITHIN_MS + LATE_MS, `it took ${tookMs} ms\n${stderr}`);
  });
}
