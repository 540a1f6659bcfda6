/**
 * The command line: finds the command, reads its options and settings, and hands them to its handler.
 * Handlers come from the composition root, which imports them lazily, so that `--help` loads nothing.
 */
import { Command, CommanderError, Option } from "commander";
import { EXIT, type ExitCode } from "../errors.ts";
import { type CommandName, OPTION_GROUPS, OPTIONS } from "../config/options.ts";
import type { EffectiveSetting, FlagTexts, Settings } from "../config/settings.ts";
import { COMMAND_NAMES, type CommandArguments, COMMANDS, PROGRAM } from "./commands.ts";
import { describeExamples, describeSources, helpWidthOf, TaskcHelp, usageOf } from "./help.ts";
import { addOption, optionKeysOf, readFlags, writeFlags } from "./option_flags.ts";
import { isTerminal, takesColours } from "../render/terminal_support.ts";
import { reportFailure } from "./report_failure.ts";
import { describeUsageError, unknownCommand } from "./usage_errors.ts";

/** `taskc dev` sets this to 1 for its child, which then leaves settings of other brokers unread. */
export const EMBEDDED_BROKER_VARIABLE = "_TASKC_EMBEDDED_BROKER";

/** Ends the parsing, as a request for help does: beside a command, too, nothing runs. */
const VERSION_ASKED = "taskc.versionAsked";

/** What a handler is called with. */
export interface Invocation<C extends CommandName> {
  settings: Settings<C>;
  args: CommandArguments[C];
  /** Each setting with its source, secrets masked. */
  effective: EffectiveSetting[];
  /** The options that were given as flags, in words that another call of taskc takes. */
  flags: string[];
}

/** One function for each command; its promise is the exit code. A `TaskcError` is reported here. */
export type Handlers =
  & {
    [C in Exclude<CommandName, "completions">]: (invocation: Invocation<C>) => Promise<ExitCode>;
  }
  & {
    /** What `--version` prints, without a final line break. */
    version: () => string | Promise<string>;
  };

export interface OutputStream {
  write(text: string): unknown;
  isTTY?: boolean | undefined;
  columns?: number | undefined;
}

/** The world around the program; the composition root passes the process's own. */
export interface Surroundings {
  /** Arguments without the executable's name. */
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** The working folder. */
  folder: string;
  stdout: OutputStream;
  stderr: OutputStream;
  /** Milliseconds since the epoch. */
  now: number;
}

/** Runs the command that the arguments name. Never rejects: failures are reported on stderr. */
export async function runProgram(handlers: Handlers, around: Surroundings): Promise<ExitCode> {
  try {
    return await dispatch(handlers, around);
  } catch (error) {
    return reportFailure(error, around.stderr, {
      colours: takesColours(around.stderr, around.env),
    });
  }
}

