/**
 * The one family of expected failures. Each kind has a code for machines, an exit code for shells and
 * a hint that says what to do next. Whatever is not of this family is a bug: its stack is printed and
 * the exit code is 70.
 */

/** Exit codes of the executable; README and docs/exit-codes.md list the same. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  module: 3,
  kafka: 4,
  interrupted: 5,
  stalled: 6,
  deferred: 7,
  bug: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export interface FailureOptions {
  /** What the reader can do about it, in the imperative, without a final period. */
  hint?: string | undefined;
  cause?: unknown;
}

/** Base of all expected failures. */
export abstract class TaskcError extends Error {
  /** Stable, for machines: `E_USAGE`, `E_MODULE`, … */
  abstract readonly code: string;
  abstract readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = new.target.name;
    this.hint = options.hint;
  }
}

/** A flag, variable, settings file or argument is wrong. */
export class UsageError extends TaskcError {
  readonly code: string = "E_USAGE";
  readonly exitCode = EXIT.usage;
}

/** Several settings are wrong; all are told at once. */
export class SettingsError extends UsageError {
  override readonly code = "E_SETTINGS";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(
      problems.length === 1
        ? problems[0]!
        : `${problems.length} settings are wrong:\n${problems.map((p) => `  - ${p}`).join("\n")}`,
    );
    this.problems = problems;
  }
}

/** The machine lacks what the executable needs, for example a writable temporary folder. */
export class EnvironmentError extends TaskcError {
  readonly code = "E_ENVIRONMENT";
  readonly exitCode = EXIT.usage;
}

/** The user's module cannot be loaded or declares something impossible. */
export class ModuleError extends TaskcError {
  readonly code = "E_MODULE";
  readonly exitCode = EXIT.module;
}

/** A payload does not fit its task's schema; nothing was sent. */
export class InvalidPayloadError extends TaskcError {
  readonly code = "E_PAYLOAD";
  readonly exitCode = EXIT.usage;
}

/** Kafka cannot be reached, refuses, or lacks what is needed. */
export class KafkaError extends TaskcError {
  readonly code = "E_KAFKA";
  readonly exitCode = EXIT.kafka;
  /** librdkafka's code where there is one: negative for local errors, positive for a broker's. */
  readonly kafkaCode: number | undefined;

  constructor(message: string, options: FailureOptions & { kafkaCode?: number | undefined } = {}) {
    super(message, options);
    this.kafkaCode = options.kafkaCode;
  }
}

/** A signal ended what was under way. */
export class InterruptedError extends TaskcError {
  readonly code = "E_INTERRUPTED";
  readonly exitCode = EXIT.interrupted;
}

/** Nothing has moved for longer than `--stall-exit` allows. */
export class StallError extends TaskcError {
  readonly code = "E_STALLED";
  readonly exitCode = EXIT.stalled;
}

/** The text for a terminal or log: the message, then the hint on a line of its own. */
export function describeFailure(error: TaskcError): string {
  return error.hint ? `${error.message}\n  ${error.hint}` : error.message;
}
