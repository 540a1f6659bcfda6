/** Task modules that several tests use, as text: what a user would have in the folder. */

/**
 * One task "work" on `topic`: waits `ms`, keeps the ledger, fails as long as `failures` says. `options`
 * is put among those of `task({ … })`.
 */
export function workModule(topic: string, options = ""): string {
  return `import { task, z } from "taskc";
import { finished, started } from "./ledger.ts";

export const work = task({
  topic: ${JSON.stringify(topic)},
  schema: z.object({
    id: z.union([z.number(), z.string()]),
    ms: z.number().default(0),
    failures: z.number().default(0),
  }),
  ${options}
  run: async ({ id, ms, failures }, { attempt }) => {
    started(id);
    await new Promise((resolve) => setTimeout(resolve, ms));
    if (attempt <= failures) throw new Error(\`attempt \${attempt} of \${id} failed\`);
    finished(id);
  },
});
`;
}
