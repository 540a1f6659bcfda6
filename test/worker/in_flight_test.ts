/** Many attempts in flight at once. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Bench } from "./support/bench.ts";
import { manualTask } from "./support/manual_task.ts";

const P0 = { topic: "work", partition: 0 };

describe("attempts in flight", () => {
  test("that end by callbacks which are due together are decided in one turn", async () => {
    const work = manualTask({ topic: "work" });
    const bench = new Bench({ work: work.task });
    await using _ = bench;
    bench.consumer.append("work", 0, ...[1, 2, 3, 4, 5].map((value) => ({ value: `${value}` })));
    await bench.assign(P0);
    const { tracker } = [...bench.worker.assignments.partitions][0]!;
    const left: number[] = [];
    // Timers of the same time, with a turn of the loop in between if that were so hasty.
    for (const { finish } of work.runs) {
      setTimeout(() => {
        left.push(tracker.unfinished);
        finish();
      }, 1);
    }
    // All are due when the loop comes to them, also on a slow machine.
    const due = performance.now() + 5;
    while (performance.now() < due);
    while (tracker.unfinished > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(left, [5, 5, 5, 5, 5]);
  });
});
