/** Commits that a broker refuses in part, or as a whole for their size. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  brokerTest,
  Cluster,
  committed,
  json,
  produce,
  produceBytes,
  project,
  runWorker,
  SASL_USER,
  saslEnvironment,
  topic,
  until,
  Worker,
} from "./harness.ts";

/** Two tasks; that of the first topic waits for a file. */
function twoTasks(gated: string, free: string): string {
  return `import { existsSync } from "node:fs";
import { task } from "taskc";
import { finished, started } from "./ledger.ts";

export const gated = task({
  topic: ${JSON.stringify(gated)},
  run: async ({ id }) => {
    started(id);
    while (!existsSync("open")) await new Promise((resolve) => setTimeout(resolve, 20));
    finished(id);
  },
});
export const free = task({ topic: ${JSON.stringify(free)}, run: ({ id }) => finished(id) });
`;
}

for (const protocol of ["consumer", "classic"]) {
  brokerTest(
    `a topic whose commits are refused holds up those of no other (${protocol})`,
    async () => {
      const [gated, free] = [await topic(), await topic()];
      using folder = project({ "tasks.ts": twoTasks(gated, free) });
      await using worker = runWorker(
        folder,
        ["--group-protocol", protocol, "--commit-interval", "200ms"],
        { env: saslEnvironment() },
      );
      const offsetOf = async (one: string) => (await committed(worker.group, one)).get(0)?.offset;
      const acl = (what: string) =>
        Cluster.main.do("acls", what, "--deny-principal", `User:${SASL_USER}`, "--topic", gated);
      await produce(gated, json([{ id: "gated" }]));
      await until("the first to run", () => folder.ledger().get("gated")?.started === 1);
      await acl("--add");
      await worker.waitForLine(/authorization failed/i);
      writeFileSync(join(folder.folder, "open"), "");
      for (let id = 0; id < 5; id++) {
        await produce(free, json([{ id }]));
        await until(
          `commit ${id + 1} of the other topic`,
          async () => await offsetOf(free) === id + 1,
        );
      }
      assert.equal(await offsetOf(gated), 0);
      const refused = worker.lines.stderr.filter((line) => line.includes('"commit-refused"'));
      assert.ok(refused.length >= 1 && refused.length <= 4, worker.events());
      assert.ok(refused.every((line) => line.includes(gated)), worker.events());
      await acl("--remove");
      await until("its commit after all", async () => await offsetOf(gated) === 1);
      worker.kill();
      assert.equal((await worker.waitForExit()).code, 0, worker.events());
    },
  );
}

brokerTest(
  "a commit that is too large for the coordinator goes in parts, with its maps",
  async () => {
    const PARTITIONS = 4;
    const EACH = 3000;
    await using cluster = await Cluster.start();
    const address = await cluster.address();
    await cluster.do("topics", "create", "work", "--partitions", String(PARTITIONS));
    // Each third message stays unfinished, so that a map takes about 550 characters.
    using folder = project({
      "tasks.ts": `import { task } from "taskc";
import { finished } from "./ledger.ts";
let left = ${PARTITIONS * EACH * 2 / 3};
export const work = task({
  topic: "work",
  run: ({ id }) => {
    if (id % 3 === 0) return new Promise(() => {});
    if (--left === 0) finished("all");
  },
});
`,
    });
    const env = { TASKC_BROKERS: address };
    const args = ["--concurrency", "20000", "--commit-interval", "300ms"];
    {
      await using first = new Worker(folder, "large", args, { env });
      await first.waitForEvent("rebalance");
      await cluster.do("topics", "set", "__consumer_offsets", "max.message.bytes=1800");
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const all = Array.from({ length: EACH }, (_, id) => ({ value: JSON.stringify({ id }) }));
        await produceBytes("work", all, { partition, address });
      }
      await until("all that can finish", () => folder.finishedCount() === 1);
      // Some intervals, each with time for all of its parts.
      await new Promise((resolve) => setTimeout(resolve, 4000));
      assert.doesNotMatch(first.events(), /commit-refused/);
      first.kill("SIGKILL");
      await first.waitForExit();
    }
    await using second = new Worker(folder, "large", args, { env });
    const { finished } = await second.waitForEvent("resumed");
    assert.equal(finished, PARTITIONS * EACH * 2 / 3);
  },
);
