/** The composition root: commands to their handlers, each loaded when it is called. */
import process from "node:process";
import { isParent } from "./cli/process_role.ts";
import { type Handlers, runProgram } from "./cli/program.ts";
import { restartWithSettings } from "./cli/runtime_limits.ts";
import { reportFailure } from "./cli/report_failure.ts";
import { EnvironmentError, EXIT } from "./errors.ts";
import { takesColours } from "./render/terminal_support.ts";

if (process.argv[2] === "run") restartWithSettings(process.argv.slice(2));

const handlers: Handlers = {
  run: async (invocation) =>
    isParent(invocation.settings.processes)
      ? (await import("./cli/processes.ts")).runProcesses(invocation)
      : (await import("./cli/run.ts")).run(invocation),
  send: async (invocation) => (await import("./cli/send.ts")).send(invocation),
  check: async (invocation) => (await import("./cli/check.ts")).check(invocation),
  dev: async (invocation) => (await import("./cli/dev.ts")).dev(invocation),
  broker: async (invocation) => (await import("./cli/broker.ts")).broker(invocation),
  bench: async (invocation) => (await import("./cli/bench.ts")).bench(invocation),
  version: async () => (await import("./cli/version.ts")).describeVersions(),
};

// Nobody reads on (`taskc send … | head`), or the disk is full: the command goes on, since what it does
// matters more than what it prints, and its exit code tells how it went.
let unwritten: Error | null = null;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") unwritten ??= error;
});

let exitCode = await runProgram(handlers, {
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
// Bun tells that a write has failed only after the next one was done.
await new Promise((resolve) => setImmediate(resolve));
if (unwritten) {
  const cause: Error = unwritten;
  const failure = new EnvironmentError(`Cannot write to standard output: ${cause.message}`, {
    cause,
  });
  const { stderr, env } = process;
  const code = reportFailure(failure, stderr, { colours: takesColours(stderr, env) });
  if (exitCode === EXIT.ok) exitCode = code;
}
process.exit(exitCode);
