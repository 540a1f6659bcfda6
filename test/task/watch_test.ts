/** Watching a module and what it imports; the transpiler that reads the imports is Bun's. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { watchModule } from "../../src/task/watch.ts";

const inBun = "Bun" in globalThis;

/** A folder with a module that imports `lib/base.ts`, watched; `next` is the next change that is told. */
function watched() {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "watch-test-")));
  mkdirSync(join(folder, "lib"));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("tasks.ts", 'import { a } from "./lib/base.ts";\nconsole.log(a);\n');
  write("lib/base.ts", "export const a = 1;\n");
  write("lib/other.ts", "export const b = 1;\n");
  const told: string[] = [];
  let wake = () => {};
  const watch = watchModule(join(folder, "tasks.ts"), (file) => {
    told.push(file);
    wake();
  });
  return {
    folder,
    write,
    told,
    path: (name: string) => relative(process.cwd(), join(folder, name)),
    async next(): Promise<string> {
      while (told.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return told.shift()!;
    },
    [Symbol.dispose]() {
      watch.close();
      rmSync(folder, { recursive: true });
    },
  };
}

describe("watchModule", { skip: !inBun }, () => {
  test("tells a change of the module, and of what it imports", async () => {
    using it = watched();
    it.write("tasks.ts", 'import { a } from "./lib/base.ts";\nconsole.log(a + 1);\n');
    assert.equal(await it.next(), it.path("tasks.ts"));
    it.write("lib/base.ts", "export const a = 2;\n");
    assert.equal(await it.next(), it.path("lib/base.ts"));
  });

  test("tells no change of a file that is not imported, nor one that changes nothing", async () => {
    using it = watched();
    it.write("lib/other.ts", "export const b = 2;\n");
    it.write("lib/base.ts", "export const a = 1;\n");
    it.write("tasks.ts", "export {};\n");
    assert.equal(await it.next(), it.path("tasks.ts"));
    assert.deepEqual(it.told, []);
  });

  test("follows an import that is new, and an editor that replaces the file", async () => {
    using it = watched();
    it.write("new.ts", 'import "./lib/other.ts";\n');
    renameSync(join(it.folder, "new.ts"), join(it.folder, "tasks.ts"));
    assert.equal(await it.next(), it.path("tasks.ts"));
    it.write("lib/other.ts", "export const b = 2;\n");
    assert.equal(await it.next(), it.path("lib/other.ts"));
  });

  test("lives through a syntax error and a file that is gone", async () => {
    using it = watched();
    it.write("tasks.ts", "import {{{\n");
    assert.equal(await it.next(), it.path("tasks.ts"));
    rmSync(join(it.folder, "tasks.ts"));
    assert.equal(await it.next(), it.path("tasks.ts"));
    it.write("tasks.ts", "export {};\n");
    assert.equal(await it.next(), it.path("tasks.ts"));
  });
});
