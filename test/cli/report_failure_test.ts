import assert from "node:assert/strict";
import { test } from "node:test";
import { reportFailure } from "../../src/cli/report_failure.ts";
import { EnvironmentError, EXIT, ModuleError, SettingsError } from "../../src/errors.ts";

function report(error: unknown, colours = false): { code: number; text: string } {
  let text = "";
  const code = reportFailure(error, { write: (part) => (text += part) }, { colours });
  return { code, text };
}

test("reportFailure writes message and hint and returns the exit code of the error", () => {
  const { code, text } = report(new ModuleError('Cannot load "a.ts"', { hint: "Fix it" }));
  assert.equal(code, EXIT.module);
  assert.equal(text, 'error: Cannot load "a.ts"\nhint:  Fix it\n');
  assert.equal(report(new EnvironmentError("No space")).code, EXIT.usage);
});

test("reportFailure keeps our line breaks and escapes what would act on a terminal", () => {
  const { text } = report(new SettingsError(["a \x1b]0;title\x07 b", "c \u202e d \r e"]));
  assert.equal(
    text,
    "error: 2 settings are wrong:\n  - a \\x1b]0;title\\x07 b\n  - c \\u202e d \\r e\n",
  );
});

test("reportFailure shows a bug with its stack, its causes and exit code 70", () => {
  const { code, text } = report(new Error("outer", { cause: new RangeError("inner") }));
  assert.equal(code, EXIT.bug);
  assert.match(
    text,
    /^error: Error: outer\n[^]*Caused by: RangeError: inner\n[^]*This is a bug in taskc/,
  );
  assert.match(report("a string").text, /^error: Unexpected failure: a string\n/);
  assert.match(
    report(Object.create(null)).text,
    /^error: Unexpected failure: an error that cannot/,
  );
  assert.match(report(undefined).text, /^error: Unexpected failure: undefined\n/);
});

test("reportFailure colours only when told", () => {
  const error = new ModuleError("x", { hint: "y" });
  assert.equal(report(error, false).text.includes("\x1b"), false);
  assert.ok(report(error, true).text.startsWith("\x1b[31m\x1b[1merror:"));
});
