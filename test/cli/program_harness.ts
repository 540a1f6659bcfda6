/** The program in memory: its handlers only note what they were called with. */
import { type Handlers, type Invocation, runProgram } from "../../src/cli/program.ts";
import type { CommandName } from "../../src/config/options.ts";
import { EXIT, type ExitCode } from "../../src/errors.ts";

export interface Outcome {
  code: ExitCode;
  stdout: string;
  stderr: string;
  /** The handler that was called, with what. */
  called: { command: string; invocation: Invocation<CommandName> } | null;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Columns of a terminal on stdout; a pipe without them. */
  columns?: number;
  handlers?: Partial<Handlers>;
}

export async function runTaskc(argv: string[], options: RunOptions = {}): Promise<Outcome> {
  const outcome: Outcome = { code: EXIT.ok, stdout: "", stderr: "", called: null };
  const note = (command: string) => (invocation: unknown) => {
    outcome.called = { command, invocation: invocation as Invocation<CommandName> };
    return Promise.resolve(EXIT.ok);
  };
  const handlers: Handlers = {
    run: note("run"),
    send: note("send"),
    check: note("check"),
    dev: note("dev"),
    broker: note("broker"),
    bench: note("bench"),
    version: () => Promise.resolve("taskc 1.2.3"),
    ...options.handlers,
  };
  const columns = options.columns;
  outcome.code = await runProgram(handlers, {
    argv,
    env: options.env ?? {},
    folder: "/nowhere",
    stdout: { write: (text) => (outcome.stdout += text), isTTY: columns !== undefined, columns },
    stderr: { write: (text) => (outcome.stderr += text) },
    now: Date.parse("2026-05-02T12:00:00Z"),
  });
  return outcome;
}
