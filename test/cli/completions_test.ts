import assert from "node:assert/strict";
import { test } from "node:test";
import { answerCompletion, complete, completionScript } from "../../src/cli/completions.ts";
import { COMMAND_NAMES, SHELLS } from "../../src/cli/commands.ts";
import { OPTION_ENTRIES, shownFlagOf } from "../../src/config/options.ts";
import { runTaskc } from "./program_harness.ts";

function values(...words: string[]): string[] {
  return complete(words).candidates.map(([value]) => value);
}

test("the first word is a command", () => {
  assert.deepEqual(values(""), COMMAND_NAMES);
  assert.deepEqual(values("c"), ["check", "completions"]);
  assert.deepEqual(values("--v"), ["--version"]);
  assert.deepEqual(values("help", "d"), ["dev"]);
  assert.deepEqual(values("nonsense", ""), []);
});

test("flags come from the table, each command its own", () => {
  for (const name of COMMAND_NAMES) {
    const expected = OPTION_ENTRIES.filter(([, spec]) => spec.commands.includes(name))
      .map(([key]) => shownFlagOf(key));
    assert.deepEqual(values(name, "-").filter((flag) => flag !== "--help"), expected);
  }
  assert.deepEqual(values("run", "t.ts", "--gr"), ["--group", "--group-protocol", "--grace"]);
});

test("values of a flag, after a blank or after an equals sign", () => {
  assert.deepEqual(values("run", "--stats", ""), ["tty", "lines", "json", "off"]);
  assert.deepEqual(values("run", "--stats", "l"), ["lines"]);
  assert.deepEqual(values("run", "--stats=l"), ["lines"]);
  assert.deepEqual(values("run", "--group", ""), []);
});

test("librdkafka's properties and their values", () => {
  assert.deepEqual(values("run", "-X", "security.pr"), ["security.protocol="]);
  assert.equal(complete(["run", "-X", "security.pr"]).directive, 6);
  assert.deepEqual(values("run", "-X", "security.protocol=s"), [
    "security.protocol=ssl",
    "security.protocol=sasl_plaintext",
    "security.protocol=sasl_ssl",
  ]);
  assert.deepEqual(values("run", "-X", "enable.auto"), []);
});

test("the module is a file; its place is found among flags and their values", () => {
  const module = {
    candidates: [["ts", ""], ["mts", ""], ["cts", ""], ["js", ""], ["mjs", ""], ["cjs", ""]],
    directive: 8,
  };
  assert.deepEqual(complete(["run", ""]), module);
  assert.deepEqual(
    complete(["run", "--drain", "--group", "g", "--stats=json", "-X", "a=b", ""]),
    module,
  );
  assert.deepEqual(complete(["run", "--", ""]), module);
  assert.deepEqual(complete(["run", "t.ts", ""]), { candidates: [], directive: 4 });
  assert.deepEqual(complete(["run", "--config", ""]), { candidates: [], directive: 0 });
  assert.deepEqual(values("completions", ""), [...SHELLS]);
});

test("answerCompletion writes the protocol of the scripts", () => {
  assert.equal(
    answerCompletion(["run", "--stats"]),
    "--stats\tHow figures are shown, on stderr\n:4\n",
  );
  assert.equal(answerCompletion(["run", "t.ts", ""]), ":4\n");
});

test("taskc complete answers without judging the words or the environment", async () => {
  const { stdout, stderr, code } = await runTaskc([
    "complete",
    "--",
    "run",
    "--nonsense",
    "--stats",
    "o",
  ], {
    env: { TASKC_GROOP: "x" },
  });
  assert.deepEqual([stdout, stderr, code], ["off\n:4\n", "", 0]);
});

test("every shell has a script that asks taskc", async () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell);
    assert.match(script, /taskc/);
    assert.match(script, /complete/);
    assert.equal((await runTaskc(["completions", shell])).stdout, script);
  }
});
