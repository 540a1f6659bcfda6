import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { COMMAND_NAMES, COMMANDS } from "../../src/cli/commands.ts";
import { OPTION_ENTRIES, shownFlagOf } from "../../src/config/options.ts";
import { runTaskc } from "./program_harness.ts";

const SNAPSHOTS = new URL("./snapshots/", import.meta.url);

/** Compares with the kept text; `UPDATE_SNAPSHOTS=1` keeps this one instead. */
function assertSnapshot(name: string, text: string): void {
  const file = new URL(`${name}.txt`, SNAPSHOTS);
  if (process.env.UPDATE_SNAPSHOTS === "1") {
    mkdirSync(SNAPSHOTS, { recursive: true });
    writeFileSync(file, text);
  }
  assert.ok(existsSync(file), `${name}.txt is missing; run with UPDATE_SNAPSHOTS=1`);
  assert.equal(text, readFileSync(file, "utf8"));
}

const PAGES = [[], ...COMMAND_NAMES.map((name) => [name])];

for (const page of PAGES) {
  const name = page[0] ?? "taskc";

  for (const columns of [40, 80, 200]) {
    test(`help of ${name} at ${columns} columns`, async () => {
      const { stdout, stderr, code } = await runTaskc([...page, "--help"], {
        columns,
        env: { NO_COLOR: "1" },
      });
      assert.equal(code, 0);
      assert.equal(stderr, "");
      assertSnapshot(`help_${name}_${columns}`, stdout);
      // Usage and commands to be copied are never broken; all else keeps within the terminal.
      const prose = stdout.slice(0, stdout.indexOf("Examples:")).split("\n").slice(1);
      for (const line of prose) assert.ok(line.length <= Math.min(columns, 100), line);
    });
  }

  test(`help of ${name} has examples and looks the same in a pipe as at 80 columns`, async () => {
    const piped = await runTaskc([...page, "--help"]);
    const terminal = await runTaskc([...page, "--help"], { columns: 80 });
    assert.match(piped.stdout, /Examples:\n {2}# /);
    assert.equal(piped.stdout, stripVTControlCharacters(terminal.stdout));
    assert.notEqual(piped.stdout, terminal.stdout);
  });
}

test("help names every option of a command, under its heading", async () => {
  for (const name of COMMAND_NAMES) {
    const { stdout } = await runTaskc([name, "--help"]);
    for (const [key, spec] of OPTION_ENTRIES) {
      const shown = new RegExp(`^ {2}${shownFlagOf(key)}( |$)`, "m").test(stdout);
      assert.equal(shown, spec.commands.includes(name), `${name} ${key}`);
      if (shown) assert.ok(stdout.includes(`${spec.group}:\n`));
    }
  }
});

test("colours obey FORCE_COLOR, NO_COLOR and a dumb terminal", async () => {
  const isColoured = async (env: Record<string, string>, columns?: number) => {
    const { stdout } = await runTaskc(
      ["--help"],
      columns === undefined ? { env } : { env, columns },
    );
    return stdout.includes("\x1b[");
  };
  assert.equal(await isColoured({ TERM: "xterm" }, 80), true);
  assert.equal(await isColoured({ TERM: "dumb" }, 80), false);
  assert.equal(await isColoured({ NO_COLOR: "1" }, 80), false);
  assert.equal(await isColoured({ NO_COLOR: "1", FORCE_COLOR: "1" }), true);
  assert.equal(await isColoured({ FORCE_COLOR: "1" }), true);
  assert.equal(await isColoured({ FORCE_COLOR: "0" }, 80), false);
  assert.equal(await isColoured({}), false);
});

test("taskc alone, taskc --help and taskc help are the same page", async () => {
  const pages = await Promise.all([[], ["--help"], ["-h"], ["help"]].map((argv) => runTaskc(argv)));
  for (const { stdout, code } of pages) {
    assert.equal(stdout, pages[0]!.stdout);
    assert.equal(code, 0);
  }
});

test("taskc help COMMAND is the page of the command", async () => {
  for (const name of COMMAND_NAMES) {
    const { stdout } = await runTaskc(["help", name]);
    assert.equal(stdout, (await runTaskc([name, "--help"])).stdout);
    assert.ok(stdout.startsWith(`Usage: taskc ${name} `));
    assert.ok(COMMANDS[name].examples.every(([example]) => stdout.includes(example)));
  }
});

test("examples are accepted by the parser", async () => {
  const words = (line: string) =>
    [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
  for (const name of COMMAND_NAMES) {
    for (const [example] of COMMANDS[name].examples) {
      const line = example.replace(/^source <\((.*)\)$/, "$1").replace(/ [<>] \S+$/, "");
      const { code, stderr } = await runTaskc(words(line).slice(1));
      assert.equal(`${code} ${stderr}`, "0 ", example);
    }
  }
});
