/** The executable by itself: versions, help, usage errors. No broker. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { project, runTaskc } from "./harness.ts";

const manifest = JSON.parse(readFileSync(new URL("../../deno.json", import.meta.url), "utf8"));

test("taskc --version names taskc, Bun, the package and librdkafka", async () => {
  const { code, stdout, stderr } = await runTaskc(["--version"]);
  const packageVersion = manifest.imports["@confluentinc/kafka-javascript"].split("@").at(-1);
  assert.equal(code, 0);
  assert.equal(stderr, "");
  assert.match(stdout, new RegExp(`taskc ${manifest.version}\\b`));
  assert.match(stdout, /\bBun \d+\.\d+\.\d+/i);
  assert.ok(stdout.includes(packageVersion), stdout);
  assert.match(stdout, /\blibrdkafka \d+\.\d+\.\d+/);
});

for (const args of [["--help"], ["run", "--help"], ["send", "--help"], ["check", "--help"]]) {
  test(`taskc ${args.join(" ")} explains itself on stdout, with an example`, async () => {
    const { code, stdout, stderr } = await runTaskc(args);
    assert.equal(code, 0);
    assert.equal(stderr, "");
    assert.match(stdout, /^Usage: taskc/m);
    assert.match(stdout, /^Examples?:/m);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stdout, /\x1b/, "a pipe gets no escape sequences");
  });
}

const USAGE: [args: string[], message: RegExp][] = [
  [["ruin", "tasks.ts"], /"?ruin"?/],
  [["run"], /module/i],
  [["run", "tasks.ts", "--concurency", "5"], /--concurrency/],
  [["run", "tasks.ts", "--concurrency", "many"], /"many"/],
  [["run", "tasks.ts", "-X", "enable.auto.commit=true"], /enable\.auto\.commit/],
  [["run", "tasks.ts", "-X", "fetch.wait.mx.ms=5"], /fetch\.wait\.max\.ms/],
];

for (const [args, message] of USAGE) {
  test(`taskc ${args.join(" ")} is refused by name, exit 2`, async () => {
    using folder = project({ "tasks.ts": "export {};\n" });
    const { code, stdout, stderr } = await runTaskc(args, { cwd: folder.folder });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /^\s+at /m, "no stack for a user's slip");
  });
}

test("all wrong settings are told at once, each with its source", async () => {
  using folder = project({ "tasks.ts": "export {};\n", "taskc.json": `{ "maxAhead": "far" }` });
  const { code, stderr } = await runTaskc(["run", "tasks.ts", "--grace", "soon"], {
    cwd: folder.folder,
    env: { TASKC_CONCURRENCY: "0" },
  });
  assert.equal(code, 2);
  assert.match(stderr, /--grace.*"soon"|"soon".*--grace/);
  assert.match(stderr, /TASKC_CONCURRENCY/);
  assert.match(stderr, /taskc\.json/);
});
