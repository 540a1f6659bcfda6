/** A module that cannot be used: exit 3, named with its reason, before anything asks Kafka. */
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
