/** The options of the table as commander's, and the flags that were given. */
import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";
import {
  type CommandName,
  flagOf,
  OPTION_ENTRIES,
  type OptionKey,
  OPTIONS,
  type OptionSpec,
  shownFlagOf,
} from "../config/options.ts";
import type { FlagTexts } from "../config/settings.ts";
import { optionDescription } from "./help.ts";

export function optionKeysOf(name: CommandName): OptionKey[] {
  return OPTION_ENTRIES.filter(([, spec]) => spec.commands.includes(name)).map(([key]) => key);
}

/** The texts are only gathered here: settings.ts reads them, so that all problems are told at once. */
export function addOption(command: Command, key: OptionKey): void {
  const { kind, group } = OPTIONS[key] as OptionSpec<unknown>;
  const help = optionDescription(key);
  if (kind.placeholder === null) {
    const on = flagOf(key);
    const off = on.replace("--", "--no-");
    const shown = shownFlagOf(key);
    for (const flag of [on, off]) {
      command.addOption(new Option(flag, help).helpGroup(`${group}:`).hideHelp(flag !== shown));
    }
    return;
  }
  // Commander cannot read placeholders such as "a|b"; help.ts puts them in.
  const option = new Option(`${flagOf(key)} <value>`, help)
    .helpGroup(`${group}:`)
    .argParser((text: string, before: readonly string[] | undefined) => {
      refuseFlagAsValue(command, flagOf(key), text);
      return [...(before ?? []), text];
    });
  command.addOption(option);
}

/** `--group --drain` is a forgotten name, and not a group called "--drain". */
function refuseFlagAsValue(command: Command, flag: string, text: string): void {
  if (command.options.some((option) => option.long === text)) {
    throw new UsageError(`Option ${flag} needs a value, but ${text} follows`);
  }
}

/** The texts of the flags that were given; defaults are not among them. */
export function readFlags(command: Command): FlagTexts {
  const flags: FlagTexts = {};
  for (const [key] of OPTION_ENTRIES) {
    const name = attributeNameOf(key);
    if (command.getOptionValueSource(name) !== "cli") continue;
    const value: unknown = command.getOptionValue(name);
    flags[key] = Array.isArray(value) ? value as string[] : [String(value)];
  }
  return flags;
}

/** Commander's name of an option's value: `-X` is `X`, `--header` is `header`. */
function attributeNameOf(key: OptionKey): string {
  return new Option(flagOf(key)).attributeName();
}

/** The same flags in words that another call of taskc takes. */
export function writeFlags(flags: FlagTexts): string[] {
  return OPTION_ENTRIES.flatMap(([key, { kind }]) => {
    const texts = flags[key] ?? [];
    if (kind.placeholder !== null) {
      const flag = flagOf(key);
      // A value may begin with a dash, which only the form with "=" leaves alone.
      return texts.flatMap((text) => flag.startsWith("--") ? [`${flag}=${text}`] : [flag, text]);
    }
    return texts.map((text) => text === "true" ? flagOf(key) : flagOf(key).replace("--", "--no-"));
  });
}
