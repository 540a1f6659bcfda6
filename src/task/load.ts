/** Loads a user's module, and says exactly what is wrong with it when it cannot be used. */
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { describeError, placeIn } from "../core/describe_error.ts";
import { ModuleError, type TaskcError } from "../errors.ts";
import { gatherProblems } from "./gathering.ts";
import type { Hooks, TaskModule } from "./registry.ts";
import { isTask, type Task } from "./task.ts";
import { provideModules } from "./virtual_modules.ts";

/** Throws a `ModuleError` for a file that is missing, does not load or defines something impossible. */
export async function loadTaskModule(file: string): Promise<TaskModule> {
  const path = resolve(file);
  await requireFile(file, path);
  provideModules(dirname(path));
  const load = async (): Promise<Record<string, unknown>> => {
    try {
      return await import(pathToFileURL(path).href);
    } catch (cause) {
      throw loadFailure(file, cause);
    }
  };
  const tell = (problems: readonly ModuleError[]) => taskFailure(file, problems);
  return readModule(file, await withoutExit(() => gatherProblems(load, tell)));
}

/** A module that ends the process while it is loaded would pass for a command that went well. */
async function withoutExit<T>(load: () => Promise<T>): Promise<T> {
  const { exit } = process;
  process.exit = (code) => {
    throw new ModuleError(`It called process.exit(${code ?? ""}) while it was loaded`, {
      hint: "Throw an error instead, or leave it to taskc when to end",
    });
  };
  try {
    return await load();
  } finally {
    process.exit = exit;
  }
}

/** The tasks and hooks among a module's exports. */
export function readModule(file: string, exports: Record<string, unknown>): TaskModule {
  const tasks = new Set<Task>();
  // The default export comes last: under another name too, that is the task's name.
  const { default: main, ...named } = exports;
  for (const [name, value] of [...Object.entries(named), ["default", main] as const]) {
    if (!isTask(value) || tasks.has(value)) continue;
    if (name === "default" && value.settings.name === undefined) {
      throw failure(file, "its default export is a task without a name", {
        hint: 'Give it a name, task({ name: "…", … }), or export it under one',
      });
    }
    value.nameAfterExport(name);
    tasks.add(value);
  }
  if (tasks.size === 0) {
    throw failure(file, "it exports no tasks", {
      hint: 'Export at least one: export const hello = task({ run: … }), with task from "taskc"',
    });
  }
  requireUniqueNames(file, [...tasks]);
  return { file, tasks: [...tasks], hooks: readHooks(file, exports) };
}

async function requireFile(file: string, path: string): Promise<void> {
  const found = await stat(path).catch(() => null);
  if (!found) {
    throw failure(file, "there is no such file", { hint: `Looked for ${path}` });
  }
  if (!found.isFile()) throw failure(file, "it is not a file");
  if (/[?\\]/.test(path)) {
    throw failure(file, 'a "?" or "\\" in its path keeps the runtime from finding it', {
      hint: `Rename it: ${path}`,
    });
  }
}

function requireUniqueNames(file: string, tasks: readonly Task[]): void {
  const names = new Set<string>();
  const types = new Map<string, Task>();
  for (const task of tasks) {
    if (names.has(task.name)) {
      throw failure(file, `it defines two tasks named "${task.name}"`);
    }
    names.add(task.name);
    for (const type of task.types) {
      const key = `${task.topic}\0${type}`;
      const other = types.get(key);
      if (other) {
        throw failure(
          file,
          `tasks "${other.name}" and "${task.name}" both take type "${type}" of topic "${task.topic}"`,
        );
      }
      types.set(key, task);
    }
  }
}

const HOOKS = ["setup", "teardown", "beforeRun", "afterRun"] as const;

function readHooks(file: string, exports: Record<string, unknown>): Hooks {
  const hooks: Record<string, unknown> = {};
  for (const name of HOOKS) {
    const value = exports[name];
    if (value === undefined || isTask(value)) continue;
    if (typeof value !== "function") {
      throw failure(file, `its export "${name}" must be a function, got ${typeof value}`);
    }
    hooks[name] = value;
  }
  return hooks as Hooks;
}

function failure(file: string, reason: string, options?: { hint?: string; cause?: unknown }) {
  return new ModuleError(`Cannot load task module "${file}": ${reason}`, options);
}

/** All tasks that are wrong, each with its place in the user's code. */
function taskFailure(file: string, problems: readonly ModuleError[]): ModuleError {
  const texts = problems.map(({ message, stack = "" }) => {
    // Unbundled, the functions that tasks are defined by are files like the user's.
    const frames = stack.split("\n").filter((line) => !line.includes(import.meta.dirname!));
    return lowerFirst(message) + placeIn(frames);
  });
  return failure(file, texts.join("\n  "), { cause: problems[0] });
}

interface BuildPosition {
  file?: string;
  line?: number;
  column?: number;
  lineText?: string;
}

/** Bun tells syntax errors and unresolved imports as build messages, several in an AggregateError. */
function loadFailure(file: string, cause: unknown): ModuleError {
  if (cause instanceof ModuleError) {
    return failure(file, lowerFirst(cause.message), hintOf(cause));
  }
  const errors = cause instanceof AggregateError && cause.errors.length > 0
    ? cause.errors
    : [cause];
  const texts = errors.map(describeLoadError);
  return failure(file, texts.join("\n  "), { cause });
}

function describeLoadError(error: unknown): string {
  if (!(error instanceof Error) && !isBuildMessage(error)) {
    return `it threw ${
      typeof error === "string" ? JSON.stringify(error) : describeError(error).message
    }`;
  }
  const { message, position, stack } = error as Error & { position?: BuildPosition | null };
  if (position?.file) {
    const place = `${position.file}:${position.line}:${position.column}`;
    return position.lineText
      ? `${message}\n    at ${place}: ${position.lineText.trim()}`
      : `${message} (${place})`;
  }
  const frame = stack?.split("\n").find((line) =>
    /^\s+at .*[:]\d+/.test(line) && !line.includes("$bunfs")
  );
  return frame ? `${message}\n   ${frame.trimEnd()}` : message;
}

function isBuildMessage(error: unknown): boolean {
  return typeof error === "object" && error !== null && "message" in error;
}

function hintOf(error: TaskcError): { hint?: string; cause: unknown } {
  return error.hint === undefined ? { cause: error } : { hint: error.hint, cause: error };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
