/**
 * Signals while lines are sent: the first stops the reading, so that what was sent is told before the process
 * ends, within a bound; a second leaves at once.
 */
import process from "node:process";
import { EXIT, InterruptedError } from "../errors.ts";
import { SIGNAL_CODES } from "./leave_early.ts";
import { heededSignals, TOGETHER_MS } from "./supervise_process.ts";

/** `stop` gets the reason, once; after `withinMs` the process ends. */
export function heedInterruption(
  stop: (reason: InterruptedError) => void,
  withinMs: number,
): { end(): void } {
  let first = -Infinity;
  let deadline: ReturnType<typeof setTimeout> | undefined;
  const removals = heededSignals().map((signal) => {
    const heed = () => {
      const now = performance.now();
      if (first < 0) {
        first = now;
        // librdkafka may keep what it has for longer than a message's time, when all brokers are gone.
        deadline = setTimeout(() => process.exit(EXIT.interrupted), withinMs);
        stop(
          new InterruptedError(`Interrupted by ${signal}`, {
            hint: "What was printed has been sent, and nothing else but what failed",
          }),
        );
      } else if (now - first > TOGETHER_MS) {
        process.exit(SIGNAL_CODES[signal]);
      }
    };
    process.on(signal, heed);
    return () => process.off(signal, heed);
  });
  return {
    end() {
      clearTimeout(deadline);
      for (const remove of removals) remove();
    },
  };
}
