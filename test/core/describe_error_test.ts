import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { describeFailedAttempt } from "../../src/core/describe_error.ts";

function failure(message: string, stack: string): Error {
  const error = new RangeError(message);
  error.stack = stack;
  return error;
}

describe("describeFailedAttempt", () => {
  test("names the class, the message and the first place outside the executable", () => {
    const stack =
      "RangeError: no\n  at f (/$bunfs/root/taskc.js:1:2)\n  at run (/app/tasks.ts:3:9)";
    assert.equal(describeFailedAttempt(failure("no", stack)), "RangeError: no (tasks.ts:3:9)");
    assert.equal(describeFailedAttempt("text"), "text");
  });

  test("an error that taskc makes for the user's code has its place there", () => {
    const frames = [
      "at toJson (src/task/message.ts:105:15)",
      "at parse (node_modules/zod/v4/core/parse.js:1:2)",
      "at <anonymous> (/app/my tasks/tasks.ts:4:22)",
      "at callTask (src/worker/attempt.ts:41:7)",
    ];
    const error = failure("no", ["RangeError: no", ...frames].join("\n    "));
    assert.equal(describeFailedAttempt(error), "RangeError: no (tasks.ts:4:22)");
    const ours = failure("no", ["RangeError: no", frames[0], frames[3]].join("\n    "));
    assert.equal(describeFailedAttempt(ours), "RangeError: no");
  });

  test("is not held up by a stack with lines of any length", () => {
    // A search that tries each beginning of such a line would take hours.
    const long = `${"x".repeat(2_000_000)}.ts:1:1x`;
    const error = failure("no", `${long}\n  at run (/app/tasks.ts:3:9)`);
    assert.equal(describeFailedAttempt(error), "RangeError: no (tasks.ts:3:9)");
  });
});
