/** Commander's complaints in our words, with what the user most likely meant. */
import type { CommanderError } from "commander";
import { type TaskcError, UsageError } from "../errors.ts";
import { type CommandName, flagOf, OPTION_ENTRIES, type OptionKey } from "../config/options.ts";
import { nearestName } from "../core/nearest_name.ts";
import { COMMAND_NAMES, COMMANDS } from "./commands.ts";
import { placeholderOf, usageOf } from "./help.ts";
import { optionKeysOf } from "./option_flags.ts";

/**
 * The error to show for what commander found wrong. `command` is the one that was given, `null` before
 * one was found; `given` are its arguments.
 */
export function describeUsageError(
  error: CommanderError,
  command: CommandName | null,
  given: readonly string[],
): TaskcError {
  const quoted = /'([^']*)'/.exec(error.message)?.[1] ?? "";
  switch (error.code) {
    case "commander.unknownOption":
      if (command !== null) return unknownOption(quoted, command);
      return given[0]?.startsWith("-") ?? true
        ? unknownRootOption(quoted)
        : unknownCommand(given[0]!);
    case "commander.unknownCommand":
      return unknownCommand(given[0] ?? quoted);
    case "commander.missingArgument":
      return missingArgument(command!);
    case "commander.optionMissingArgument":
      return missingValue(quoted);
    case "commander.excessArguments":
      return command === null ? unknownCommand(given[0] ?? "") : excessArguments(command, given);
    default:
      return new UsageError(capitalise(error.message.replace(/^error: /, "")));
  }
}

export function unknownCommand(name: string): UsageError {
  const message = `Unknown command "${name}"`;
  if (/[/\\]|\.[cm]?[jt]s$/.test(name)) {
    return new UsageError(message, { hint: `To run a module: taskc run ${name}` });
  }
  const nearest = nearestName(name, COMMAND_NAMES);
  return new UsageError(message, {
    hint: nearest === undefined
      ? `Commands: ${COMMAND_NAMES.join(", ")}`
      : `Did you mean "${nearest}"?`,
  });
}

function unknownRootOption(text: string): UsageError {
  const known = keyOfFlag(text.replace(/=.*$/s, "")) !== undefined;
  return new UsageError(`Unknown option "${text}" before a command`, {
    hint: known ? `Options follow the command: taskc run MODULE ${text}` : 'Run "taskc --help"',
  });
}

function unknownOption(text: string, command: CommandName): UsageError {
  const [flag] = text.split("=") as [string];
  const message = `Unknown option "${flag}" of taskc ${command}`;
  const key = keyOfFlag(flag);
  if (key === undefined) {
    const nearest = nearestName(flag, optionKeysOf(command).flatMap(flagsOf));
    return new UsageError(message, {
      hint: nearest === undefined
        ? `Run "taskc ${command} --help" for its options`
        : `Did you mean ${nearest}?`,
    });
  }
  if (optionKeysOf(command).includes(key)) {
    const [on, off] = flagsOf(key);
    return new UsageError(
      `Option ${flag} takes no value, but has "${text.slice(flag.length + 1)}"`,
      {
        hint: `Write ${on} to turn it on, ${off} to turn it off`,
      },
    );
  }
  const takers = COMMAND_NAMES.filter((name) => optionKeysOf(name).includes(key));
  return new UsageError(message, {
    hint: `Only ${takers.map((name) => `taskc ${name}`).join(" and ")} ${
      takers.length === 1 ? "takes" : "take"
    } it`,
  });
}

/** A flag, and for on/off options its second form. */
function flagsOf(key: OptionKey): string[] {
  const flag = flagOf(key);
  return placeholderOf(key) === null ? [flag, flag.replace("--", "--no-")] : [flag];
}

function keyOfFlag(flag: string): OptionKey | undefined {
  return OPTION_ENTRIES.find(([key]) => flagsOf(key).includes(flag))?.[0];
}

function missingArgument(command: CommandName): UsageError {
  const example = COMMANDS[command].examples[0]![0];
  return new UsageError(`Missing argument: taskc ${command} ${usageOf(command, false)}`, {
    hint: `For example: ${example}`,
  });
}

function missingValue(flags: string): UsageError {
  const flag = flags.split(/[ ,]/)[0]!;
  const key = OPTION_ENTRIES.find(([key]) => flagOf(key) === flag)?.[0];
  const value = key === undefined ? "" : `: ${flag} ${placeholderOf(key)}`;
  return new UsageError(`Option ${flag} needs a value${value}`);
}

function excessArguments(command: CommandName, given: readonly string[]): UsageError {
  const expected = COMMANDS[command].arguments.length;
  const hint = command === "send"
    ? "Put JSON in single quotes, so that the shell leaves it whole"
    : `Usage: taskc ${command} ${usageOf(command, optionKeysOf(command).length > 0)}`.trimEnd();
  return new UsageError(`Unexpected argument "${given[expected] ?? ""}" of taskc ${command}`, {
    hint,
  });
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
