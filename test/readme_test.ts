/** The papers name only what is there, and all of it: files, exit codes, dependencies, links. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import manifest from "../deno.json" with { type: "json" };
import { EXIT } from "../src/errors.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));

const PAPERS = [
  "README.md",
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`),
];

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** First cells of a table's rows, without code marks. */
function firstCells(text: string): string[] {
  return [...text.matchAll(/^\| ([^|]+?) +\|/gm)].map(([, cell]) => cell!.replaceAll("`", ""));
}

/** What stands under a heading, up to the next of any level. */
function section(file: string, heading: string): string {
  const text = read(file);
  const start = text.indexOf(`## ${heading}\n`);
  assert.ok(start >= 0, `${file} has no heading "${heading}"`);
  const end = text.indexOf("\n## ", start);
  return text.slice(start, end < 0 ? undefined : end);
}

test("the tables of exit codes have each code that there is, and no other", () => {
  const codes = Object.values(EXIT).sort((a, b) => a - b);
  for (const file of ["README.md", "docs/exit-codes.md"]) {
    const listed = firstCells(read(file)).filter((cell) => /^\d[\d, ]*$/.test(cell))
      .flatMap((cell) => cell.split(", ").map(Number));
    assert.deepEqual(listed.sort((a, b) => a - b), codes, file);
  }
});

test("links between the papers lead to files and headings that exist", () => {
  for (const paper of PAPERS) {
    for (const [, target] of read(paper).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target!)) continue;
      const [path, heading] = target!.split("#") as [string, string?];
      const file = path === "" ? paper : join(dirname(paper), path);
      assert.ok(existsSync(join(ROOT, file)), `${paper} links to ${target}`);
      if (!heading) continue;
      const headings = [...read(file).matchAll(/^#+ (.*)$/gm)]
        .map(([, title]) => title!.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-"));
      assert.ok(headings.includes(heading), `${paper} links to ${target}`);
    }
  }
});

test("paths of the repository that the papers name exist", () => {
  for (const paper of PAPERS) {
    for (const [, path] of read(paper).matchAll(/`((?:src|test|scripts|tasks|docs)\/[\w./-]*)`/g)) {
      assert.ok(existsSync(join(ROOT, path!)), `${paper} names ${path}`);
    }
  }
});

test("the file map of ARCHITECTURE.md covers every source", () => {
  const mapped = firstCells(section("ARCHITECTURE.md", "Where things are"));
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
  for (const source of sources) {
    const covered = mapped.some((path) =>
      path.endsWith("/") ? source.startsWith(path) : source === path
    );
    assert.ok(covered, `${source} is in no row`);
  }
});

test("ARCHITECTURE.md gives a reason for each dependency of deno.json, and for no other", () => {
  const own = Object.entries(manifest.imports).filter(([, target]) => target.startsWith("npm:"));
  const listed = firstCells(section("ARCHITECTURE.md", "Dependencies").split("Beside them")[0]!)
    .filter((cell) => cell !== "dependency" && !cell.startsWith("---"));
  assert.deepEqual(listed.sort(), own.map(([name]) => name).sort());
});
