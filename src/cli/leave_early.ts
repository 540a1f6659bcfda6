/**
 * Signals before a worker runs: nothing is in flight, so they end the process at once, with the code that
 * shells give. While the module loads, they are left to the kernel, which ends the process also when the
 * module's top level never yields; but not process 1 of a container, for which it does nothing.
 */
import process from "node:process";
import { heededSignals } from "./supervise_process.ts";

/** As shells give them. */
export const SIGNAL_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

export class EarlySignals {
  readonly #removals: (() => void)[] = [];

  constructor() {
    if (process.pid === 1) this.heed();
  }

  /** The module is loaded. */
  heed(): void {
    if (this.#removals.length > 0) return;
    for (const signal of heededSignals()) {
      const leave = () => process.exit(SIGNAL_CODES[signal]);
      process.on(signal, leave);
      this.#removals.push(() => process.off(signal, leave));
    }
  }

  end(): void {
    for (const remove of this.#removals.splice(0)) remove();
  }
}
