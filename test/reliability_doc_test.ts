/** docs/reliability.md names tests; each of them is there, and what is tested has its row. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BROKER_FAULTS, WORKER_FAULTS } from "./faults/faults.ts";

const root = new URL("../", import.meta.url);
const text = readFileSync(new URL("docs/reliability.md", root), "utf8");

/** Each of their rows ends with a test. */
const SECTIONS: Record<string, number> = {
  "Payloads": 25,
  "Dead letters that are refused": 6,
  "Commits that are refused": 6,
  "Groups": 7,
  "Brokers and topics": 25,
  "How others lost or repeated work": 15,
};
/** Each of their tests has a row. */
const TABLED = [
  "test/e2e/broker_faults_test.ts",
  "test/e2e/brokers_gone_test.ts",
  "test/e2e/brokers_test.ts",
  "test/e2e/dead_letters_test.ts",
  "test/e2e/deleted_topics_test.ts",
  "test/e2e/disk_full_test.ts",
  "test/e2e/hostile_text_test.ts",
  "test/e2e/payloads_test.ts",
  "test/e2e/protocols_test.ts",
  "test/e2e/refused_dead_letters_test.ts",
  "test/e2e/topics_test.ts",
];

interface Row {
  file: string;
  title: string;
}

/** The rows of a section's table, those without a test as `null`. */
function rowsOf(section: string): (Row | null)[] {
  const from = text.indexOf(`\n## ${section}\n`);
  assert.ok(from >= 0, `there is no section "${section}"`);
  const to = text.indexOf("\n## ", from + 1);
  const lines = text.slice(from, to < 0 ? undefined : to).split("\n");
  return lines.filter((line) => line.startsWith("|")).slice(2).map((line) => {
    const found = /\| `(test\/[\w/]+_test\.ts)`: (\S.*?) +\|$/.exec(line);
    return found && { file: found[1]!, title: found[2]!.replaceAll("\\_", "_") };
  });
}

/** A title as it is in a file; what is between its parts comes from that file, too. */
class Title {
  readonly #parts: string[];

  constructor(literal: string) {
    this.#parts = literal.replaceAll(/\\(.)/g, "$1").split(/\$\{[^}]*\}/);
  }

  get literal(): string {
    return this.#parts.join("…");
  }

  matches(title: string, source: string): boolean {
    const pattern = this.#parts.map((part) => RegExp.escape(part)).join("(.+)");
    const filled = new RegExp(`^${pattern}$`).exec(title)?.slice(1);
    return filled?.every((value) => source.includes(value)) ?? false;
  }
}

const TEST = /\b(?:test|brokerTest)\(\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)/g;

function titlesOf(source: string): Title[] {
  const titles = [...source.matchAll(TEST)].map(([, literal]) => literal!.slice(1, -1));
  // A file of faults: one test for each, save those that it leaves out.
  for (const [name, faults] of Object.entries({ BROKER_FAULTS, WORKER_FAULTS })) {
    if (!source.includes(`faultTests(${name}`)) continue;
    const left = /name !== "([\w-]+)"/.exec(source)?.[1];
    titles.push(
      ...faults.filter(({ name }) => name !== left).map(({ name, title }) => `${name}: ${title}`),
    );
  }
  return titles.map((title) => new Title(title));
}

function read(file: string): string {
  const path = new URL(file, root);
  assert.ok(existsSync(path), `${file} is missing`);
  return readFileSync(path, "utf8");
}

const rows = Object.keys(SECTIONS).flatMap(rowsOf).filter((row) => row !== null);

describe("docs/reliability.md", () => {
  for (const [section, least] of Object.entries(SECTIONS)) {
    test(`${section}: names a test in each row`, () => {
      const found = rowsOf(section);
      assert.ok(found.length >= least, `${found.length} rows`);
      assert.equal(found.indexOf(null), -1, "the row without a test");
    });
  }

  for (const { file, title } of rows) {
    test(`${file} has "${title}"`, () => {
      const source = read(file);
      assert.ok(
        titlesOf(source).some((one) => one.matches(title, source)),
        `no test "${title}" in ${file}`,
      );
    });
  }

  for (const file of TABLED) {
    test(`has a row for each test of ${file}`, () => {
      const source = read(file);
      const titles = titlesOf(source);
      assert.ok(titles.length > 0);
      const missing = titles.filter((one) =>
        !rows.some((row) => row.file === file && one.matches(row.title, source))
      );
      assert.deepEqual(missing.map(({ literal }) => literal), []);
    });
  }

  test("the test of rows finds one that is gone, and takes no other for it", () => {
    const source =
      `test("is here", run); for (const how of ["kill"]) brokerTest(\`ends (\${how})\`, run);
      // is told
    `;
    const has = (title: string) => titlesOf(source).some((one) => one.matches(title, source));
    assert.ok(has("is here"));
    assert.ok(has("ends (kill)"));
    for (const title of ["is", "is told", "ends (pause)", "ends"]) assert.ok(!has(title), title);
  });
});
