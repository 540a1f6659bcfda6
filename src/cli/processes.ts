/** `taskc run --processes`: several processes of one group under this one, with one panel and one summary. */
import { spawn } from "node:child_process";
import process from "node:process";
import { EXIT, type ExitCode } from "../errors.ts";
import { createReporter } from "../render/reporter.ts";
import { chooseStatsMode, colourLevel } from "../render/terminal_support.ts";
import { MergedStats } from "../stats/merged_stats.ts";
import { serveHealth } from "./health.ts";
import { ownCommand } from "./own_command.ts";
import type { Invocation } from "./program.ts";
import { type ChildListener, type ChildProcess, ProcessGroup } from "./process_group.ts";
import type { Envelope } from "./process_link.ts";
import { roleVariable } from "./process_role.ts";
import { heededSignals } from "./supervise_process.ts";

/** So often a panel is drawn; other figures are for each 10 s. */
const PANEL_MS = 200;
const FIGURES_MS = 1000;
/** For what an ended process has told and written last. */
const LAST_WORDS_MS = 500;

export async function runProcesses(invocation: Invocation<"run">): Promise<ExitCode> {
  const { settings } = invocation;
  const mode = chooseStatsMode(settings.stats, process.stderr, process.env);
  const clock = { now: () => performance.now(), wall: () => Date.now() };
  const stats = new MergedStats({
    group: settings.group,
    processes: settings.processes,
    clock,
    ownRssBytes: () => process.memoryUsage.rss(),
  });
  const group = new ProcessGroup({
    count: settings.processes,
    drain: settings.drain,
    graceMs: settings.grace,
    maxTimeMs: settings.drain ? settings.maxTime : null,
    spawn: (number, listener) => startProcess(number, listener, invocation, mode === "tty"),
    stats,
    clock: {
      now: clock.now,
      after(ms, callback) {
        const timer = setTimeout(callback, ms);
        return () => clearTimeout(timer);
      },
    },
  });
  const health = settings.metrics && await serveHealth(settings.metrics, {
    health: () => group.healthProblems(),
    readiness: () => group.readinessProblems(),
  });
  const reporter = createReporter({ mode, source: stats, clock });
  const heeded = heededSignals();
  const pass = (signal: NodeJS.Signals) => group.signal(signal);
  for (const signal of heeded) process.on(signal, pass);
  reporter.start();
  try {
    if (health) stats.event({ event: "health", address: health.address });
    const exitCode = await group.run();
    stats.event({ event: "stopped", exitCode });
    return exitCode;
  } finally {
    reporter.stop();
    for (const signal of heeded) process.off(signal, pass);
    health?.close();
  }
}

/** As this process was called; `piped`: what it writes goes through here, above the panel. */
function startProcess(
  number: number,
  listener: ChildListener,
  { args, flags }: Invocation<"run">,
  piped: boolean,
): ChildProcess {
  const [program, ...before] = ownCommand();
  const output = piped ? "pipe" : "inherit";
  const child = spawn(program, [...before, "run", args.module, ...flags], {
    stdio: ["ignore", output, output, "ipc"],
    env: {
      ...process.env,
      ...(piped ? coloursOfTerminal() : {}),
      ...roleVariable({ number, reportEveryMs: piped ? PANEL_MS : FIGURES_MS }),
    },
  });
  child.stdout?.on("data", (chunk) => process.stdout.write(chunk));
  child.stderr?.on("data", (chunk) => process.stderr.write(chunk));
  child.on("message", (message) => {
    const told = (message as Partial<Envelope> | null)?.taskc;
    if (told) listener.told(told);
  });
  let ended = false;
  const end = (code: number | null, signal: string | null) => {
    if (ended) return;
    ended = true;
    listener.ended(code, signal);
  };
  child.on("error", (error) => {
    // What could not be told to one that runs is no end of it.
    if (child.pid !== undefined) return;
    process.stderr.write(`taskc: cannot start process ${number}: ${error.message}\n`);
    end(EXIT.bug, null);
  });
  // Not at once: what it has told and written last may still be on its way.
  child.on("close", end);
  // But others that it has started may hold its output open for as long as they like.
  child.on("exit", (code, signal) => {
    setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      end(code, signal);
    }, LAST_WORDS_MS).unref();
  });
  return { pid: child.pid, kill: (signal) => void child.kill(signal) };
}

/** A pipe is no terminal, but what goes through this one ends up on it. */
function coloursOfTerminal(): Record<string, string> {
  const { env, stdout } = process;
  if (env.FORCE_COLOR !== undefined || env.NO_COLOR !== undefined) return {};
  const level = colourLevel(env, stdout);
  return level > 0 ? { FORCE_COLOR: String(level) } : {};
}
