/**
 * Modules before anything asks Kafka: one that cannot be used ends with exit 3, named with its reason;
 * one that can finds the packages, and the paths of tsconfig.json, that lie beside it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { project, runTaskc } from "./harness.ts";

const BROKEN: [title: string, files: Record<string, string>, message: RegExp][] = [
  ["is missing", {}, /"tasks\.ts".*no such file/],
  ["has a syntax error", { "tasks.ts": "export const a = ;\n" }, /tasks\.ts:1:18/],
  [
    "throws while it loads",
    { "tasks.ts": `export const a = 1;\nthrow new Error("no database");\n` },
    /no database[\s\S]*tasks\.ts:2/,
  ],
  [
    "imports something that is not there",
    { "tasks.ts": `import "./absent.ts";\nexport {};\n` },
    /\.\/absent\.ts/,
  ],
  ["exports no tasks", { "tasks.ts": "export const a = 1;\n" }, /exports no tasks/],
  [
    "defines two tasks of one name",
    {
      "tasks.ts": `import { task } from "taskc";
export const a = task({ run: () => {} });
export const b = task({ name: "a", topic: "other", run: () => {} });
`,
    },
    /two tasks named "a"/,
  ],
  [
    "has a bad option",
    {
      "tasks.ts":
        `import { task } from "taskc";\nexport const a = task({ retry: { attemps: 3 }, run: () => {} });\n`,
    },
    /retry\.attemps/,
  ],
];

for (const [title, files, message] of BROKEN) {
  test(`a module that ${title} is refused, exit 3`, async () => {
    using folder = project(files);
    const { code, stdout, stderr } = await runTaskc(["run", "tasks.ts"], {
      cwd: folder.folder,
      env: { TASKC_BROKERS: "127.0.0.1:1" },
    });
    assert.equal(code, 3, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /Cannot load task module "tasks\.ts"/);
  });
}

/** A package for each way in which one tells what it exports. */
const PACKAGES: Record<string, string> = {
  "node_modules/by-main/package.json": `{ "name": "by-main", "main": "lib/entry.js" }`,
  "node_modules/by-main/lib/entry.js": `exports.name = "by-main";`,
  "node_modules/@scope/by-exports/package.json": `{
    "name": "@scope/by-exports",
    "type": "module",
    "exports": {
      ".": { "import": "./dist/esm.js", "require": "./dist/cjs.cjs" },
      "./part": "./dist/part.js"
    }
  }`,
  "node_modules/@scope/by-exports/dist/esm.js": `export const kind = "esm";`,
  "node_modules/@scope/by-exports/dist/cjs.cjs": `exports.kind = "cjs";`,
  "node_modules/@scope/by-exports/dist/part.js":
    `import { name } from "by-main";\nexport const part = "part of " + name;`,
  "node_modules/zod/package.json": `{ "name": "zod", "type": "module", "exports": "./own/zod.js" }`,
  "node_modules/zod/own/zod.js": `export const own = true;`,
};

const IMPORTS = `import { task, z } from "taskc";
import { name } from "by-main";
import { kind } from "@scope/by-exports";
import { part } from "@scope/by-exports/part";
import { own } from "zod";
const required = require("@scope/by-exports").kind;
const dynamic = [await import("by-main"), await import("@scope/by-exports"), await import("zod")];
console.log(JSON.stringify([
  name, kind, part, own, required, dynamic[0].name, dynamic[1].kind, dynamic[2].own, typeof z.object,
]));
export const work = task({ run: () => {} });
`;

const IMPORTED = ["by-main", "esm", "part of by-main", true, "cjs", "by-main", "esm", true];

/** What a module prints while it is loaded; a task that is not in it is refused before Kafka is asked. */
async function load(folder: string, module: string): Promise<string> {
  const { code, stdout, stderr } = await runTaskc(["send", module, "absent", "{}"], {
    cwd: folder,
    env: { TASKC_BROKERS: "127.0.0.1:1" },
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /"absent"/);
  return stdout;
}

for (const module of ["tasks.ts", "src/jobs/tasks.ts"]) {
  test(`${module} imports packages by what their package.json says; its own zod wins`, async () => {
    using folder = project({ ...PACKAGES, [module]: IMPORTS });
    assert.deepEqual(JSON.parse(await load(folder.folder, module)), [...IMPORTED, "function"]);
  });
}

test("a module imports by the paths of its tsconfig.json, save taskc itself", async () => {
  using folder = project({
    "tsconfig.json":
      `{ "compilerOptions": { "paths": { "@lib/*": ["./lib/*"], "taskc": ["./lib/types.ts"] } } }`,
    "lib/types.ts": `export const task = () => "not a task";`,
    "lib/word.ts": `export const word = "by path";`,
    "src/tasks.ts": `import { task } from "taskc";
import { word } from "@lib/word";
console.log(word);
export const work = task({ run: () => {} });
`,
  });
  assert.equal(await load(folder.folder, "src/tasks.ts"), "by path\n");
});

test("a broken package.json, tsconfig.json, bunfig.toml or .env beside a module harms nothing", async () => {
  using folder = project({
    "package.json": `{ "name": 7, "type": [ broken`,
    "tsconfig.json": `{ "extends": "./absent.json", broken`,
    "bunfig.toml": `preload = ["./preload.ts"]`,
    "preload.ts": `console.log("preloaded");`,
    ".env": "TASKC_GROUP=\nWORD=dotenv\n",
    "tasks.ts": `import { task } from "taskc";
console.log(process.env.WORD ?? "no word");
export const work = task({ run: () => {} });
`,
  });
  assert.equal(await load(folder.folder, "tasks.ts"), "no word\n");
});

test("no package is fetched that is not there", async () => {
  using folder = project({
    "package.json": `{ "dependencies": { "is-odd": "3.0.1" } }`,
    "tasks.ts": `import "is-odd";\nexport {};\n`,
  });
  const { code, stderr } = await runTaskc(["send", "tasks.ts", "absent", "{}"], {
    cwd: folder.folder,
  });
  assert.equal(code, 3, stderr);
  assert.match(stderr, /Cannot find package 'is-odd'/);
});
