/**
 * A task at its own limit: the other tasks go on as if it were not there, nothing is fetched twice, and
 * what it cannot take stays in Kafka.
 */
import assert from "node:assert/strict";
import { brokerTest, lag, produce, project, runWorker, spread, topic, until } from "./harness.ts";

const STUCK = 100_000;
const LIVE = 20_000;
const PAYLOAD = 200;
/** Large, so that what is fetched twice of it shows beside the other's prefetch. */
const LIVE_PAYLOAD = 600;

interface Figures {
  type: string;
  fetchedBytes: number;
  rssBytes: number;
  tasks: { name: string; done: number; inFlight: number }[];
}

brokerTest("a stuck task with a long queue holds up no other, and little memory", async () => {
  const stuck = await topic({ partitions: 4 });
  const live = await topic({ partitions: 4 });
  using folder = project({
    "tasks.ts": `
import { task } from "taskc";
export const stuck = task({ topic: "${stuck}", concurrency: 10, timeout: "none", run: () => new Promise(() => {}) });
export const live = task({ topic: "${live}", run: async () => {} });
`,
  });
  const filling = "x".repeat(PAYLOAD);
  await produce(stuck, spread(Array.from({ length: STUCK }, (_, id) => ({ id, filling })), 4));
  await using worker = runWorker(folder, ["--stats", "json", "--grace", "1s"]);
  await worker.waitForLine(/"assigned","partitions":\[\{/);
  const filled = "y".repeat(LIVE_PAYLOAD);
  const messages = spread(Array.from({ length: LIVE }, (_, id) => ({ id, filled })), 4);
  const liveBytes = messages.reduce((sum, { value }) => sum + String(value).length, 0);
  for (let at = 0; at < LIVE; at += 2000) await produce(live, messages.slice(at, at + 2000));
  // The figures come each 10 s; the summary tells the last of them.
  await until("all live messages to be committed", async () => await lag(worker.group, live) === 0);
  worker.kill("SIGTERM");
  const { stderr } = await worker.waitForExit();
  const summary = stderr.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Figures).find(({ type }) => type === "summary")!;
  const done = (name: string) => summary.tasks.find((task) => task.name === name)!;
  assert.equal(done("live").done, LIVE);
  assert.equal(done("stuck").done, 0);
  assert.equal(done("stuck").inFlight, 10);
  // At most the prefetch of the stuck partitions, 10,000 messages and one fetch each, and the live ones once.
  const prefetch = 4 * (10_000 * (PAYLOAD + 100) + 1_048_576);
  assert.ok(
    summary.fetchedBytes < prefetch + 1.2 * liveBytes,
    `${summary.fetchedBytes} bytes were fetched, of ${liveBytes} live ones`,
  );
  assert.ok(summary.rssBytes < 256 * 2 ** 20, `${summary.rssBytes} bytes resident`);
  const rest = summary.fetchedBytes - liveBytes;
  assert.ok(rest < 0.8 * STUCK * PAYLOAD, "most of the queue stays in Kafka");
});
