/** `--only`: some tasks of a module. */
import { UsageError } from "../errors.ts";
import type { TaskModule } from "../task/registry.ts";
import type { Task } from "../task/task.ts";

/** The task of that name. Throws a `UsageError` that lists the names there are. */
export function findTask(module: TaskModule, name: string): Task {
  const found = module.tasks.find((task) => task.name === name);
  if (found) return found;
  throw new UsageError(`Cannot find task "${name}" in "${module.file}"`, {
    hint: `Its tasks are: ${module.tasks.map((task) => task.name).join(", ")}`,
  });
}

/**
 * The module with the named tasks alone; `null` keeps all. Refused where another task shares the topic:
 * its messages would count as unroutable.
 */
export function selectTasks(module: TaskModule, only: readonly string[] | null): TaskModule {
  if (only === null) return module;
  const tasks = [...new Set(only)].map((name) => findTask(module, name));
  for (const task of tasks) {
    const sharing = module.tasks.find((other) =>
      other.topic === task.topic && !tasks.includes(other)
    );
    if (sharing) {
      throw new UsageError(
        `Cannot run task "${task.name}" alone: task "${sharing.name}" shares topic "${task.topic}"`,
        { hint: `Name both: --only ${task.name} --only ${sharing.name}` },
      );
    }
  }
  return { ...module, tasks };
}
