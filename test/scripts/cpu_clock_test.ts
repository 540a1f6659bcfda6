import assert from "node:assert/strict";
import process from "node:process";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { CpuClock } from "../../scripts/cpu_clock.ts";

test("what a thread used on a core still counts when the thread has ended", async () => {
  const clock = new CpuClock(process.pid);
  const before = clock.seconds();
  const code = `const end = performance.now() + 300; while (performance.now() < end);
    require("node:worker_threads").parentPort.postMessage("worked");`;
  const worker = new Worker(code, { eval: true });
  await new Promise((resolve) => worker.once("message", resolve));
  const worked = clock.seconds();
  await worker.terminate();
  assert.ok(worked > before);
  assert.ok(clock.seconds() >= worked);
});
