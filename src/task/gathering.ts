/** What is wrong with the tasks of a module, gathered while it is loaded: all of it is to be told at once. */
import { ModuleError } from "../errors.ts";
import { checkTaskOptions, type TaskSettings } from "./options.ts";

let gathered: ModuleError[] | null = null;

/** The settings of a task. Throws for options that are wrong, or gathers that and returns those of no task. */
export function checkOrGather(options: unknown): TaskSettings {
  try {
    return checkTaskOptions(options);
  } catch (error) {
    if (!gathered || !(error instanceof ModuleError)) throw error;
    gathered.push(error);
    return checkTaskOptions({ run: () => {} });
  }
}

/** What has come of `load`, and what is wrong with the tasks that were defined meanwhile. */
export async function gatherProblems<T>(
  load: () => Promise<T>,
): Promise<{ outcome: PromiseSettledResult<T>; problems: readonly ModuleError[] }> {
  const problems: ModuleError[] = gathered = [];
  try {
    const [outcome] = await Promise.allSettled([load()]);
    return { outcome, problems };
  } finally {
    gathered = null;
  }
}
