/** Loading a user's module: what is found in it, and what is said about one that cannot be used. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { ModuleError } from "../../src/errors.ts";
import { loadTaskModule, readModule } from "../../src/task/load.ts";
import { task } from "../../src/task/task.ts";

const run = () => {};
const folder = mkdtempSync(join(tmpdir(), "load-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const TASKC = pathToFileURL(join(import.meta.dirname!, "../../src/task/mod.ts")).href;
const IMPORT = `import { task } from ${JSON.stringify(TASKC)};\n`;

/** A file of its own in the test's folder: modules are loaded once in a process. */
function file(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

async function refusal(path: string): Promise<ModuleError> {
  try {
    await loadTaskModule(path);
  } catch (error) {
    assert.ok(error instanceof ModuleError, String(error));
    const start = `Cannot load task module "${path}": `;
    assert.equal(error.message.slice(0, start.length), start);
    error.message = error.message.slice(start.length);
    return error;
  }
  throw new assert.AssertionError({ message: `${path} was loaded` });
}

function readRefusal(exports: Record<string, unknown>): string {
  try {
    readModule("tasks.ts", exports);
  } catch (error) {
    assert.ok(error instanceof ModuleError, String(error));
    return error.message.replace('Cannot load task module "tasks.ts": ', "");
  }
  return "";
}

describe("loadTaskModule", () => {
  test("refuses a module that ends the process, and leaves process.exit to everybody else", async () => {
    const { exit } = process;
    const error = await refusal(file("exits.ts", `process.exit(0);`));
    assert.equal(error.message, "it called process.exit(0) while it was loaded");
    assert.equal(error.hint, "Throw an error instead, or leave it to taskc when to end");
    assert.equal(process.exit, exit);
  });

  test("finds tasks and hooks, and names tasks after their exports", async () => {
    const path = file(
      "good.ts",
      `${IMPORT}import { base } from "./lib/base.ts";
       export const first = task({ run: () => base });
       export const second = task({ name: "zweite", topic: "t", run: () => {} });
       export function setup() {}
       export const beforeRun = async () => {};
       export const other = 5;`,
    );
    file("lib/base.ts", "export const base: number = 1;");
    const module = await loadTaskModule(path);
    assert.equal(module.file, path);
    assert.deepEqual(module.tasks.map(({ name, topic }) => [name, topic]), [
      ["first", "first"],
      ["zweite", "t"],
    ]);
    assert.deepEqual(Object.keys(module.hooks).sort(), ["beforeRun", "setup"]);
  });

  test("a file that is missing: says where it looked", async () => {
    const path = join(folder, "nowhere.ts");
    const { message, hint } = await refusal(path);
    assert.equal(message, "there is no such file");
    assert.equal(hint, `Looked for ${path}`);
  });

  test("a folder is no file", async () => {
    assert.equal((await refusal(folder)).message, "it is not a file");
  });

  test("a syntax error: what it is, where it is, and the line", async () => {
    const { message } = await refusal(file("syntax.ts", `${IMPORT}export const a = task({ run: ;`));
    assert.match(message, /syntax\.ts/);
    assert.match(message, /:2/);
    assert.doesNotMatch(message, /BuildMessage|\[object/);
  });

  test("an import that cannot be resolved: its name", async () => {
    const { message } = await refusal(file("unresolved.ts", 'import "./not_there.ts";'));
    assert.match(message, /not_there\.ts/);
  });

  test("a module that throws: its words and the place", async () => {
    const { message, cause } = await refusal(
      file("throws.ts", '\nthrow new Error("DATABASE_URL is not set");'),
    );
    assert.match(message, /^DATABASE_URL is not set/);
    assert.match(message, /throws\.ts:2/);
    assert.ok(cause instanceof Error);
  });

  test("a module that throws something that is no error", async () => {
    assert.equal((await refusal(file("text.ts", 'throw "why";'))).message, 'it threw "why"');
    assert.equal(
      (await refusal(file("none.ts", "throw undefined;"))).message,
      "it threw undefined",
    );
    assert.equal(
      (await refusal(file("bare.ts", "throw Object.create(null);"))).message,
      "it threw an error that cannot be shown",
    );
  });

  test("a path that the runtime would take for another one", async () => {
    for (const name of ["a?.ts", "b\\c.ts", "d?/e.ts"]) {
      const { hint, message } = await refusal(
        file(name, `${IMPORT}export const a = task({ run() {} });`),
      );
      assert.equal(message, 'a "?" or "\\" in its path keeps the runtime from finding it');
      assert.match(hint!, /^Rename it: /);
    }
  });

  test("bad options of all its tasks, each with its place", async () => {
    const { message } = await refusal(
      file(
        "option.ts",
        `${IMPORT}export const a = task({ concurrency: 0, run() {} });
export const b = task({ run: 5 });
export const c = task({ run() {} });
throw new Error("of no interest any more");`,
      ),
    );
    const [first, second, ...others] = message.split("\n  ");
    assert.match(
      first!,
      /^cannot define a task: concurrency: expected a whole number from 1, got 0 \(option\.ts:2:\d+\)$/,
    );
    assert.match(
      second!,
      /^cannot define a task: run: expected a function, got 5 \(option\.ts:3:\d+\)$/,
    );
    assert.deepEqual(others, []);
  });

  test("a bad option of a task in a module that has not loaded for a second", async () => {
    const { exit } = process;
    const { promise, resolve } = Promise.withResolvers<void>();
    Object.assign(globalThis, { takesLong: promise });
    const text = `${IMPORT}export const a = task({ run: 5 });\nawait globalThis.takesLong;`;
    const { message } = await refusal(file("waits.ts", text));
    assert.equal(process.exit, exit);
    assert.match(
      message,
      /^cannot define a task: run: expected a function, got 5 \(waits\.ts:2:\d+\)$/,
    );
    resolve();
  });

  test("outside of that, a task that is wrong throws at once", () => {
    assert.throws(() => task({ run: 5 } as never), ModuleError);
  });

  test("a module without tasks: says how to export one", async () => {
    const { message, hint } = await refusal(file("empty.ts", "export const a = 1;"));
    assert.equal(message, "it exports no tasks");
    assert.match(hint!, /export const hello = task/);
  });
});

describe("readModule", () => {
  test("two tasks of one name", () => {
    const exports = { a: task({ name: "same", run }), b: task({ name: "same", topic: "t", run }) };
    assert.equal(readRefusal(exports), 'it defines two tasks named "same"');
  });

  test("two tasks that take one type of one topic", () => {
    const exports = {
      a: task({ topic: "t", types: ["x", "y"], run }),
      b: task({ topic: "t", types: "y", run }),
    };
    assert.equal(readRefusal(exports), 'tasks "a" and "b" both take type "y" of topic "t"');
    assert.equal(
      readRefusal({ a: task({ types: "x", run }), b: task({ types: "x", run }) }),
      "",
      "of two topics they may",
    );
  });

  test("one task under two names is one task, under the first", () => {
    const one = task({ run });
    assert.deepEqual(readModule("tasks.ts", { a: one, b: one }).tasks.map(({ name }) => name), [
      "a",
    ]);
  });

  test("a default export needs a name: its own, or that of another export", () => {
    assert.match(
      readRefusal({ default: task({ run }) }),
      /default export is a task without a name/,
    );
    const named = task({ name: "hello", run });
    assert.equal(readModule("tasks.ts", { default: named }).tasks[0]!.name, "hello");
    const both = task({ run });
    const { tasks } = readModule("tasks.ts", { default: both, hello: both });
    assert.deepEqual(tasks.map(({ name }) => name), ["hello"]);
  });

  test("a hook that is no function", () => {
    const a = task({ run });
    assert.equal(
      readRefusal({ a, teardown: 5 }),
      'its export "teardown" must be a function, got number',
    );
  });

  test("a task may be called like a hook", () => {
    const module = readModule("tasks.ts", { setup: task({ run }) });
    assert.deepEqual(module.tasks.map(({ name }) => name), ["setup"]);
    assert.deepEqual(module.hooks, {});
  });
});
