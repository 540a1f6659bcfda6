/** docs/reliability.md names tests; each of them is there. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";

const root = new URL("../", import.meta.url);
const text = readFileSync(new URL("docs/reliability.md", root), "utf8");
/** `` `test/x_test.ts`: title `` at the end of a row. */
const named = [...text.matchAll(/`(test\/[\w/]+_test\.ts)`: (.+?) +\|$/gm)];

describe("docs/reliability.md", () => {
  test("names a test for each way in which others lost work", () => {
    const section = text.slice(text.indexOf("## How others lost or repeated work"));
    const rows = section.split("\n").filter((line) => /^\| (?!where|-)/.test(line));
    assert.ok(rows.length >= 15);
    for (const row of rows) assert.match(row, /`test\/[\w/]+_test\.ts`: \S/);
  });

  for (const [, file, title] of named) {
    test(`${file} has "${title}"`, () => {
      const source = new URL(file!, root);
      assert.ok(existsSync(source), `${file} is missing`);
      assert.ok(readFileSync(source, "utf8").includes(title!), `no test "${title}" in ${file}`);
    });
  }
});
