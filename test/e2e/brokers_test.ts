/** Brokers that stop, freeze and come back: one line says what is wrong, one that it is well again. */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  produceBytes,
  type Project,
  project,
  until,
  Worker,
  workModule,
} from "./harness.ts";

const PARTITIONS = 20;
const MOST_LINES = 15;

function toldOf(worker: Worker): string[] {
  const events = worker.lines.stderr.filter((line) => /"broker-(down|up)"/.test(line))
    .map((line) => JSON.parse(line));
  return events.map(({ event, broker }) => `${event} ${broker === null ? "all" : "one"}`);
}

function start(folder: Project, address: string, args: string[] = []): Worker {
  return new Worker(folder, "brokers", args, { env: { TASKC_BROKERS: address } });
}

async function workGoesOn(folder: Project, address: string, id: string): Promise<void> {
  await produceBytes("work", [{ value: JSON.stringify({ id }) }], { address });
  await until(`message ${id}`, () => folder.ledger().get(id)?.finished === 1);
}

/** Begins work in each partition that ends, and is to be committed, while the broker is away. */
async function workEndsMeanwhile(folder: Project, address: string): Promise<void> {
  const before = folder.ledger().size;
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const value = JSON.stringify({ id: `meanwhile-${partition}`, ms: 3000 });
    await produceBytes("work", [{ value }], { partition, address });
  }
  await until("all of it to begin", () => folder.ledger().size === before + PARTITIONS);
}

interface OnlyBroker {
  cluster: Cluster;
  folder: Project;
  worker: Worker;
  address: string;
}

/** A worker that has its partition, on a cluster of one broker. */
async function onOnlyBroker(run: (it: OnlyBroker) => Promise<void>): Promise<void> {
  await using cluster = await Cluster.start();
  const address = await cluster.address();
  await cluster.do("topics", "create", "work", "--partitions", String(PARTITIONS));
  using folder = project({ "tasks.ts": workModule("work") });
  await using worker = start(folder, address);
  await worker.waitForLine(/"assigned"/);
  await run({ cluster, folder, worker, address });
}

brokerTest(
  "the only broker, frozen: one line when it is silent, one when it is back",
  () =>
    onOnlyBroker(async ({ cluster, folder, worker, address }) => {
      await workGoesOn(folder, address, "first");
      await workEndsMeanwhile(folder, address);
      // A frozen broker keeps its connections: librdkafka says nothing for a minute.
      await cluster.do("pause", "1");
      const frozen = await worker.waitForEvent("broker-down");
      assert.match(String(frozen.reason), /has not answered for more than 10 s/);
      await cluster.do("resume", "1");
      await worker.waitForEvent("broker-up");
      await workGoesOn(folder, address, "second");
      await leaves(worker);
    }),
);

brokerTest(
  "the only broker, killed: one line when it is gone, one when it is back",
  () =>
    onOnlyBroker(async ({ cluster, folder, worker, address }) => {
      await workEndsMeanwhile(folder, address);
      await cluster.do("kill", "1");
      await worker.waitForEvent("broker-down");
      await cluster.do("restart", "1");
      await worker.waitForEvent("broker-up");
      await workGoesOn(folder, address, "after");
      await leaves(worker);
    }),
);

async function leaves(worker: Worker): Promise<void> {
  worker.kill();
  assert.equal((await worker.waitForExit()).code, 0, worker.events());
  assert.deepEqual(toldOf(worker), ["broker-down all", "broker-up all"], worker.events());
  // Of all kinds, from the first assignment to the request to leave; not one for each partition and second.
  const from = worker.told.findIndex(({ event }) => event === "rebalance");
  const to = worker.told.findIndex(({ event }) => event === "draining");
  assert.ok(to - from <= MOST_LINES, `${to - from} lines\n${worker.events()}`);
}

brokerTest("a drain says why it waits while the broker is frozen", async () => {
  await using cluster = await Cluster.start();
  const address = await cluster.address();
  await cluster.do("topics", "create", "work");
  const records = Array.from(
    { length: 5 },
    (_, id) => ({ value: JSON.stringify({ id, ms: 3000 }) }),
  );
  await produceBytes("work", records, { address });
  using folder = project({ "tasks.ts": workModule("work") });
  await using worker = start(folder, address, ["--drain"]);
  await until("its start", () => folder.ledger().size === 5);
  await cluster.do("pause", "1");
  await worker.waitForEvent("broker-down");
  await cluster.do("resume", "1");
  assert.equal((await worker.waitForExit()).code, 0, worker.events());
});
