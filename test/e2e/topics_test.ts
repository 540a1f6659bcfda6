/** Topics that change while they are consumed: deleted, made again, grown, forbidden for a while. */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  deleteTopic,
  json,
  produce,
  project,
  runWorker,
  SASL_USER,
  saslEnvironment,
  topic,
  until,
  workModule,
} from "./harness.ts";

/** A minute of it, some told again after 10 s and after 20 s more. */
const MOST_LINES = 20;

for (const protocol of ["consumer", "classic"]) {
  const args = ["--group-protocol", protocol];

  brokerTest(
    `partitions that a topic gets are consumed from their start (${protocol})`,
    async () => {
      const from = await topic();
      using folder = project({ "tasks.ts": workModule(from) });
      await using worker = runWorker(folder, args);
      await worker.waitForLine(/"assigned"/);
      await Cluster.main.do("topics", "grow", from, "3");
      // Sent before the worker can know of them.
      await produce(from, json([{ id: "a" }]).map((one) => ({ ...one, partition: 2 })));
      await until("a message of a new partition", () => folder.finishedCount() === 1);
      const grown = await worker.waitForEvent("topic-grown");
      assert.deepEqual([grown.topic, grown.partitions, grown.before], [from, 3, 1]);
      worker.kill();
      assert.equal((await worker.waitForExit()).code, 0, worker.events());
    },
  );

  brokerTest(
    `a topic that is deleted and made again is told and taken up (${protocol})`,
    async () => {
      const [from, other] = [await topic(), await topic()];
      using folder = project({
        "tasks.ts": workModule(from) + `
export const second = task({
  topic: ${JSON.stringify(other)},
  run: ({ id }) => finished(id),
});
`,
      });
      await using worker = runWorker(folder, args);
      await produce(from, json([{ id: "before" }]));
      await until("a message before", () => folder.finishedCount() === 1);
      const before = worker.told.length;
      await deleteTopic(from);
      const gone = await worker.waitForEvent("topic-gone");
      assert.equal(gone.topic, from);
      await produce(other, json([{ id: "meanwhile" }]));
      await until("the other topic", () => folder.finishedCount() === 2);
      await topic({ name: from });
      await produce(from, json([{ id: "after" }]));
      await worker.waitForEvent("topic-back");
      await until("a message after", () => folder.ledger().get("after")?.finished === 1);
      worker.kill();
      assert.equal((await worker.waitForExit()).code, 0, worker.events());
      // Of all kinds: rebalances, gone, back, and little else.
      const to = worker.told.findIndex(({ event }) => event === "draining");
      assert.ok(to - before <= MOST_LINES, `${to - before} lines\n${worker.events()}`);
    },
  );
}

brokerTest("a topic that may not be read for a while is told, and goes on afterwards", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await using worker = runWorker(folder, [], {
    env: saslEnvironment(),
  });
  const acl = (what: string) =>
    Cluster.main.do("acls", what, "--deny-principal", `User:${SASL_USER}`, "--topic", from);
  await worker.waitForLine(/"assigned"/);
  const before = worker.told.length;
  await acl("--add");
  await worker.waitForLine(/authorization failed/i);
  await produce(from, json([{ id: "meanwhile" }]));
  await acl("--remove");
  await until("the message", () => folder.finishedCount() === 1);
  worker.kill();
  assert.equal((await worker.waitForExit()).code, 0, worker.events());
  const to = worker.told.findIndex(({ event }) => event === "draining");
  assert.ok(to - before <= MOST_LINES, `${to - before} lines\n${worker.events()}`);
});
