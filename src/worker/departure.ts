/**
 * That the worker leaves: why, by when, and what it exits with.
 *
 * It stays until it is asked to stop, or has a reason of its own; only requests from outside count as
 * such, and a second one leaves it less time. The first reason gives the exit code, save that a bug's
 * always counts.
 */
import { EXIT, type ExitCode, type TaskcError } from "../errors.ts";
import type { Stats } from "../stats/events.ts";
import type { Clock } from "./clock.ts";
import type { Pulse } from "./pulse.ts";

/** The phases after the grace take at most so long. */
const CLOSED_WITHIN_MS = 7000;
/** So long after the grace the process is ended, whatever still holds it up. */
export const LEAVE_WITHIN_MS = 8000;

export interface DepartureParts {
  graceMs: number;
  clock: Clock;
  pulse: Pulse;
  stats: Stats;
  inFlight: () => number;
}

export class Departure {
  readonly #parts: DepartureParts;
  begun = false;
  /** Requests from outside. */
  requests = 0;
  exitCode: ExitCode = EXIT.ok;
  /** What made the worker leave, if it was no request from outside. */
  failure: Error | null = null;
  /** When the grace is over, on the worker's clock; `Infinity` before the shutdown. */
  graceBy = Infinity;
  /** When Kafka is to have been left, on the worker's clock; `Infinity` before the shutdown. */
  leaveBy = Infinity;

  constructor(parts: DepartureParts) {
    this.#parts = parts;
  }

  request(reason: string, exitCode: ExitCode): void {
    this.requests++;
    this.begin(reason, exitCode);
    if (this.requests > 1) this.#leaveWithin(CLOSED_WITHIN_MS);
  }

  begin(reason: string, exitCode: ExitCode, failure: Error | null = null): void {
    if (this.begun) return;
    const { graceMs, inFlight, pulse, stats } = this.#parts;
    this.begun = true;
    this.exitCode = exitCode;
    this.failure = failure;
    this.graceBy = this.#parts.clock.now() + graceMs;
    this.#leaveWithin(graceMs + CLOSED_WITHIN_MS);
    pulse.leaveWithin(graceMs + LEAVE_WITHIN_MS);
    stats.event({ event: "draining", reason, inFlight: inFlight() });
  }

  beginFor(failure: TaskcError): void {
    this.begin(failure.message, failure.exitCode, failure);
  }

  beginForBug(bug: unknown): void {
    const error = bug instanceof Error ? bug : new Error(String(bug));
    this.begin(`A bug in taskc: ${error.message}`, EXIT.bug, error);
    this.failure ??= error;
    this.exitCode = EXIT.bug;
  }

  #leaveWithin(ms: number): void {
    this.leaveBy = Math.min(this.leaveBy, this.#parts.clock.now() + ms);
  }
}
