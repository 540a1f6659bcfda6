import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { describeOptions } from "../../src/config/option_docs.ts";
import {
  defaultTextOf,
  flagOf,
  isFileKey,
  OPTION_ENTRIES,
  OPTION_GROUPS,
  shownFlagOf,
  variableOf,
} from "../../src/config/options.ts";

const DOCS = readFileSync(new URL("../../docs/options.md", import.meta.url), "utf8");

test("docs/options.md is what the table says", () => {
  assert.equal(DOCS, describeOptions());
});

test("names follow from the key", () => {
  assert.equal(flagOf("maxBytes"), "--max-bytes");
  assert.equal(variableOf("maxBytes"), "TASKC_MAX_BYTES");
  assert.equal(shownFlagOf("create"), "--no-create");
  assert.equal(variableOf("keepGoing"), null);
  assert.equal(isFileKey("config"), false);
  assert.equal(isFileKey("constructor"), false);
});

for (const [key, spec] of OPTION_ENTRIES) {
  test(`option ${key} is complete and documented`, () => {
    assert.ok(DOCS.includes(`\`${shownFlagOf(key)}`), "flag in docs/options.md");
    const variable = variableOf(key);
    if (variable !== null) {
      assert.ok(DOCS.includes(`\`${variable}\``), "variable in docs/options.md");
    }
    if (isFileKey(key)) assert.ok(DOCS.includes(`\`"${key}"\``), "key in docs/options.md");
    assert.match(spec.help, /^[A-Z].*[^.]$/, "a sentence without its full stop");
    assert.ok(OPTION_GROUPS.includes(spec.group));
    assert.ok(spec.commands.length > 0);
    if (spec.kind.placeholder !== null) assert.ok(defaultTextOf(key), "a default in words");
  });

  if (spec.defaultText === undefined && key !== "properties") {
    test(`the default of option ${key} is a value that it takes`, () => {
      const value = spec.default;
      const read = spec.kind.fromText([spec.kind.format(value)], { now: 0 });
      assert.deepEqual(read, value);
    });
  }
}

test("flags, variables and keys are each given once", () => {
  const flags = OPTION_ENTRIES.map(([key]) => flagOf(key));
  const variables = OPTION_ENTRIES.flatMap(([key]) => variableOf(key) ?? []);
  assert.equal(new Set(flags).size, flags.length);
  assert.equal(new Set(variables).size, variables.length);
  for (const variable of variables) assert.match(variable, /^TASKC_[A-Z_<>]+$/);
});
