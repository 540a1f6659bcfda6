/** BullMQ's worker for the article's table. It runs in the folder that BullMQ is installed in. */
import { createRequire } from "node:module";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { reportDone } from "./report_done.mjs";

const { Worker } = createRequire(join(process.cwd(), "package.json"))("bullmq");
const { ARTICLE_QUEUE, ARTICLE_REDIS_PORT } = process.env;

const run = async ({ data: { id, ioMs } }) => {
  if (ioMs > 0) await sleep(ioMs);
  reportDone(id);
};

const worker = new Worker(ARTICLE_QUEUE, run, {
  connection: { host: "127.0.0.1", port: Number(ARTICLE_REDIS_PORT), maxRetriesPerRequest: null },
  concurrency: 10_000,
  // What is done would fill Redis.
  removeOnComplete: { count: 0 },
});
worker.on("error", (error) => console.error(error));
worker.on("failed", (_, error) => console.error(error));
