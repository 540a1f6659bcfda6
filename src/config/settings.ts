/**
 * From flags, variables and taskc.json to the settings of one command. Everything is checked, also what
 * a flag overrides or another command takes, and all problems are told at once, each with its source.
 */
import { basename } from "node:path";
import { SettingsError } from "../errors.ts";
import { BadValue, quote } from "./bad_value.ts";
import { areOnLoopback } from "./broker_list.ts";
import { checkTogether } from "./combinations.ts";
import {
  checkProperty,
  maskProperty,
  parseProperty,
  type Properties,
} from "./librdkafka_properties.ts";
import { propertyEntries, propertyOfVariable } from "./librdkafka_properties.ts";
import {
  type CommandName,
  flagOf,
  isFileKey,
  OPTION_ENTRIES,
  type OptionKey,
  OPTIONS,
  type OptionSpec,
  type OptionTable,
  variableOf,
} from "./options.ts";
import type { ParseContext } from "./option_kind.ts";
import { type FileEntry, readSettingsFile, type SettingsFile } from "./settings_file.ts";
import { checkFileKeys, checkVariableNames } from "./unknown_names.ts";

type ValueOf<Spec> = Spec extends OptionSpec<infer T, infer _C> ? T : never;
type CommandsOf<Spec> = Spec extends OptionSpec<infer _T, infer C> ? C : never;

/** The settings of one command: the options that it takes, by key. */
export type Settings<C extends CommandName> = {
  [K in OptionKey as C extends CommandsOf<OptionTable[K]> ? K : never]: K extends "group" ? string
    : ValueOf<OptionTable[K]>;
};

/** The texts of the flags as given, by key; an on/off flag is `"true"` or `"false"`. */
export type FlagTexts = Partial<Record<OptionKey, readonly string[]>>;

export interface SettingsInput {
  flags: FlagTexts;
  env: Readonly<Record<string, string | undefined>>;
  /** Where taskc.json is looked for. */
  folder: string;
  /** The user's module, of which a local group takes its name; `null` for commands without one. */
  module: string | null;
  stderrIsTerminal: boolean;
  /**
   * True for `taskc dev` and its child: what variables and taskc.json say of Kafka is about other brokers
   * (their addresses, security, protocol) and is left unread; the group's name is not.
   */
  embeddedBroker: boolean;
  /** Milliseconds since the epoch. */
  now: number;
}

export interface Source {
  kind: "flag" | "variable" | "file" | "default";
  /** `--group`, `TASKC_GROUP`, `taskc.json:3`, or `default`. */
  name: string;
}

/** One line of the effective settings: what holds, and who said so. */
export interface EffectiveSetting {
  /** The option's key, or a property as `-X name`. */
  name: string;
  /** For people, with secrets masked. */
  value: string;
  source: Source;
}

export interface ResolvedSettings<C extends CommandName> {
  settings: Settings<C>;
  effective: EffectiveSetting[];
}

/** A value with where it came from. */
interface Found<T> {
  value: T;
  source: Source;
}

export type FoundSettings = { [K in OptionKey]: Found<ValueOf<OptionTable[K]>> };

/** Throws one `SettingsError` with all problems there are. */
export function resolveSettings<C extends CommandName>(
  command: C,
  input: SettingsInput,
): ResolvedSettings<C> {
  const resolution = new Resolution(input);
  const found = resolution.readAll();
  const properties = resolution.readProperties();
  const group = resolution.nameGroup(command, found);
  resolution.problems.push(...checkTogether(command, found, properties));
  if (resolution.problems.length > 0) throw new SettingsError(resolution.problems);
  return {
    settings: settingsOf(command, found, properties, group.value) as Settings<C>,
    effective: describeEffective(command, { ...found, group }, properties),
  };
}

/** One reading of all sources; problems gather here instead of ending it. */
class Resolution {
  readonly problems: string[] = [];
  /** Options that some source has wrong; what would only follow from them is not told. */
  readonly #wrong = new Set<OptionKey>();
  readonly #input: SettingsInput;
  readonly #file: SettingsFile | null;
  readonly #context: ParseContext;

