import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import { parseSettingsFile, readSettingsFile } from "../../src/config/settings_file.ts";
import { SettingsError } from "../../src/errors.ts";

test("parseSettingsFile keeps the line of each key and allows comments", () => {
  const file = parseSettingsFile(
    "taskc.json",
    `\uFEFF{\n  // production\n  "group": "mailer",\n  "properties": {\n    "debug": "broker", /* x */\n  },\n}`,
  );
  assert.deepEqual(file.entries.map(({ key, line }) => [key, line]), [["group", 3], [
    "properties",
    4,
  ]]);
  assert.deepEqual(file.entries[1]!.members.map(({ key, value, line }) => [key, value, line]), [
    ["debug", "broker", 5],
  ]);
  assert.deepEqual(file.problems, []);
});

test("parseSettingsFile tells syntax errors with line and column", () => {
  assert.throws(
    () => parseSettingsFile("taskc.json", '{\n  "group" "a"\n}'),
    /Cannot read taskc.json:2:11: colon expected/,
  );
  assert.throws(() => parseSettingsFile("taskc.json", ""), /Cannot read taskc.json:1:1/);
  assert.throws(() => parseSettingsFile("taskc.json", "[1]"), /must be an object/);
  assert.throws(() => parseSettingsFile("taskc.json", '"x"'), /must be an object/);
});

test("parseSettingsFile tells keys that stand there twice", () => {
  const { problems } = parseSettingsFile(
    "taskc.json",
    '{"group":"a",\n"group":"b",\n"properties":{"a":1,"a":2}}',
  );
  assert.deepEqual(problems, [
    'Cannot use "group" in taskc.json:2: it stands in line 1 already',
    'Cannot use "a" in taskc.json:3: it stands in line 3 already',
  ]);
});

test("parseSettingsFile reads any JSON object as JSON.parse does", () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
    const text = JSON.stringify(object, null, 1);
    const { entries } = parseSettingsFile("f", text);
    const read = entries.map(({ key, value }) => [key, JSON.stringify(value)]);
    assert.deepEqual(
      read,
      Object.entries(object).map(([key, value]) => [key, JSON.stringify(value)]),
    );
  }));
});

test("parseSettingsFile answers any text with a file or a SettingsError", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    try {
      return parseSettingsFile("f", text).name === "f";
    } catch (error) {
      return error instanceof SettingsError;
    }
  }));
});

test("readSettingsFile finds taskc.json, and misses a named file aloud", () => {
  const folder = mkdtempSync(join(tmpdir(), "settings-"));
  try {
    assert.equal(readSettingsFile(folder, null), null);
    assert.throws(
      () => readSettingsFile(folder, "prod.json"),
      /Cannot read settings file "prod.json": it does not exist/,
    );
    mkdirSync(join(folder, "dir.json"));
    assert.throws(() => readSettingsFile(folder, "dir.json"), /it is a folder/);
    writeFileSync(join(folder, "taskc.json"), '{"group":"g"}');
    assert.equal(readSettingsFile(folder, null)!.entries[0]!.value, "g");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
