import assert from "node:assert/strict";
import { Bench } from "./bench.ts";
import { type ManualTask, manualTask } from "./manual_task.ts";

export const P0 = { topic: "work", partition: 0 };
export const P1 = { topic: "work", partition: 1 };
export const RETRY = { attempts: 3, min: "1s", max: "1s", jitter: "none" } as const;

/** Both partitions assigned, 1, 2 and 3 in flight of the first, 11 of the second. */
export async function assigned(options = {}): Promise<{ bench: Bench; work: ManualTask }> {
  const work = manualTask({ topic: "work", retry: RETRY });
  const bench = new Bench({ work: work.task }, options);
  bench.consumer.append("work", 0, 1, 2, 3);
  bench.consumer.append("work", 1, 11);
  await bench.assign(P0, P1);
  assert.deepEqual(work.inputs(), [1, 2, 3, 11]);
  return { bench, work };
}

/** Partitions that were given back, by answer. */
export function unassigned(bench: Bench): string[][] {
  return bench.consumer.answers.filter(({ kind }) => kind === "unassign")
    .map(({ partitions }) => partitions);
}
