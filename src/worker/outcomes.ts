/** Attempts that have settled, at any time, until the loop decides what becomes of their messages. */
import type { AttemptContext } from "./attempt_context.ts";
import type { Clock } from "./clock.ts";
import type { Execution } from "./execution.ts";

export const SUCCEEDED = Symbol("succeeded");

export interface Outcome {
  execution: Execution;
  /** Of this attempt, to tell it from a later one. */
  context: AttemptContext;
  /** What was thrown, or `SUCCEEDED`. */
  result: unknown;
  /** When it settled, on the worker's clock. */
  at: number;
}

export class Outcomes {
  readonly #clock: Clock;
  readonly #wakeSoon: () => void;
  #settled: Outcome[] = [];

  /** `wakeSoon`: asks the sleeping loop for another turn, after the callbacks that are due by now. */
  constructor(clock: Clock, wakeSoon: () => void) {
    this.#clock = clock;
    this.#wakeSoon = wakeSoon;
  }

  get waiting(): boolean {
    return this.#settled.length > 0;
  }

  /** Those that have settled since the last time, in that order. */
  take(): readonly Outcome[] {
    const settled = this.#settled;
    if (settled.length > 0) this.#settled = [];
    return settled;
  }

  /** Nothing else is done here: closures cost an environment in each call of a function that has them. */
  await(settling: Promise<unknown>, execution: Execution, context: AttemptContext): void {
    settling.then(
      () => this.note(execution, context, SUCCEEDED),
      (error) => this.note(execution, context, error),
    );
  }

  note(execution: Execution, context: AttemptContext, result: unknown): void {
    this.#settled.push({ execution, context, result, at: this.#clock.now() });
    if (this.#settled.length === 1) this.#wakeSoon();
  }
}
