/** The composition root: commands to their handlers, each loaded when it is called. */
import process from "node:process";
import { liftHttpLimit } from "./cli/http_limit.ts";
import { type Handlers, runProgram } from "./cli/program.ts";

if (process.argv[2] === "run") liftHttpLimit(process.argv.slice(2));

const handlers: Handlers = {
  run: async (invocation) => (await import("./cli/run.ts")).run(invocation),
  send: async (invocation) => (await import("./cli/send.ts")).send(invocation),
  check: async (invocation) => (await import("./cli/check.ts")).check(invocation),
  dev: async (invocation) => (await import("./cli/dev.ts")).dev(invocation),
  broker: async (invocation) => (await import("./cli/broker.ts")).broker(invocation),
  version: async () => (await import("./cli/version.ts")).describeVersions(),
};

// `taskc … | head`: nobody reads on, and nothing is wrong with that.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

const exitCode = await runProgram(handlers, {
  argv: process.argv.slice(2),
  env: process.env,
  folder: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  now: Date.now(),
});
// A pipe may still hold what was written; after that nothing of the user's module keeps us here.
await Promise.all(
  [process.stdout, process.stderr].map((stream) =>
    new Promise<void>((resolve) => stream.write("", () => resolve()))
  ),
);
process.exit(exitCode);
