/**
 * The demo: jobs that do nothing but wait, as jobs that call a slow service do. `scripts/demo` sends
 * 6,000 of them and runs them all at once in one process, with no Kafka installed. By hand:
 *
 *     taskc broker tasks/demo.ts        # prints an address, say 127.0.0.1:33445
 *     export TASKC_BROKERS=127.0.0.1:33445
 *     taskc send tasks/demo.ts wait '{ "job": 1, "seconds": 5 }'
 *     taskc run tasks/demo.ts
 */
import { setTimeout as sleep } from "node:timers/promises";
import { task, z } from "taskc";

export const wait = task({
  schema: z.object({
    job: z.int().positive(),
    seconds: z.number().min(0).max(60),
  }),
  // With the signal a wait ends at the time limit and at a forced shutdown, and not whenever it likes.
  run: ({ seconds }, { signal }) => sleep(seconds * 1000, undefined, { signal }),
});
