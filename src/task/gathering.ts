/** What is wrong with the tasks of a module, gathered while it is loaded: all of it is to be told at once. */
import { setTimeout as sleep } from "node:timers/promises";
import { ModuleError } from "../errors.ts";
import { checkTaskOptions, type TaskSettings } from "./options.ts";

/** With a wrong task, a module that waits for something at its top level is waited for no longer. */
const PATIENCE_MS = 1000;

let gather: ((problem: ModuleError) => void) | null = null;

/** The settings of a task. Throws for options that are wrong, or gathers that and returns those of no task. */
export function checkOrGather(options: unknown): TaskSettings {
  try {
    return checkTaskOptions(options);
  } catch (error) {
    if (!gather || !(error instanceof ModuleError)) throw error;
    gather(error);
    return checkTaskOptions({ run: () => {} });
  }
}

/** What `load` gives; or throws `failure` of all that is wrong with the tasks that were defined meanwhile. */
export async function gatherProblems<T>(
  load: () => Promise<T>,
  failure: (problems: readonly ModuleError[]) => ModuleError,
): Promise<T> {
  const problems: ModuleError[] = [];
  const found = Promise.withResolvers<void>();
  const over = new AbortController();
  gather = (problem) => {
    problems.push(problem);
    found.resolve();
  };
  try {
    const loading = load();
    const patience = found.promise.then(() =>
      sleep(PATIENCE_MS, undefined, { signal: over.signal })
    );
    await Promise.race([Promise.allSettled([loading]), patience]);
    // What it threw after that may have no other cause.
    if (problems.length > 0) throw failure(problems);
    return await loading;
  } finally {
    gather = null;
    over.abort();
  }
}