async function dispatch(handlers: Handlers, around: Surroundings): Promise<ExitCode> {
  // Completion requests repeat half a command line, which the parser must not judge.
  if (around.argv[0] === "complete") {
    const { answerCompletion } = await import("./completions.ts");
    const words = around.argv.slice(around.argv[1] === "--" ? 2 : 1);
    around.stdout.write(answerCompletion(words));
    return EXIT.ok;
  }
  let chosen: (() => Promise<ExitCode>) | undefined;
  const program = buildProgram(around, (action) => (chosen = action), handlers);
  if (around.argv.length === 0) {
    program.outputHelp();
    return EXIT.ok;
  }
  try {
    program.parse(around.argv, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.helpDisplayed") return EXIT.ok;
    if (error.code === VERSION_ASKED) {
      around.stdout.write(`${await handlers.version()}\n`);
      return EXIT.ok;
    }
    throw error;
  }
  return await chosen!();
}

function buildProgram(
  around: Surroundings,
  choose: (action: () => Promise<ExitCode>) => void,
  handlers: Handlers,
): Command {
  const width = helpWidthOf(around.stdout.isTTY ? around.stdout.columns : undefined);
  const program = new RootCommand("taskc");
  program
    .usage("COMMAND [options]")
    .description(PROGRAM.description)
    .helpCommand(false)
    .option("-V, --version", "Show the version of taskc and of its parts")
    .helpOption("-h, --help", "Show this help, or that of a command")
    .configureOutput({
      writeOut: (text) => void around.stdout.write(text),
      // Usage errors are thrown and reported with all others.
      outputError: () => {},
      getOutHelpWidth: () => width,
      getOutHasColors: () => takesColours(around.stdout, around.env),
    })
    .addHelpText("after", describeExamples(PROGRAM.examples))
    .on("option:version", () => {
      throw new CommanderError(EXIT.ok, VERSION_ASKED, "");
    })
    .action(() =>
      choose(() => {
        program.outputHelp();
        return Promise.resolve(EXIT.ok);
      })
    );
  overrideExit(program, null);
  for (const name of COMMAND_NAMES) {
    const command = addCommand(program, name, { width, wanted: around.argv.includes(name) });
    command.action(() => {
      const args = readArguments(name, command.args);
      const flags = readFlags(command);
      choose(() => invoke(name, handlers, around, args, flags));
    });
  }
  addHelpCommand(program, choose);
  return program;
}

/** Commander's commands with our help. */
class RootCommand extends Command {
  override createCommand(name?: string): Command {
    return new RootCommand(name);
  }
  override createHelp(): TaskcHelp {
    return Object.assign(new TaskcHelp(), this.configureHelp());
  }
}

/** `wanted` tells whether this command can be meant: the options of all others would go unread. */
function addCommand(
  program: Command,
  name: CommandName,
  { width, wanted }: { width: number; wanted: boolean },
): Command {
  const spec = COMMANDS[name];
  const keys = optionKeysOf(name);
  const command = program.command(name)
    .summary(spec.summary)
    .description(spec.description)
    .usage(usageOf(name, keys.length > 0))
    .addHelpOption(new Option("-h, --help", "Show this help").helpGroup("General:"));
  const sources = describeSources(keys, width);
  if (sources !== "") command.addHelpText("after", sources);
  command.addHelpText("after", describeExamples(spec.examples));
  for (const { name, help, required } of spec.arguments) {
    command.argument(required ? `<${name}>` : `[${name}]`, help);
  }
  if (wanted) {
    for (const group of OPTION_GROUPS) {
      for (const key of keys.filter((key) => OPTIONS[key].group === group)) addOption(command, key);
    }
  }
  overrideExit(command, name);
  return command;
}

function addHelpCommand(program: Command, choose: (action: () => Promise<ExitCode>) => void): void {
  const help = program.command("help")
    .description("Show the help of a command")
    .usage("[COMMAND]")
    .argument("[COMMAND]", "the command")
    .helpOption("-h, --help", "Show this help")
    .action((name: string | undefined) =>
      choose(() => {
        const command = name === undefined
          ? program
          : program.commands.find((one) => one.name() === name);
        if (command === undefined) throw unknownCommand(name!);
        command.outputHelp();
        return Promise.resolve(EXIT.ok);
      })
    );
  overrideExit(help, null);
}

function overrideExit(command: Command, name: CommandName | null): void {
  command.exitOverride((error) => {
    if (error.exitCode === 0) throw error;
    throw describeUsageError(error, name, command.args);
  });
}

function readArguments(name: CommandName, given: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    COMMANDS[name].arguments.map(({ name }, index) => [name.toLowerCase(), given[index] ?? null]),
  );
}

async function invoke(
  name: CommandName,
  handlers: Handlers,
  around: Surroundings,
  args: Record<string, string | null>,
  flags: FlagTexts,
): Promise<ExitCode> {
  if (name === "completions") {
    const { completionScript } = await import("./completions.ts");
    around.stdout.write(completionScript(args.shell!));
    return EXIT.ok;
  }
  // Loaded only now, since help needs none of it.
  const { resolveSettings } = await import("../config/settings.ts");
  const { settings, effective } = optionKeysOf(name).length === 0
    ? { settings: {}, effective: [] }
    : resolveSettings(name, {
      flags,
      env: around.env,
      folder: around.folder,
      module: args.module ?? null,
      stderrIsTerminal: isTerminal(around.stderr, around.env),
      embeddedBroker: name === "dev" || around.env[EMBEDDED_BROKER_VARIABLE] === "1",
      now: around.now,
    });
  // The tables pair each name with its types; a union of functions cannot be told that.
  const handler = handlers[name] as (invocation: unknown) => Promise<ExitCode>;
  return await handler({ settings, args, effective, flags: writeFlags(flags) });
}
