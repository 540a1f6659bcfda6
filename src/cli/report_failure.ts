/** The last words of the program: what failed, what to do about it, and the exit code that says so. */
import { Chalk } from "chalk";
import { describeError } from "../core/describe_error.ts";
import { EXIT, type ExitCode, TaskcError } from "../errors.ts";
import { escapeText } from "../render/escape.ts";

export interface FailureStream {
  write(text: string): unknown;
}

/**
 * Writes a failure and returns the exit code for it. Expected failures are a message and a hint;
 * anything else is a bug of taskc, shown with its stack. What a message quotes is escaped line by line.
 */
export function reportFailure(
  error: unknown,
  stream: FailureStream,
  { colours }: { colours: boolean },
): ExitCode {
  const chalk = new Chalk({ level: colours ? 1 : 0 });
  if (error instanceof TaskcError) {
    stream.write(`${chalk.red.bold("error:")} ${escapeLines(error.message)}\n`);
    if (error.hint !== undefined) {
      stream.write(`${chalk.cyan("hint:")}  ${escapeLines(error.hint)}\n`);
    }
    return error.exitCode;
  }
  stream.write(`${chalk.red.bold("error:")} ${escapeLines(describeBug(error))}\n`);
  stream.write(
    `${chalk.cyan("hint:")}  This is a bug in taskc; please report it with the lines above\n`,
  );
  return EXIT.bug;
}

function describeBug(error: unknown): string {
  if (!(error instanceof Error)) return `Unexpected failure: ${describeError(error).message}`;
  const stack = error.stack?.includes(error.message)
    ? error.stack
    : `${error.name}: ${error.message}`;
  return error.cause === undefined ? stack : `${stack}\nCaused by: ${describeBug(error.cause)}`;
}

/** Line breaks are ours and stay; what else would act on a terminal is shown as an escape. */
function escapeLines(text: string): string {
  return text.split("\n").map((line) => escapeText(line, { max: 4_000 })).join("\n");
}
