import assert from "node:assert/strict";
import type { Context } from "../../../src/task/context.ts";
import type { TaskOptions } from "../../../src/task/options.ts";
import { type Task, task } from "../../../src/task/task.ts";

export interface Run {
  input: unknown;
  context: Context;
  /** Settles the attempt: it succeeds. */
  finish(): void;
  fail(error: unknown): void;
}

/** A task whose attempts end when the test says so. */
export interface ManualTask {
  task: Task;
  runs: Run[];
  /** The run of that input: the last one, when there were several attempts. */
  run(input: unknown): Run;
  inputs(): unknown[];
}

export function manualTask(options: Omit<TaskOptions, "run"> = {}): ManualTask {
  const runs: Run[] = [];
  return {
    task: task({
      ...options,
      run: (input: unknown, context: Context) =>
        new Promise<void>((resolve, reject) => {
          runs.push({ input, context, finish: resolve, fail: reject });
        }),
    } as never) as Task,
    runs,
    run(input) {
      const found = runs.findLast((run) => run.input === input);
      assert.ok(found, `no run of ${input}`);
      return found;
    },
    inputs: () => runs.map(({ input }) => input),
  };
}