  constructor(input: SettingsInput) {
    this.#input = input;
    this.#context = { now: input.now };
    this.#file = this.#readFile();
    this.problems.push(...checkVariableNames(input.env));
    if (this.#file !== null) {
      this.problems.push(...this.#file.problems, ...checkFileKeys(this.#file));
    }
  }

  readAll(): FoundSettings {
    const found = OPTION_ENTRIES.map(([key]) => [key, this.#read(key)]);
    return Object.fromEntries(found) as FoundSettings;
  }

  /** Properties are told apart by name, so that a flag for one leaves those of the file alone. */
  readProperties(): Map<string, Found<string>> {
    const properties = new Map<string, Found<string>>();
    const add = (source: Source, label: string, read: () => [string, string]) => {
      const property = this.#attempt(label, read);
      if (property !== undefined) properties.set(property[0], { value: property[1], source });
    };
    for (const { name, line, value } of this.#fileProperties()) {
      const source = { kind: "file" as const, name: `${this.#file!.name}:${line}` };
      add(source, `property "${name}" in ${source.name}`, () => checkProperty(name, value));
    }
    for (const [variable, value] of Object.entries(this.#input.env)) {
      if (this.#isAboutOtherBrokers("properties")) break;
      const name = variable.startsWith("TASKC_X_") ? propertyOfVariable(variable) : undefined;
      if (name === undefined || value === undefined || value === "") continue;
      add({ kind: "variable", name: variable }, variable, () => checkProperty(name, value));
    }
    for (const text of this.#input.flags.properties ?? []) {
      const label = `-X ${/^[^=]*/.exec(text)![0]}`;
      add({ kind: "flag", name: "-X" }, label, () => checkProperty(...parseProperty(text)));
    }
    return properties;
  }

  /** The group as given, or the module's file name where nobody else can be in the group. */
  nameGroup(command: CommandName, found: FoundSettings): Found<string> {
    const { value, source } = found.group;
    const none = { value: "", source };
    if (value !== null) return { value, source };
    if (!(OPTIONS.group.commands as readonly CommandName[]).includes(command)) return none;
    const local = command === "dev" || areOnLoopback(found.brokers.value);
    if (local) return { value: groupOfModule(this.#input.module), source };
    if (this.#wrong.has("brokers") || this.#wrong.has("group")) return none;
    const brokers = quote(found.brokers.value.join(","));
    this.problems.push(
      `A group is needed with brokers on other machines (${brokers}, ${found.brokers.source.name}): ` +
        "name it with --group NAME, TASKC_GROUP or taskc.json; all workers of one service share it, " +
        "and no two services do",
    );
    return none;
  }

  #readFile(): SettingsFile | null {
    const { flags, env, folder } = this.#input;
    try {
      return readSettingsFile(folder, flags.config?.at(-1) ?? (env.TASKC_CONFIG || null));
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.problems.push(...error.problems);
      return null;
    }
  }

  /** Reads an option from every source; the first counts, and the others must be right all the same. */
  #read(key: OptionKey): Found<unknown> {
    const spec = OPTIONS[key] as OptionSpec<unknown>;
    const found: Found<unknown>[] = [];
    const add = (source: Source, label: string, read: () => unknown) => {
      const value = this.#attempt(label, read);
      if (value === undefined) this.#wrong.add(key);
      else found.push({ value, source });
    };
    if (key !== "properties") {
      const texts = this.#input.flags[key];
      if (texts !== undefined) {
        const name = spec.kind.placeholder === null && texts.at(-1) === "false"
          ? flagOf(key).replace("--", "--no-")
          : flagOf(key);
        const label = spec.kind.placeholder === null ? name : `${name} ${quote(texts.join(","))}`;
        add({ kind: "flag", name }, label, () => spec.kind.fromText(texts, this.#context));
      }
      const variable = this.#isAboutOtherBrokers(key) ? null : variableOf(key);
      // An empty variable is how compose files and charts write "not set".
      const text = variable === null ? undefined : this.#input.env[variable];
      if (variable !== null && text) {
        const label = `${variable} ${quote(text)}`;
        const source = { kind: "variable" as const, name: variable };
        add(source, label, () => spec.kind.fromText([text], this.#context));
      }
      for (const entry of this.#fileEntries(key)) {
        const source = { kind: "file" as const, name: `${this.#file!.name}:${entry.line}` };
        const label = `"${key}": ${quote(entry.value)} in ${source.name}`;
        add(source, label, () => spec.kind.fromJson(entry.value, this.#context));
      }
    }
    return found[0] ??
      { value: this.#defaultOf(spec), source: { kind: "default", name: "default" } };
  }

  #isAboutOtherBrokers(key: OptionKey): boolean {
    return this.#input.embeddedBroker && OPTIONS[key].group === "Kafka" && key !== "group";
  }

  #defaultOf(spec: OptionSpec<unknown>): unknown {
    return typeof spec.default === "function" ? spec.default(this.#input) : spec.default;
  }

  #fileEntries(key: OptionKey): FileEntry[] {
    if (!isFileKey(key) || this.#isAboutOtherBrokers(key)) return [];
    return this.#file?.entries.filter((entry) => entry.key === key) ?? [];
  }

  #fileProperties(): { name: string; value: unknown; line: number }[] {
    return this.#fileEntries("properties").flatMap((entry) => {
      const label = `"properties": ${quote(entry.value)} in ${this.#file!.name}:${entry.line}`;
      const isObject = this.#attempt(label, () => propertyEntries(entry.value)) !== undefined;
      return isObject
        ? entry.members.map(({ key, value, line }) => ({ name: key, value, line }))
        : [];
    });
  }

  #attempt<T>(label: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof BadValue)) throw error;
      this.problems.push(`Cannot use ${label}: ${error.message}`);
      return undefined;
    }
  }
}

function settingsOf(
  command: CommandName,
  found: FoundSettings,
  properties: Map<string, Found<string>>,
  group: string,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [key, spec] of OPTION_ENTRIES) {
    if (spec.commands.includes(command)) values[key] = found[key].value;
  }
  if ("group" in values) values.group = group;
  if ("properties" in values) {
    const plain: Properties = {};
    for (const [name, { value }] of properties) plain[name] = value;
    values.properties = plain;
  }
  return values;
}

function describeEffective(
  command: CommandName,
  found: FoundSettings,
  properties: Map<string, Found<string>>,
): EffectiveSetting[] {
  const effective: EffectiveSetting[] = [];
  for (const [key, spec] of OPTION_ENTRIES) {
    if (!spec.commands.includes(command) || key === "properties") continue;
    const { value, source } = found[key] as Found<unknown>;
    const text = value === null ? spec.defaultText ?? "" : spec.kind.format(value);
    effective.push({ name: key, value: text, source });
  }
  for (const [name, { value, source }] of properties) {
    effective.push({ name: `-X ${name}`, value: maskProperty(name, value), source });
  }
  return effective;
}

/** `./jobs/mail tasks.ts` names the group `mail-tasks`. */
function groupOfModule(module: string | null): string {
  const stem = basename(module ?? "").replace(/(?<=.)\.[^.]*$/, "");
  return stem.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 200) ||
    "taskc";
}
