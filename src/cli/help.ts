/** How help looks: two columns where they fit, else each description below its option. */
import { Chalk } from "chalk";
import { type Argument, type Command, Help, type Option } from "commander";
import {
  defaultTextOf,
  flagOf,
  isFileKey,
  OPTION_ENTRIES,
  type OptionKey,
  OPTIONS,
  type OptionSpec,
  shownFlagOf,
  variableOf,
} from "../config/options.ts";
import { COMMANDS, type CommandSpec } from "./commands.ts";

/** Longer lines are hard to read, however wide the terminal is. */
const WIDEST = 100;
const NARROWEST = 30;
/** Terms longer than this stand on a line of their own, so that one does not push all others apart. */
const WIDEST_TERM = 28;
/** Descriptions narrower than this go below their terms. */
const NARROWEST_DESCRIPTION = 34;

// Always coloured here; the program takes colours out again where they are not wanted.
const chalk = new Chalk({ level: 1 });

/** The width to lay help out for, from the terminal's columns (`undefined` for pipes). */
export function helpWidthOf(columns: number | undefined): number {
  return Math.min(WIDEST, Math.max(NARROWEST, columns || 80));
}

export class TaskcHelp extends Help {
  override minWidthToWrap = 20;
  override sortOptions = false;

  override optionTerm(option: Option): string {
    const flag = option.long ?? option.short;
    const key = OPTION_ENTRIES.find(([key]) => shownFlagOf(key) === flag)?.[0];
    return key === undefined ? option.flags : optionTerm(key);
  }

  override subcommandTerm(command: Command): string {
    return command.name();
  }

  /** Arguments as the usage line writes them. */
  override argumentTerm(argument: Argument): string {
    return argument.required ? argument.name() : `[${argument.name()}]`;
  }

  override padWidth(...[command, helper]: Parameters<Help["padWidth"]>): number {
    return Math.min(WIDEST_TERM, super.padWidth(command, helper));
  }

  override formatItem(term: string, termWidth: number, description: string, helper: Help): string {
    const width = helper.helpWidth ?? 80;
    const besides = width - termWidth - 4;
    if (description !== "" && besides < NARROWEST_DESCRIPTION) {
      return `  ${term}\n${indent(helper.boxWrap(description, width - 6), 6)}`;
    }
    if (helper.displayWidth(term) > termWidth) {
      return `  ${term}\n${indent(helper.boxWrap(description, besides), termWidth + 4)}`;
    }
    return super.formatItem(term, termWidth, description, helper);
  }

  override styleTitle(text: string): string {
    return chalk.bold(text);
  }
  override styleOptionText(text: string): string {
    return chalk.cyan(text);
  }
  override styleSubcommandText(text: string): string {
    return chalk.cyan(text);
  }
  override styleArgumentText(text: string): string {
    return chalk.cyan(text);
  }
}

/** `--max-bytes SIZE`, or `-X NAME=VALUE`. */
export function optionTerm(key: OptionKey): string {
  const placeholder = placeholderOf(key);
  return placeholder === null ? shownFlagOf(key) : `${shownFlagOf(key)} ${placeholder}`;
}

export function placeholderOf(key: OptionKey): string | null {
  const spec = OPTIONS[key] as OptionSpec<unknown>;
  return spec.placeholder ?? spec.kind.placeholder;
}

/** The help line with its default. */
export function optionDescription(key: OptionKey): string {
  const defaultText = defaultTextOf(key);
  const { help } = OPTIONS[key];
  return defaultText === null || defaultText === "none"
    ? help
    : `${help} (default: ${defaultText})`;
}

/** `taskc send [options] MODULE TASK [JSON]` without its first two words. */
export function usageOf(name: keyof typeof COMMANDS, hasOptions: boolean): string {
  const words = COMMANDS[name].arguments.map(({ name, required }) => required ? name : `[${name}]`);
  return [...(hasOptions ? ["[options]"] : []), ...words].join(" ");
}

/** The section of examples, to be printed after a command's options. */
export function describeExamples(examples: CommandSpec["examples"]): string {
  const lines = examples.map(([command, purpose]) =>
    `  ${chalk.dim(`# ${purpose}`)}\n  ${chalk.cyan(command)}`
  );
  return `\n${chalk.bold("Examples:")}\n${lines.join("\n")}`;
}

/** How the options of a command are given without flags; empty when none of them can. */
export function describeSources(keys: readonly OptionKey[], width: number): string {
  const elsewhere = keys.filter((key) => variableOf(key) !== null && isFileKey(key));
  // The name of this one shows best how the three are made of each other.
  const example = elsewhere.find((key) => key === "maxBytes") ?? elsewhere[0];
  if (example === undefined) return "";
  const text = `Most options can stand in the environment and in taskc.json too: ${
    flagOf(example)
  } is ${variableOf(example)} and "${example}". A flag wins over a variable, that over the file.`;
  return `\n${new TaskcHelp().boxWrap(text, width)}`;
}

function indent(text: string, columns: number): string {
  return text.replace(/^/gm, " ".repeat(columns));
}
