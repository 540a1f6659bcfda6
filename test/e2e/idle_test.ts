/** A worker with nothing to do stays in its group: it polls by time too, not only when something arrives. */
import assert from "node:assert/strict";
import {
  brokerTest,
  json,
  produce,
  project,
  runWorker,
  topic,
  until,
  workModule,
} from "./harness.ts";

const MAX_POLL_MS = 6000;

brokerTest("an idle worker is not put out of its group, in either protocol", async () => {
  await Promise.all(["consumer", "classic"].map(async (protocol) => {
    const from = await topic();
    using folder = project({ "tasks.ts": workModule(from) });
    const session = protocol === "classic" ? ["-X", "session.timeout.ms=6000"] : [];
    await using worker = runWorker(folder, [
      ...["--group-protocol", protocol, "-X", `max.poll.interval.ms=${MAX_POLL_MS}`, ...session],
    ]);
    await worker.waitForLine(/"assigned"/);
    await new Promise((resolve) => setTimeout(resolve, 2.5 * MAX_POLL_MS));
    await produce(from, json([{ id: 1 }]));
    await until("the message", () => folder.finishedCount() === 1);
    worker.kill();
    assert.equal((await worker.waitForExit()).code, 0, worker.events());
    const changes = worker.lines.stderr.filter((line) => line.includes('"rebalance"'));
    const kinds = changes.map((line) => JSON.parse(line).change);
    assert.deepEqual(kinds.slice(0, 1), ["assigned"], worker.events());
    assert.ok(!kinds.slice(1).includes("assigned") && !kinds.includes("lost"), worker.events());
  }));
});
