import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import {
  call,
  collectGarbage,
  connect,
  disconnect,
  makeTopic,
  type MockCluster,
  mockCluster,
  newConsumer,
  newProducer,
  send,
  until,
} from "./support.ts";

/** Beside this file, which other runtimes get bundled to JavaScript, as they do the fixtures. */
function fixture(name: string): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "mjs";
  return new URL(`./fixtures/${name}.${extension}`, import.meta.url);
}

async function leave(
  mode: string,
): Promise<{ code: number | null; signal: string | null; errors: string }> {
  const arguments_ = "Deno" in globalThis ? ["run", "-A"] : [];
  const child = spawn(process.execPath, [...arguments_, fileURLToPath(fixture("leave")), mode], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (chunk) => errors += chunk);
  const [code, signal] = await once(child, "close");
  return { code, signal, errors };
}

describe("a process with connected clients leaves", () => {
  for (const mode of ["clean", "handle exceptions"]) {
    test(`by itself when they are disconnected: ${mode}`, async () => {
      assert.deepEqual(await leave(mode), { code: 0, signal: null, errors: "" });
    });
  }
  for (
    const mode of [
      "exit while connected",
      "exit in a blocking call",
      "exit with open partition queues",
    ]
  ) {
    test(`by process.exit with its code: ${mode}`, async () => {
      assert.deepEqual(await leave(mode), { code: 7, signal: null, errors: "" });
    });
  }
  for (
    const mode of [
      "throw in consume",
      "throw in a delivery report",
      "throw in statistics",
      "throw in rebalance",
      "throw in a wake-up",
      "reject in consume",
    ]
  ) {
    test(`with code 1 for what its callback threw: ${mode}`, async () => {
      const { code, signal, errors } = await leave(mode);
      assert.deepEqual([code, signal], [1, null], errors);
      assert.match(errors, /boom/);
    });
  }
});

describe("with many", () => {
  let cluster: MockCluster;
  let topic: string;
  before(async () => {
    cluster = await mockCluster();
    const producer = await newProducer(cluster.address);
    topic = await makeTopic(producer);
    const messages = Array.from({ length: 1000 }, () => ({ value: Buffer.alloc(100) }));
    await send(producer, topic, 0, messages);
    await disconnect(producer);
  });
  after(() => cluster.close());

  test("worker threads, some of which end with their client connected", async () => {
    const workers = [false, true, false, true].map((leaveConnected) =>
      new Worker(fixture("worker"), {
        workerData: { address: cluster.address, topic, messages: 1000, leaveConnected },
      })
    );
    await Promise.all(workers.map(async (worker) => {
      const [received] = await once(worker, "message");
      assert.equal(received, 1000);
      await worker.terminate();
    }));
    // The addon still works here.
    const consumer = await connect(newConsumer(cluster.address));
    await disconnect(consumer);
  });

  test("cycles of connect, consume, produce and disconnect all clients are collected", async (t) => {
    if (!collectGarbage()) return t.skip("the runtime does not expose garbage collection");
    const cycles = 40;
    let finalized = 0;
    const registry = new FinalizationRegistry(() => finalized++);
    const cycle = async () => {
      const consumer = await connect(newConsumer(cluster.address));
      consumer.setDefaultConsumeTimeout(20);
      consumer.assign([{ topic, partition: 0, offset: 0 }]);
      let received = 0;
      while (received < 500) {
        received += (await call<unknown[]>((done) => consumer.consume(500, done as never))).length;
      }
      const producer = await newProducer(cluster.address);
      await send(producer, topic, 1, [{ value: Buffer.from("x") }]);
      registry.register(consumer.getClient(), undefined);
      registry.register(producer.getClient(), undefined);
      await disconnect(consumer);
      await disconnect(producer);
    };
    for (let i = 0; i < cycles; i++) await cycle();
    // The last ones may still be on the stack.
    await until(() => collectGarbage() && finalized >= 2 * cycles - 4);
  });
});
