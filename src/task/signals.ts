/** What a task may throw to say what is to become of its message. */

import { readDuration } from "../core/duration.ts";

/** Done, counted as discarded, not retried. */
export class Discard extends Error {
  constructor(reason = "") {
    super(reason);
    this.name = "Discard";
  }
}

/** No further attempt: the message goes to the dead letters at once. */
export class DeadLetter extends Error {
  constructor(reason = "", options?: ErrorOptions) {
    super(reason, options);
    this.name = "DeadLetter";
  }
}

/** The next attempt comes after `delay` (`30s`, or milliseconds); it counts as any other attempt. */
export class RetryAfter extends Error {
  readonly delayMs: number;

  /** Throws a `TypeError` for a delay that is no duration. */
  constructor(delay: string | number, reason = "") {
    super(reason === "" ? `retry after ${delay}` : reason);
    this.name = "RetryAfter";
    const read = typeof delay === "number" ? { ms: delay } : readDuration(delay);
    if (!("ms" in read) || !Number.isFinite(read.ms) || read.ms < 0) {
      throw new TypeError(
        `RetryAfter wants a duration such as "30s", got ${JSON.stringify(delay)}`,
      );
    }
    this.delayMs = read.ms;
  }
}

/** The time limit of a task was over; `signal.reason` is this error. */
export class TimeoutError extends Error {
  constructor(task: string, ms: number) {
    super(`Task "${task}" reached its time limit of ${ms} ms`);
    this.name = "TimeoutError";
  }
}
