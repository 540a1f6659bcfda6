/** Which protocol a group speaks: KIP-848 where the brokers have it, else the classic one. Static members. */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  fetchBytes,
  json,
  lag,
  produce,
  produceBytes,
  type Project,
  project,
  runTaskc,
  runWorker,
  topic,
  until,
  workModule,
} from "./harness.ts";

/** Runs a worker to the end of ten messages, and returns what it told at its start. */
async function drainOn(address: string, topicName: string, folder: Project, args: string[] = []) {
  const records = Array.from({ length: 10 }, (_, id) => ({ value: JSON.stringify({ id }) }));
  await produceBytes(topicName, records, { address });
  const { code, stderr } = await runTaskc(
    ["run", "tasks.ts", "--group", "protocols", "--stats", "json", "--drain", ...args],
    { cwd: folder.folder, env: { TASKC_BROKERS: address } },
  );
  return { code, stderr, started: stderr.split("\n").filter((line) => /"started"/.test(line)) };
}

brokerTest("KIP-848 is spoken where the brokers have it", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await using worker = runWorker(folder);
  assert.equal((await worker.waitForEvent("started")).protocol, "consumer");
});

brokerTest("a member without partitions has started, too", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  for (const protocol of ["consumer", "classic"]) {
    const args = ["--group-protocol", protocol];
    await using first = runWorker(folder, args);
    await first.waitForLine(/"assigned"/);
    await using second = runWorker(folder, args);
    assert.equal((await second.waitForEvent("started")).protocol, protocol);
  }
});

const without: Record<string, string[]> = {
  "that have KIP-848 switched off": ["--set", "group.coordinator.rebalance.protocols=classic"],
  "of version 3.9": ["--version", "3.9.1"],
};
for (const [name, args] of Object.entries(without)) {
  brokerTest(`brokers ${name} are spoken to in the classic protocol`, async () => {
    await using cluster = await Cluster.start(...args);
    const address = await cluster.address();
    await cluster.do("topics", "create", "work");
    using folder = project({ "tasks.ts": workModule("work") });
    const { code, stderr, started } = await drainOn(address, "work", folder);
    assert.equal(code, 0, stderr);
    assert.equal(started.length, 1, stderr);
    assert.match(started[0]!, /"protocol":"classic"/);
    assert.doesNotMatch(stderr, /kafka-error/);
    assert.equal(folder.finishedCount(), 10);
    assert.equal((await fetchBytes("work", { address })).length, 10);

    const forced = await drainOn(address, "work", folder, ["--group-protocol", "consumer"]);
    assert.equal(forced.code, 4, forced.stderr);
    assert.match(forced.stderr, /--group-protocol/);
  });
}

for (const protocol of ["consumer", "classic"]) {
  const args = (id: string) => ["--group-protocol", protocol, "--instance-id", id];

  brokerTest(`a static member that starts again moves no partitions (${protocol})`, async () => {
    const from = await topic({ partitions: 4 });
    using folder = project({ "tasks.ts": workModule(from) });
    await using stays = runWorker(folder, args("a"));
    await using leaves = runWorker(folder, args("b"));
    const assigned = /"assigned","partitions":\[\{/;
    await Promise.all([stays.waitForLine(assigned), leaves.waitForLine(assigned)]);
    await settled(folder, from, stays.group);
    const before = rebalances(stays);
    leaves.kill();
    assert.equal((await leaves.waitForExit()).code, 0);
    await using back = runWorker(folder, args("b"));
    await back.waitForLine(assigned);
    await settled(folder, from, stays.group);
    assert.deepEqual(rebalances(stays), before, stays.events());
    stays.kill();
    assert.equal((await stays.waitForExit()).code, 0);
  });

  brokerTest(
    `of two members with one id, one is fenced and leaves: exit 4 (${protocol})`,
    async () => {
      const from = await topic();
      using folder = project({ "tasks.ts": workModule(from) });
      await using first = runWorker(folder, args("a"));
      await first.waitForLine(/"assigned","partitions":\[\{/);
      await using second = runWorker(folder, args("a"));
      // The classic protocol fences the older one, KIP-848 refuses the younger.
      const fenced = protocol === "classic" ? first : second;
      const other = protocol === "classic" ? second : first;
      const { code, stderr } = await fenced.waitForExit();
      assert.equal(code, 4, stderr);
      assert.match(stderr, /^error: .*instance id "a"/m);
      assert.match(stderr, /--instance-id/);
      await settled(folder, from, first.group);
      other.kill();
      assert.equal((await other.waitForExit()).code, 0);
    },
  );
}

let ids = 0;

/** All partitions have an owner that works: what is sent to them now is done. */
async function settled(folder: Project, to: string, group: string): Promise<void> {
  const sent = Array.from({ length: 40 }, () => ({ id: `settle-${ids++}` }));
  await produce(to, json(sent));
  await until("all partitions to be worked on", async () => await lag(group, to) === 0);
  for (const { id } of sent) assert.equal(folder.ledger().get(id)?.finished, 1, id);
}

function rebalances(worker: { lines: { stderr: string[] } }): string[] {
  return worker.lines.stderr.filter((line) => line.includes(`"rebalance"`));
}
