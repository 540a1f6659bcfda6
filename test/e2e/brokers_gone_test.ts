/** A shutdown ends although every broker is gone: each phase has its bound, and the process one in all. */
import assert from "node:assert/strict";
import { brokerTest, Cluster, project, runTaskc, runWorker, until, workModule } from "./harness.ts";

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
    await using worker = runWorker(folder, ["--grace", "1s", "--create-topics"], { env });
    await worker.waitForEvent("started");
    const args = ["send", "tasks.ts", "work", JSON.stringify({ id: "a", ms })];
    const sent = await runTaskc(args, { cwd: folder.folder, env });
    assert.equal(sent.code, 0, sent.stderr);
    await until("it to be in flight", () => folder.ledger().size === 1);
    await cluster.do(how, "1");
    worker.kill("SIGTERM");
    const { code, stderr } = await worker.waitForExit();
    assert.equal(code, 5, stderr);
  });
}
