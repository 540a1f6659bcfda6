/**
 * Signals and stray errors of the process while a worker runs.
 *
 * The first SIGINT, SIGTERM or SIGHUP drains, a second aborts, a third leaves at once. Whatever Kafka or
 * a task does, the process ends at the grace and a fixed time after the first signal.
 */
import process from "node:process";
import { EXIT, type ExitCode } from "../errors.ts";
import type { Stats } from "../stats/events.ts";
import { describeError } from "../worker/dead_letters.ts";
import { LEAVE_WITHIN_MS, type Worker } from "../worker/worker.ts";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export interface SupervisionParts {
  worker: Worker;
  stats: Stats;
  graceMs: number;
  /** Exit code of a run that a signal ended, when all in flight was finished. */
  interruptedCode: ExitCode;
  restoreTerminal: () => void;
}

export function superviseProcess(parts: SupervisionParts): { end(): void } {
  const { worker, stats } = parts;
  let signals = 0;
  let deadline: ReturnType<typeof setTimeout> | undefined;

  const leaveNow = () => {
    parts.restoreTerminal();
    process.exit(EXIT.interrupted);
  };
  const onSignal = (signal: string) => {
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
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.on("uncaughtException", onStray);
  process.on("unhandledRejection", onStray);
  return {
    end() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      process.off("uncaughtException", onStray);
      process.off("unhandledRejection", onStray);
      clearTimeout(deadline);
    },
  };
}
