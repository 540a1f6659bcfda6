/**
 * Signals and stray errors of the process while a worker runs.
 *
 * The first SIGINT, SIGTERM or SIGHUP drains, a second aborts, a third leaves at once. Whatever Kafka or
 * a task does, the process ends at the grace and a fixed time after the first signal, or at that fixed
 * time after the second. The native watchdog counts as is done here, and ends a process whose event loop
 * is blocked.
 *
 * A SIGHUP that the process was started to ignore, by nohup, stays ignored.
 *
 * Signals that come together are one request: a terminal tells the whole process group, and whoever
 * started this process (timeout, a shell, `taskc dev`) passes on what it was told itself.
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Stats } from "../stats/events.ts";
import { describeError } from "../core/describe_error.ts";
import { LEAVE_WITHIN_MS } from "../worker/departure.ts";
import type { Worker } from "../worker/worker.ts";

/** Signals closer to each other than this are one. */
export const TOGETHER_MS = 100;
/** Why a process ends that has not ended by itself. */
export const REASONS = {
  deadline: "the time to leave is over",
  thirdSignal: "a third signal came",
} as const;
/**
 * The watchdog ends the process at the deadline; so long before it the process does so itself, with a
 * summary, if it still can.
 */
const BEFORE_DEADLINE_MS = 500;
const OWN_CODES: ReadonlySet<number> = new Set(Object.values(EXIT));
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface SupervisionParts {
  worker: Worker;
  stats: Stats;
  graceMs: number;
  /** Exit code of a run that a signal ended, when all in flight was finished. */
  interruptedCode: ExitCode;
  restoreTerminal: () => void;
  /** Milliseconds that only rise. */
  now: () => number;
}

export function superviseProcess(parts: SupervisionParts): { end(): void } {
  const { worker, stats } = parts;
  let signals = 0;
  let lastSignal = -Infinity;
  let deadline = { at: Infinity, timer: undefined as ReturnType<typeof setTimeout> | undefined };

  const leaveNow = (reason: string) => {
    const candidates = worker.beat.inFlightTasks();
    stats.event({ event: "forced-exit", reason, task: null, candidates });
    parts.restoreTerminal();
    exit(EXIT.interrupted);
  };
  const leaveWithin = (ms: number) => {
    const at = parts.now() + ms - BEFORE_DEADLINE_MS;
    if (at >= deadline.at) return;
    clearTimeout(deadline.timer);
    deadline = {
      at,
      timer: setTimeout(() => leaveNow(REASONS.deadline), ms - BEFORE_DEADLINE_MS),
    };
  };
  const onSignal = (signal: string) => {
    const now = parts.now();
    const together = now - lastSignal < TOGETHER_MS;
    lastSignal = now;
    if (together) return;
    signals++;
    if (signals > 2) return leaveNow(REASONS.thirdSignal);
    worker.stop(signal, parts.interruptedCode);
    leaveWithin(signals > 1 ? LEAVE_WITHIN_MS : parts.graceMs + LEAVE_WITHIN_MS);
  };
  // Code of a task that nobody awaits: it is told, and the other tasks go on.
  const onStray = (error: unknown) => {
    const { message, stack } = describeError(error);
    const candidates = worker.beat.inFlightTasks();
    stats.event({ event: "stray-error", candidates, reason: stack === "" ? message : stack });
  };
  // A task that ends the process may do so, but not in silence, nor as if all were well: a code that says
  // something of taskc would be untrue.
  const exit = process.exit;
  process.exit = (code) => {
    const task = worker.beat.runningTask;
    const candidates = task === null ? worker.beat.inFlightTasks() : [];
    const asked = Number(code ?? process.exitCode ?? 0);
    const exitCode = OWN_CODES.has(asked) ? EXIT.interrupted : asked;
    stats.event({ event: "task-exit", task, candidates, exitCode });
    parts.restoreTerminal();
    return exit(exitCode);
  };
  const heeded = heededSignals();
  for (const signal of heeded) process.on(signal, onSignal);
  process.on("uncaughtException", onStray);
  process.on("unhandledRejection", onStray);
  return {
    end() {
      for (const signal of heeded) process.off(signal, onSignal);
      process.off("uncaughtException", onStray);
      process.off("unhandledRejection", onStray);
      clearTimeout(deadline.timer);
      process.exit = exit;
    },
  };
}

/** The signals that end a worker. */
export function heededSignals(): (typeof SIGNALS)[number][] {
  return SIGNALS.filter((signal) => signal !== "SIGHUP" || !ignoresHangup());
}

/** Whether whoever started this process had SIGHUP ignored; a listener would undo that. */
function ignoresHangup(): boolean {
  try {
    const [, ignored] = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))!;
    return (BigInt(`0x${ignored}`) & 1n) === 1n;
  } catch {
    return false;
  }
}
