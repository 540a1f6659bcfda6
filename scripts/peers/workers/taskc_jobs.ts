/** What taskc runs for the article's table. */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { task, z } from "taskc";
import { reportDone } from "./report_done.mjs";

export const job = task({
  topic: process.env.ARTICLE_TOPIC!,
  schema: z.object({ id: z.int(), ioMs: z.number() }),
  run: async ({ id, ioMs }, { signal }) => {
    if (ioMs > 0) await sleep(ioMs, undefined, { signal });
    reportDone(id);
  },
});
