/**
 * Signals while lines are sent: the first stops the reading, so that what was sent is told before the process
 * ends, within a bound; a second leaves at once.
 */
import process from "node:process";
import { EXIT, InterruptedError } from "../errors.ts";
import { takesColours } from "../render/terminal_support.ts";
import { SIGNAL_CODES } from "./leave_early.ts";
import { reportFailure } from "./report_failure.ts";
import { heededSignals, TOGETHER_MS } from "./supervise_process.ts";

/** For messages that time out in the very end, after `withinMs`. */
const LAST_WORDS_MS = 2000;

/** `stop` gets the reason, once; soon after `withinMs` the process ends, with what it knows. */
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
        // Nothing that Kafka or a reader of ours does keeps us for longer.
        deadline = setTimeout(() => leaveUnanswered(signal), withinMs + LAST_WORDS_MS);
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

function leaveUnanswered(signal: string): void {
  const { stderr, env } = process;
  const reason = new InterruptedError(`Interrupted by ${signal}`, {
    hint: "What was printed has been sent; for the rest there is no answer yet",
  });
  reportFailure(reason, stderr, { colours: takesColours(stderr, env) });
  stderr.write("", () => process.exit(EXIT.interrupted));
}
