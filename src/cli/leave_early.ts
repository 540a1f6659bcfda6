/**
 * Signals before a worker runs: nothing is in flight, so they end the process at once, with the code that
 * shells give. Without listeners the kernel would do the same, but not for process 1 of a container.
 */
import process from "node:process";
import { heededSignals } from "./supervise_process.ts";

const CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export function leaveOnSignals(): { end(): void } {
  const listeners = heededSignals().map((signal) => {
    const leave = () => process.exit(CODES[signal]);
    process.on(signal, leave);
    return () => process.off(signal, leave);
  });
  return {
    end() {
      for (const remove of listeners.splice(0)) remove();
    },
  };
}
