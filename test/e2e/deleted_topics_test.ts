/** Topics that are deleted, or made again at once, while they are consumed. */
import assert from "node:assert/strict";
import {
  brokerTest,
  committed,
  deleteTopic,
  json,
  produce,
  project,
  runWorker,
  spread,
  topic,
  until,
  workModule,
} from "./harness.ts";

const PARTITIONS = 12;
/** A minute of it, some told again after 10 s and after 20 s more. */
const MOST_LINES = 20;

for (const protocol of ["consumer", "classic"]) {
  const args = ["--group-protocol", protocol];

  brokerTest(
    `a topic made again at once, with a longer log than before, runs from its start (${protocol})`,
    async () => {
      const from = await topic();
      using folder = project({ "tasks.ts": workModule(from) });
      const old = ["old-0", "old-1", "old-2"];
      const fresh = Array.from({ length: 40 }, (_, index) => `new-${index}`);
      const send = (ids: string[]) => produce(from, json(ids.map((id) => ({ id }))));
      const finished = (ids: string[]) => () =>
        ids.every((id) => (folder.ledger().get(id)?.finished ?? 0) > 0);
      await using worker = runWorker(folder, args);
      await send(old);
      await until("the old log", finished(old));
      await until(
        "its commit",
        async () => (await committed(worker.group, from)).get(0)?.offset === 3,
      );
      await deleteTopic(from);
      await topic({ name: from });
      // Before the worker, which looks every 30 s, can notice.
      await send(fresh);
      await until("the new log", finished(fresh));
      await until(
        "its commit",
        async () => (await committed(worker.group, from)).get(0)?.offset === 40,
      );
      worker.kill();
      assert.equal((await worker.waitForExit()).code, 0, worker.events());

      const before = new Map([...folder.ledger()].map(([id, { finished }]) => [id, finished]));
      await using second = runWorker(folder, args);
      await send(["last"]);
      await until("the last message", finished(["last"]));
      second.kill();
      assert.equal((await second.waitForExit()).code, 0, second.events());
      const after = [...folder.ledger()].map(([id, { finished }]) => [id, finished] as const);
      assert.deepEqual(
        after.filter(([id, count]) => count !== (before.get(id) ?? 1)),
        [],
        `${worker.events()}\n${second.events()}`,
      );
      assert.equal(folder.ledger().get("last")?.finished, 1);
    },
  );
}

for (const protocol of ["consumer", "classic"]) {
  brokerTest(
    `a deleted topic of many partitions is told by topic, not by partition (${protocol})`,
    async () => {
      const from = await topic({ partitions: PARTITIONS });
      using folder = project({ "tasks.ts": workModule(from) });
      await using worker = runWorker(folder, ["--group-protocol", protocol]);
      await worker.waitForLine(/"assigned","partitions":\[\{/);
      const messages = Array.from({ length: PARTITIONS }, (_, id) => ({ id, ms: 3000 }));
      await produce(from, spread(messages, PARTITIONS));
      await until("all of it to begin", () => folder.ledger().size === PARTITIONS);
      const before = worker.told.length;
      await deleteTopic(from);
      await worker.waitForEvent("topic-gone");
      assert.ok(worker.told.length - before <= MOST_LINES, worker.events());
    },
  );
}
