/** Reading taskc.json: JSON, in which comments and trailing commas are allowed, with line numbers. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { SettingsError } from "../errors.ts";

export const SETTINGS_FILE = "taskc.json";

export interface FileEntry {
  key: string;
  value: unknown;
  /** From 1. */
  line: number;
  /** The members of an object, each with its own line. */
  members: FileEntry[];
}

export interface SettingsFile {
  /** As the user wrote it, for messages. */
  name: string;
  entries: FileEntry[];
  /** Keys that stand there twice and the like. */
  problems: string[];
}

/**
 * Reads `explicit`, or taskc.json of the folder when that is there; `null` when there is none. A file
 * that cannot be read, or is not a JSON object, is a `SettingsError`.
 */
export function readSettingsFile(folder: string, explicit: string | null): SettingsFile | null {
  const name = explicit ?? SETTINGS_FILE;
  let text: string;
  try {
    text = readFileSync(resolve(folder, name), "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (explicit === null && code === "ENOENT") return null;
    throw new SettingsError([
      `Cannot read settings file "${name}": ${describeReadError(code, error)}`,
    ]);
  }
  return parseSettingsFile(name, text);
}

export function parseSettingsFile(name: string, text: string): SettingsFile {
  const source = text.replace(/^\uFEFF/, "");
  const errors: ParseError[] = [];
  const root = parseTree(source, errors, { allowTrailingComma: true });
  if (errors.length > 0) {
    throw new SettingsError(
      errors.slice(0, 5).map(({ error, offset }) => {
        const { line, column } = placeOf(source, offset);
        return `Cannot read ${name}:${line}:${column}: ${
          describeSyntax(printParseErrorCode(error))
        }`;
      }),
    );
  }
  if (root?.type !== "object") {
    throw new SettingsError([`Cannot read ${name}: it must be an object, { … }`]);
  }
  const file: SettingsFile = { name, entries: entriesOf(root, source), problems: [] };
  findRepeated(file, file.entries);
  return file;
}

function entriesOf(object: Node, source: string): FileEntry[] {
  return (object.children ?? []).map((property) => {
    const [key, value] = property.children as [Node, Node];
    return {
      key: key.value as string,
      value: valueOf(value),
      line: placeOf(source, property.offset).line,
      members: value.type === "object" ? entriesOf(value, source) : [],
    };
  });
}

/** The plain value; objects have no prototype, so that a key "__proto__" is one like any other. */
function valueOf(node: Node): unknown {
  if (node.type === "array") return (node.children ?? []).map(valueOf);
  if (node.type !== "object") return node.value;
  const object = Object.create(null) as Record<string, unknown>;
  for (const { children } of node.children ?? []) {
    object[children![0]!.value as string] = valueOf(children![1]!);
  }
  return object;
}

function findRepeated(file: SettingsFile, entries: readonly FileEntry[]): void {
  const lines = new Map<string, number>();
  for (const { key, line, members } of entries) {
    const first = lines.get(key);
    if (first !== undefined) {
      file.problems.push(
        `Cannot use "${key}" in ${file.name}:${line}: it stands in line ${first} already`,
      );
    }
    lines.set(key, line);
    findRepeated(file, members);
  }
}

function placeOf(source: string, offset: number): { line: number; column: number } {
  const before = source.slice(0, offset).split("\n");
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** `CommaExpected` as `comma expected`. */
function describeSyntax(code: string): string {
  return code.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

function describeReadError(code: string | undefined, error: unknown): string {
  switch (code) {
    case "ENOENT":
      return "it does not exist";
    case "EACCES":
    case "EPERM":
      return "it may not be read by this user";
    case "EISDIR":
      return "it is a folder";
    default:
      return (error as Error).message;
  }
}
