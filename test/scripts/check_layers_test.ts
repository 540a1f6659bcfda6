import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { findViolations, readSource, type SourceFile } from "../../scripts/check_layers.ts";

function file(path: string, imports: (string | { type: string })[] = [], lines = 10): SourceFile {
  return {
    path,
    lines,
    imports: imports.map((to) =>
      typeof to === "string" ? { path: to, typeOnly: false } : { path: to.type, typeOnly: true }
    ),
  };
}

test("findViolations accepts imports that point downward", () => {
  assert.deepEqual(
    findViolations([
      file("src/main.ts", ["src/cli/run.ts", "src/kafka/client.ts"]),
      file("src/cli/run.ts", ["src/worker/worker.ts", "src/render/panel.ts", "src/config/file.ts"]),
      file("src/worker/worker.ts", [{ type: "src/kafka/ports.ts" }, "src/core/tracker.ts"]),
      file("src/render/panel.ts", ["src/stats/snapshot.ts", "src/core/duration.ts"]),
      file("src/core/tracker.ts", ["src/errors.ts", "src/core/duration.ts"]),
      file("src/errors.ts"),
    ]),
    [],
  );
});

const FORBIDDEN: [from: string, to: string][] = [
  ["src/worker/worker.ts", "src/cli/run.ts"],
  ["src/worker/worker.ts", "src/render/panel.ts"],
  ["src/worker/worker.ts", "src/config/options.ts"],
  ["src/worker/worker.ts", "src/kafka/consumer.ts"],
  ["src/core/tracker.ts", "src/stats/events.ts"],
  ["src/core/tracker.ts", "src/kafka/ports.ts"],
  ["src/stats/collector.ts", "src/render/panel.ts"],
  ["src/kafka/consumer.ts", "src/worker/worker.ts"],
  ["src/task/load.ts", "src/worker/worker.ts"],
  ["src/config/file.ts", "src/cli/run.ts"],
  ["src/errors.ts", "src/core/duration.ts"],
  ["src/core/tracker.ts", "test/core/tracker_test.ts"],
];

for (const [from, to] of FORBIDDEN) {
  test(`findViolations refuses that ${from} imports ${to}, types included`, () => {
    for (const way of [to, { type: to }]) {
      const violations = findViolations([file(from, [way]), file(to)]);
      assert.equal(violations.length, 1, violations.join("\n"));
      assert.match(violations[0]!, new RegExp(`^${from}: imports ${to}`));
    }
  });
}

test("findViolations lets the worker use the types of the Kafka ports but not their values", () => {
  const ports = file("src/kafka/ports.ts");
  assert.deepEqual(
    findViolations([file("src/worker/worker.ts", [{ type: ports.path }]), ports]),
    [],
  );
  assert.deepEqual(findViolations([file("src/worker/worker.ts", [ports.path]), ports]), [
    "src/worker/worker.ts: imports values of src/kafka/ports.ts; worker may use its types only",
  ]);
});

test("findViolations names a circle once, and only one that exists at run time", () => {
  const circle = [
    file("src/core/a.ts", ["src/core/b.ts"]),
    file("src/core/b.ts", ["src/core/c.ts"]),
    file("src/core/c.ts", ["src/core/a.ts"]),
  ];
  assert.deepEqual(findViolations(circle), [
    "src/core/a.ts: imports itself in a circle: " +
    "src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts",
  ]);
  assert.deepEqual(
    findViolations([circle[0]!, circle[1]!, file("src/core/c.ts", [{ type: "src/core/a.ts" }])]),
    [],
  );
});

test("findViolations refuses names without meaning, foreign folders and long files", () => {
  const violations = findViolations([
    file("src/core/utils.ts"),
    file("src/cli/index.ts"),
    file("test/e2e/helpers.ts"),
    file("src/core/offsetTracker.ts"),
    file("src/shared/clock.ts"),
    file("src/core/tracker.ts", [], 301),
    file("src/core/brief.ts", [], 300),
  ]);
  assert.deepEqual(violations.map((violation) => violation.split(/[:;,]/, 2).join(":")), [
    "src/core/utils.ts: the name says nothing",
    "src/cli/index.ts: the name says nothing",
    "test/e2e/helpers.ts: the name says nothing",
    "src/core/offsetTracker.ts: the name is not snake_case",
    "src/shared/clock.ts: belongs to no layer",
    "src/core/tracker.ts: 301 lines",
  ]);
});

test("readSource finds the imports of files that nothing else imports", () => {
  const root = mkdtempSync(join(tmpdir(), "taskc-layers-"));
  try {
    const source = {
      "deno.json": "{}",
      "src/main.ts": `import "./cli/run.ts";`,
      "src/cli/run.ts": `export {};\n`,
      "src/worker/worker.ts":
        `import type { A } from "../kafka/ports.ts";\nimport { b } from "../cli/run.ts";\nconsole.log(b as A);\n`,
      "src/kafka/ports.ts": `export type A = 1;\n`,
    };
    for (const [path, text] of Object.entries(source)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
    assert.deepEqual(findViolations(readSource(root)), [
      "src/worker/worker.ts: imports src/cli/run.ts; worker may import task, stats, core, kafka types",
    ]);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("the source of taskc keeps to its layers", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  assert.deepEqual(findViolations(readSource(root.replace(/\/$/, ""))), []);
});
