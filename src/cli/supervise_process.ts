/**
 * Signals and stray errors of the process while a worker runs.
 *
 * The first SIGINT, SIGTERM or SIGHUP drains, a second aborts, a third leaves at once. Whatever Kafka or
 * a task does, the process ends at the grace and a fixed time after the first signal.
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
import { describeError } from "../worker/describe_error.ts";
import { LEAVE_WITHIN_MS, type Worker } from "../worker/worker.ts";

/** Signals closer to each other than this are one. */
const TOGETHER_MS = 100;
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
  let deadline: ReturnType<typeof setTimeout> | undefined;

  const leaveNow = () => {
    parts.restoreTerminal();
    process.exit(EXIT.interrupted);
  };
  const onSignal = (signal: string) => {
    const now = parts.now();
    const together = now - lastSignal < TOGETHER_MS;
    lastSignal = now;
    if (together) return;
    signals++;
    if (signals > 2) leaveNow();
    worker.stop(signal, parts.interruptedCode);
    deadline ??= setTimeout(leaveNow, parts.graceMs + LEAVE_WITHIN_MS);
  };
  // Code of a task that nobody awaits: it is told, and the other tasks go on.
  const onStray = (error: unknown) => {
    const { message, stack } = describeError(error);
    stats.event({ event: "task-error", task: null, reason: stack === "" ? message : stack });
  };
  const heeded = SIGNALS.filter((signal) => signal !== "SIGHUP" || !ignoresHangup());
  for (const signal of heeded) process.on(signal, onSignal);
  process.on("uncaughtException", onStray);
  process.on("unhandledRejection", onStray);
  return {
    end() {
      for (const signal of heeded) process.off(signal, onSignal);
      process.off("uncaughtException", onStray);
      process.off("unhandledRejection", onStray);
      clearTimeout(deadline);
    },
  };
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
