/** The error family: every class of it has a code of its own and a documented exit code. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import * as errors from "../src/errors.ts";
import { describeFailure, EXIT, TaskcError } from "../src/errors.ts";

type Concrete = new (message: string, options?: errors.FailureOptions) => TaskcError;

/** All classes of the module that can be thrown. */
const classes = (Object.values(errors) as unknown[]).filter((value): value is Concrete =>
  typeof value === "function" && value.prototype instanceof TaskcError
);

function make(Class: Concrete): TaskcError {
  return Class as unknown === errors.SettingsError
    ? new errors.SettingsError(["a is wrong"])
    : new Class("a is wrong");
}

describe("the error family", () => {
  test("is not empty, and every class is exported", () => {
    assert.deepEqual(classes.map(({ name }) => name).sort(), [
      "EnvironmentError",
      "InterruptedError",
      "InvalidPayloadError",
      "KafkaError",
      "ModuleError",
      "SettingsError",
      "StallError",
      "UsageError",
    ]);
  });

  test("has a code for each class, distinct, and its name", () => {
    const codes = classes.map((Class) => make(Class).code);
    assert.equal(new Set(codes).size, classes.length);
    for (const code of codes) assert.match(code, /^E_[A-Z]+$/);
    for (const Class of classes) assert.equal(make(Class).name, Class.name);
  });

  test("leads to exit codes that exist, none of them that of success or of a bug", () => {
    for (const Class of classes) {
      const { exitCode } = make(Class);
      assert.ok(Object.values(EXIT).includes(exitCode));
      assert.ok(exitCode !== EXIT.ok && exitCode !== EXIT.bug, Class.name);
    }
  });

  test("keeps hint and cause", () => {
    for (const Class of classes) {
      if (Class as unknown === errors.SettingsError) continue;
      const cause = new Error("deeper");
      const error = new Class("a", { hint: "do b", cause });
      assert.deepEqual([error.message, error.hint, error.cause], ["a", "do b", cause]);
      assert.ok(error instanceof Error);
      assert.equal("cause" in new Class("a"), false);
    }
  });

  test("a KafkaError keeps the code of Kafka", () => {
    assert.equal(new errors.KafkaError("a", { kafkaCode: 29 }).kafkaCode, 29);
    assert.equal(new errors.KafkaError("a").kafkaCode, undefined);
  });

  test("a SettingsError tells all problems, one alone without a list", () => {
    assert.equal(new errors.SettingsError(["a is wrong"]).message, "a is wrong");
    const several = new errors.SettingsError(["a is wrong", "b is wrong"]);
    assert.equal(several.message, "2 settings are wrong:\n  - a is wrong\n  - b is wrong");
    assert.deepEqual(several.problems, ["a is wrong", "b is wrong"]);
    assert.ok(several instanceof errors.UsageError);
  });
});

describe("exit codes", () => {
  test("are distinct, and fit a shell", () => {
    const codes = Object.values(EXIT);
    assert.equal(new Set(codes).size, codes.length);
    // From 126 on they are the shell's own.
    for (const code of codes) assert.ok(Number.isInteger(code) && code >= 0 && code < 126);
  });

  const document = join(import.meta.dirname!, "../docs/exit-codes.md");
  test("are all documented, and nothing else is", { skip: !existsSync(document) }, () => {
    const documented = [...readFileSync(document, "utf8").matchAll(/^\| *`?(\d+)`? *\|/gm)]
      .map(([, code]) => Number(code));
    assert.deepEqual(documented.sort((a, b) => a - b), Object.values(EXIT).sort((a, b) => a - b));
  });
});

describe("describeFailure", () => {
  test("puts the hint on a line of its own", () => {
    assert.equal(describeFailure(new errors.UsageError("a")), "a");
    assert.equal(describeFailure(new errors.UsageError("a", { hint: "do b" })), "a\n  do b");
  });
});
