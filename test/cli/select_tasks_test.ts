import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findTask, selectTasks } from "../../src/cli/select_tasks.ts";
import { UsageError } from "../../src/errors.ts";
import { readModule } from "../../src/task/load.ts";
import { task } from "../../src/task/task.ts";

const run = () => {};
const module = readModule("tasks.ts", {
  resize: task({ run }),
  order: task({ topic: "shop", run }),
  refund: task({ topic: "shop", run }),
  setup: () => {},
});

const names = (only: string[] | null) => selectTasks(module, only).tasks.map(({ name }) => name);

describe("selectTasks", () => {
  test("null keeps all, names keep those, each once; hooks stay", () => {
    assert.deepEqual(names(null), ["resize", "order", "refund"]);
    assert.deepEqual(names(["resize"]), ["resize"]);
    assert.deepEqual(names(["refund", "order"]), ["refund", "order"]);
    assert.deepEqual(names(["resize", "resize"]), ["resize"]);
    assert.equal(selectTasks(module, ["resize"]).hooks, module.hooks);
  });

  test("refuses a task whose topic another shares, and says how to name both", () => {
    assert.throws(() => selectTasks(module, ["resize", "order"]), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(
        error.message,
        'Cannot run task "order" alone: task "refund" shares topic "shop"',
      );
      assert.equal(error.hint, "Name both: --only order --only refund");
      return true;
    });
  });

  test("a name that is none: lists those there are", () => {
    assert.throws(() => findTask(module, "risize"), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, 'Cannot find task "risize" in "tasks.ts"');
      assert.equal(error.hint, "Its tasks are: resize, order, refund");
      return true;
    });
  });
});
