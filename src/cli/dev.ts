/**
 * `taskc dev`: the embedded broker lives in this process, the module runs in a child. Each change of the
 * module, or of what it imports, stops the child, which finishes its tasks in flight, and starts the next.
 *
 * ```
 * starting ──► running ──change──► stopping ──► starting
 *                 └──exit (a broken module)──► waiting for a change ──► starting
 * ```
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { EMBEDDED_BROKER_VARIABLE, type Invocation } from "./program.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { startEmbeddedBroker } from "../kafka/embedded_broker.ts";
import { SHOW_CURSOR } from "../render/frame.ts";
import { watchModule } from "../task/watch.ts";
import { heededSignals } from "./supervise_process.ts";
import { EMBEDDED_BROKER_FLAGS, ownCommand } from "./own_command.ts";

export async function dev({ args, flags }: Invocation<"dev">): Promise<ExitCode> {
  const broker = await startEmbeddedBroker();
  note(`embedded broker on ${broker.address}`);
  let child: ChildProcess | null = null;
  let leaving = false;
  /** Of the module's last run. */
  let lastCode: ExitCode = EXIT.ok;
  /** Why the child was told to stop: this file has changed. */
  let changed: string | null = null;
  let finish: (code: ExitCode) => void = () => {};
  const finished = new Promise<ExitCode>((resolve) => finish = resolve);

  const start = () => {
    changed = null;
    const [program, ...before] = ownCommand();
    child = spawn(program, [
      ...before,
      "run",
      args.module,
      "--brokers",
      broker.address,
      // The broker and the topics are ours.
      ...["--create-topics", ...EMBEDDED_BROKER_FLAGS],
      ...flags,
    ], { stdio: "inherit", env: { ...process.env, [EMBEDDED_BROKER_VARIABLE]: "1" } });
    child.on("error", (error) => {
      note(`cannot start ${program}: ${error.message}`);
      finish(EXIT.bug);
    });
    child.on("exit", (code, signal) => {
      child = null;
      // It had no last words: its panel may have hidden the cursor.
      if (signal !== null && process.stderr.isTTY) process.stderr.write(`\r\n${SHOW_CURSOR}`);
      lastCode = (code ?? EXIT.interrupted) as ExitCode;
      if (leaving) finish(lastCode);
      else if (changed !== null) restart(changed);
      else note(`the module ended ${describeEnd(code, signal)}; waiting for a change`);
    });
  };
  const restart = (file: string) => {
    note(`${file} changed`);
    start();
  };
  const watch = watchModule(args.module, (file) => {
    // As long as the child draws on the terminal, nobody else may.
    if (!child) return restart(file);
    // A second signal would abort the tasks that the child is finishing.
    if (changed === null) child.kill("SIGTERM");
    changed = file;
  });
  for (const signal of heededSignals()) {
    process.on(signal, () => {
      leaving = true;
      // A terminal tells the child as well; what comes together counts as one (supervise_process.ts).
      if (child) child.kill(signal);
      else finish(lastCode);
    });
  }
  start();
  const exitCode = await finished;
  watch.close();
  await broker.close();
  return exitCode;
}

function describeEnd(code: number | null, signal: string | null): string {
  return code === null ? `by ${signal}` : `with exit code ${code}`;
}

function note(text: string): void {
  process.stderr.write(`taskc dev: ${text}\n`);
}
