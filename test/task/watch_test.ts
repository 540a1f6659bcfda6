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

  test("sees a folder that was missing: that of an import, and that of the module", async () => {
    using it = watched();
    it.write("tasks.ts", 'import "./absent/deep/more.ts";\nimport "./absent/short";\n');
    assert.equal(await it.next(), it.path("tasks.ts"));
    mkdirSync(join(it.folder, "absent/deep"), { recursive: true });
    it.write("absent/deep/more.ts", "export {};\n");
    assert.equal(await it.next(), it.path("absent/deep/more.ts"));
    it.write("absent/short.ts", "export {};\n");
    assert.equal(await it.next(), it.path("absent/short.ts"));
    it.write("absent/short.ts", "export const a = 1;\n");
    assert.equal(await it.next(), it.path("absent/short.ts"));
  });

  test("sees a module come whose folder was missing", async () => {
    using it = watched();
    const module = "jobs/mail/tasks.ts";
    const told = new Promise<string>((resolve) => {
      const watch = watchModule(join(it.folder, module), (file) => {
        watch.close();
        resolve(file);
      });
    });
    mkdirSync(join(it.folder, "jobs/mail"), { recursive: true });
    it.write(module, "export {};\n");
    assert.equal(await told, it.path(module));
  });

  test("sees changes in a folder that was replaced, and replaced by a move above it", async () => {
    using it = watched();
    mkdirSync(join(it.folder, "lib/deep"));
    it.write("lib/deep/low.ts", "export const low = 1;\n");
    it.write("lib/base.ts", 'import "./deep/low.ts";\n');
    assert.equal(await it.next(), it.path("lib/base.ts"));
    rmSync(join(it.folder, "lib"), { recursive: true });
    for (const text of ["2", "3"]) {
      mkdirSync(join(it.folder, "lib/deep"), { recursive: true });
      it.write("lib/base.ts", 'import "./deep/low.ts";\n');
      it.write("lib/deep/low.ts", `export const low = ${text};\n`);
      assert.equal(await it.next(), it.path("lib/deep/low.ts"));
    }
    mkdirSync(join(it.folder, "new/deep"), { recursive: true });
    it.write("new/base.ts", 'import "./deep/low.ts";\n');
    it.write("new/deep/low.ts", "export const low = 4;\n");
    renameSync(join(it.folder, "lib"), join(it.folder, "old"));
    renameSync(join(it.folder, "new"), join(it.folder, "lib"));
    for (const text of ["5", "6"]) {
      assert.equal(await it.next(), it.path("lib/deep/low.ts"));
      it.write("lib/deep/low.ts", `export const low = ${text};\n`);
    }
    assert.equal(await it.next(), it.path("lib/deep/low.ts"));
  });
});
