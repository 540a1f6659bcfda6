/**
 * HTTP calls behind a bulkhead.
 *
 * `checkLink` asks a web server for each link and hands the answer to `recordLink`, which writes it to a
 * file. At most 20 requests are open at once, however many links wait: a slow server takes those 20 slots
 * and no more, and `recordLink` flows on beside it. `setup` and `teardown` own the file.
 *
 *     taskc broker tasks/check_links.ts &          # or your own Kafka, and --create-topics below
 *     export TASKC_BROKERS=127.0.0.1:33445         # the address that it printed
 *     taskc send tasks/check_links.ts checkLink '{ "url": "https://kafka.apache.org/" }'
 *     LINKS_FILE=links.ndjson taskc run tasks/check_links.ts
 */
import { type FileHandle, open } from "node:fs/promises";
import process from "node:process";
import { task, z } from "taskc";

let file: FileHandle;

export async function setup() {
  file = await open(process.env.LINKS_FILE ?? "links.ndjson", "a");
}

/** Called after the last task has ended. */
export async function teardown() {
  await file.close();
}

export const checkLink = task({
  schema: z.object({ url: z.url({ protocol: /^https?$/ }) }),
  concurrency: 20,
  timeout: "10s",
  retry: { attempts: 4, min: "500ms", max: "30s" },
  run: async ({ url }, { attempt, signal }) => {
    const began = performance.now();
    // Aborted at the time limit, so that a server that never answers does not keep its slot.
    const response = await fetch(url, { method: "HEAD", redirect: "manual", signal });
    // Busy or broken for now: thrown, and so tried again by the policy above.
    if (response.status === 429 || response.status >= 500) {
      throw new Error(`${url} answered ${response.status}`);
    }
    const ms = Math.round(performance.now() - began);
    // Acknowledged by the broker before this message counts as done: no answer is lost in between.
    await recordLink.send({ url, status: response.status, ms, attempt }, { key: url });
  },
});

export const recordLink = task({
  schema: z.object({
    url: z.url(),
    status: z.int(),
    ms: z.int().nonnegative(),
    attempt: z.int().positive(),
  }),
  // Delivery is at least once: after a crash a line may be there twice.
  run: async (result) => {
    await file.appendFile(`${JSON.stringify(result)}\n`);
  },
});
