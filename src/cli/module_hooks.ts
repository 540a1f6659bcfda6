/** `setup` and `teardown` of a module: before the first task, and after the last one. */
import { describeFailedAttempt } from "../core/describe_error.ts";
import { ModuleError } from "../errors.ts";
import type { StatsCollector } from "../stats/collector.ts";
import type { TaskModule } from "../task/registry.ts";

export async function callSetup(module: TaskModule): Promise<void> {
  try {
    await module.hooks.setup?.();
  } catch (cause) {
    throw new ModuleError(
      `Cannot set up task module "${module.file}": setup threw ${describeFailedAttempt(cause)}`,
      { cause },
    );
  }
}

export async function callTeardown(module: TaskModule, stats: StatsCollector): Promise<void> {
  try {
    await module.hooks.teardown?.();
  } catch (error) {
    stats.event({
      event: "task-error",
      task: null,
      reason: `teardown threw ${describeFailedAttempt(error)}`,
    });
  }
}
