/**
 * Completions for shells. The script of a shell asks `taskc complete -- WORDS…` at each Tab; the answer
 * is one candidate a line, `value<Tab>description`, then `:` and a number that says what else the shell
 * should do (the protocol of cobra, which @bomb.sh/tab's scripts speak).
 *
 * The script for bash is our own: tab's needs the bash-completion package, evaluates the words of the
 * command line and the names of files, and fails when it is sourced twice.
 */
import { script } from "@bomb.sh/tab";
import { UsageError } from "../errors.ts";
import {
  type CommandName,
  flagOf,
  type OptionKey,
  OPTIONS,
  type OptionSpec,
  shownFlagOf,
} from "../config/options.ts";
import { settableProperties, valuesOfProperty } from "../config/librdkafka_properties.ts";
import { nearestName } from "../core/nearest_name.ts";
import { BASH_SCRIPT } from "./bash_completion.ts";
import { COMMAND_NAMES, COMMANDS, SHELLS } from "./commands.ts";
import { optionKeysOf } from "./option_flags.ts";

/** What the shell adds to the candidates; numbers of the protocol. */
const DIRECTIVE = { files: 0, noSpace: 2 | 4, nothing: 4, extensions: 8 } as const;

/** A task module's file name ends so. */
const MODULE_EXTENSIONS = ["ts", "mts", "cts", "js", "mjs", "cjs"];

export interface Completion {
  candidates: (readonly [value: string, description: string])[];
  directive: number;
}

const NOTHING: Completion = { candidates: [], directive: DIRECTIVE.nothing };
const FILES: Completion = { candidates: [], directive: DIRECTIVE.files };

/** The completion script of a shell. Throws `UsageError` for a shell that there is none for. */
export function completionScript(shell: string): string {
  if (shell === "bash") return BASH_SCRIPT;
  if (!(SHELLS as readonly string[]).includes(shell)) {
    const nearest = nearestName(shell, SHELLS);
    throw new UsageError(`No completions for the shell "${shell}"`, {
      hint: nearest === undefined ? `Shells: ${SHELLS.join(", ")}` : `Did you mean "${nearest}"?`,
    });
  }
  return captureScript(shell);
}

/** The protocol's answer to the words typed so far; the last is the one to complete, empty or not. */
export function answerCompletion(words: readonly string[]): string {
  const { candidates, directive } = complete(words);
  const lines = candidates.map(([value, description]) =>
    description === "" ? value : `${value}\t${description}`
  );
  return [...lines, `:${directive}`, ""].join("\n");
}

/** Candidates for the last word. */
export function complete(words: readonly string[]): Completion {
  const current = words.at(-1) ?? "";
  const before = words.slice(0, -1);
  const name = before[0];
  if (name === undefined) {
    return current.startsWith("-") ? rootFlags(current) : commandNames(current);
  }
  if (name === "help") return before.length === 1 ? commandNames(current) : NOTHING;
  if (!(COMMAND_NAMES as readonly string[]).includes(name)) return NOTHING;
  return completeIn(name as CommandName, before.slice(1), current);
}

function completeIn(command: CommandName, before: readonly string[], current: string): Completion {
  const keys = optionKeysOf(command);
  const { pending, positional, literal } = readWords(keys, before);
  if (pending !== undefined) return completeValue(pending, current);
  if (!literal && current.startsWith("-")) {
    const at = current.indexOf("=");
    const key = at < 0 ? undefined : keys.find((key) => flagOf(key) === current.slice(0, at));
    // The scripts put `--stats=` before the values again.
    if (key !== undefined) return completeValue(key, current.slice(at + 1));
    return flags(keys, current);
  }
  const argument = COMMANDS[command].arguments[positional];
  switch (argument?.completes) {
    case "module":
      return {
        candidates: MODULE_EXTENSIONS.map((extension) => [extension, ""] as const),
        directive: DIRECTIVE.extensions,
      };
    case "shell":
      return matching(SHELLS, current);
    default:
      return NOTHING;
  }
}

/** What the words before say: the option whose value comes next, and how many arguments there were. */
function readWords(
  keys: readonly OptionKey[],
  words: readonly string[],
): { pending: OptionKey | undefined; positional: number; literal: boolean } {
  let pending: OptionKey | undefined;
  let positional = 0;
  let literal = false;
  for (const word of words) {
    if (pending !== undefined) pending = undefined;
    else if (literal || !word.startsWith("-")) positional++;
    else if (word === "--") literal = true;
    else pending = keys.find((key) => flagOf(key) === word && kindOf(key).placeholder !== null);
  }
  return { pending, positional, literal };
}

function completeValue(key: OptionKey, current: string): Completion {
  if (key === "config") return FILES;
  if (key === "properties") return completeProperty(current);
  return matching(kindOf(key).choices ?? [], current);
}

function completeProperty(current: string): Completion {
  const at = current.indexOf("=");
  if (at < 0) {
    const names = settableProperties().map((name) => `${name}=`);
    return { ...matching(names, current), directive: DIRECTIVE.noSpace };
  }
  const name = current.slice(0, at);
  return matching(valuesOfProperty(name).map((value) => `${name}=${value}`), current);
}

function matching(values: readonly string[], current: string): Completion {
  return startingWith(values.map((value) => [value, ""]), current);
}

function flags(keys: readonly OptionKey[], current: string): Completion {
  const all = keys.map((key) => [shownFlagOf(key), OPTIONS[key].help] as const);
  return startingWith([...all, ["--help", "Show help"]], current);
}

function rootFlags(current: string): Completion {
  return startingWith([["--help", "Show help"], ["--version", "Show the version"]], current);
}

function commandNames(current: string): Completion {
  return startingWith(COMMAND_NAMES.map((name) => [name, COMMANDS[name].summary]), current);
}

function startingWith(
  all: readonly (readonly [value: string, description: string])[],
  current: string,
): Completion {
  const candidates = all.filter(([value]) => value.startsWith(current));
  return { candidates, directive: DIRECTIVE.nothing };
}

function kindOf(key: OptionKey): OptionSpec<unknown>["kind"] {
  return OPTIONS[key].kind as OptionSpec<unknown>["kind"];
}

/** tab prints its scripts by `console.log` and has no other way to get them. */
function captureScript(shell: string): string {
  const lines: string[] = [];
  const log = console.log;
  console.log = (text: string) => lines.push(text);
  try {
    script(shell, "taskc", "taskc");
  } finally {
    console.log = log;
  }
  return `${lines.join("\n")}\n`;
}
