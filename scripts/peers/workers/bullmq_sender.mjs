/**
 * Sends jobs with BullMQ's own client: a line of JSON comes for each round, and the times of its requests go back,
 * in milliseconds since the line came. It runs in the folder that BullMQ is installed in.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

const { Queue } = createRequire(join(process.cwd(), "package.json"))("bullmq");
const { ARTICLE_QUEUE, ARTICLE_REDIS_PORT } = process.env;

const queue = new Queue(ARTICLE_QUEUE, {
  connection: { host: "127.0.0.1", port: Number(ARTICLE_REDIS_PORT) },
});
await queue.waitUntilReady();
process.stdout.write("ready\n");

for await (const line of createInterface({ input: process.stdin })) {
  const began = performance.now();
  const { firstId, requests, jobs, ioMs } = JSON.parse(line);
  const sentMs = [];
  const added = Array.from({ length: requests }, (_, request) => {
    sentMs.push(performance.now() - began);
    return queue.addBulk(Array.from({ length: jobs }, (_, index) => ({
      name: "job",
      data: { id: firstId + request * jobs + index, ioMs },
    })));
  });
  await Promise.all(added);
  process.stdout.write(`${JSON.stringify(sentMs)}\n`);
}
await queue.close();
