/** scripts/kafka: what the tests of faults rely on. Clusters of its own, beside the one of the tests. */
import assert from "node:assert/strict";
import kafkaPackage from "@confluentinc/kafka-javascript";
import { chmodSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { brokerTest, Cluster, project } from "./harness.ts";

brokerTest("kafka start prints the address alone; stop leaves no process", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start");
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^127\.0\.0\.1:\d+\n$/);
  assert.equal((await cluster.run("address")).stdout, stdout);
  assert.equal((await cluster.run("address", "--listener", "sasl")).code, 1);
  assert.equal((await cluster.run("start")).code, 1, "a second start is refused");
  assert.equal((await cluster.run("topics", "create", "a", "--partitions", "2")).code, 0);
  assert.equal((await cluster.run("ends", "a")).stdout, "a\t0\t0\na\t1\t0\n");
  assert.equal((await cluster.run("offsets", "nobody")).stdout, "");
  assert.equal((await cluster.run("stop")).code, 0);
  assert.deepEqual(cluster.processes(), []);
});

brokerTest("kafka start finds a Java that begins by saying what options it has taken", async () => {
  using programs = project({ "apt-get": "#!/bin/sh\nexit 1\n" });
  chmodSync(join(programs.folder, "apt-get"), 0o755);
  await using cluster = new Cluster();
  cluster.environment = {
    JAVA_TOOL_OPTIONS: "-Dtaskc.test=true",
    PATH: `${programs.folder}:${process.env.PATH}`,
  };
  const { code, stderr } = await cluster.run("start");
  assert.equal(code, 0, stderr);
  assert.doesNotMatch(stderr, /Installing|needs packages/);
});

brokerTest("kafka start that fails shows the broker's log and leaves no process", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start", "--set", "num.io.threads=none");
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /num\.io\.threads/);
  assert.deepEqual(cluster.processes(), []);
});

brokerTest("one of three brokers can be paused, killed and started again", async () => {
  await using cluster = new Cluster();
  const { code, stdout, stderr } = await cluster.run("start", "--brokers", "3");
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split(",").length, 3);
  assert.deepEqual(await cluster.states(), ["ready", "ready", "ready"]);

  assert.equal((await cluster.run("pause", "2")).code, 0);
  assert.deepEqual(await cluster.states(), ["ready", "paused", "ready"]);
  assert.equal((await cluster.run("resume", "2")).code, 0);
  const controller = Number((await cluster.run("controller")).stdout);
  assert.equal((await cluster.run("kill", `${controller}`)).code, 0);
  assert.equal((await cluster.states())[controller - 1], "ended");
  const next = Number((await cluster.run("controller")).stdout);
  assert.ok([1, 2, 3].includes(next) && next !== controller, `${controller}, then ${next}`);
  assert.equal((await cluster.run("restart", `${controller}`)).code, 0);
  assert.deepEqual(await cluster.states(), ["ready", "ready", "ready"]);
  assert.equal((await cluster.run("kill", "4")).code, 2, "there is no fourth");
});

brokerTest("kafka start --proxied tells clients of places that are free for proxies", async () => {
  await using cluster = new Cluster();
  const { code, stderr } = await cluster.run("start", "--proxied");
  assert.equal(code, 0, stderr);
  const { stdout: proxied } = await cluster.run("address", "--listener", "proxied");
  const { stdout: behind } = await cluster.run("behind");
  await using proxy = await forward(portOf(proxied), portOf(behind));
  const client = new kafkaPackage.Producer({ "bootstrap.servers": proxied.trim() }, {});
  const { brokers } = await new Promise<{ brokers: { port: number }[] }>((resolve, reject) =>
    client.connect(
      { timeout: 30_000 },
      (error, metadata) => error ? reject(error) : resolve(metadata),
    )
  );
  assert.deepEqual(brokers.map(({ port }) => port), [portOf(proxied)]);
  assert.ok(proxy.connections > 0);
  await new Promise((resolve) => void client.disconnect(1000, resolve));
});

function portOf(address: string): number {
  return Number(address.trim().split(":").at(-1));
}

/** The least proxy: bytes go to and fro. */
async function forward(from: number, to: number) {
  const sockets = new Set<Socket>();
  const proxy = { connections: 0, [Symbol.asyncDispose]: () => end() };
  const server = createServer((client) => {
    proxy.connections++;
    const broker = connect(to, "127.0.0.1");
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.pipe(broker).pipe(client);
  });
  const end = () => {
    for (const socket of sockets) socket.destroy();
    return new Promise<void>((resolve) => void server.close(() => resolve()));
  };
  await new Promise<void>((resolve) => void server.listen(from, "127.0.0.1", resolve));
  return proxy;
}
