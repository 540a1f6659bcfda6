/**
 * Bundles the native tests to plain JavaScript, for runtimes other than Bun:
 *   bun scripts/bundle_native_tests.ts OUTDIR
 * They load the addon that TASKC_TEST_ADDON names.
 */
import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

interface Bundler {
  onLoad(
    constraints: { filter: RegExp },
    load: () => { contents: string; loader: "js" },
  ): void;
}
declare const Bun: {
  build(options: Record<string, unknown>): Promise<{ success: boolean; logs: unknown[] }>;
};

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), "test/native");
/** These test the executable or run the bundled ones. */
const forBunAlone = ["embedded_addon_test.ts", "other_runtimes_test.ts"];

const tests = readdirSync(folder).filter((name) =>
  name.endsWith("_test.ts") && !forBunAlone.includes(name)
);
const fixtures = readdirSync(join(folder, "fixtures")).filter((name) => name.endsWith(".ts"));

const result = await Bun.build({
  entrypoints: [...tests, ...fixtures.map((name) => join("fixtures", name))].map((name) =>
    join(folder, name)
  ),
  root: folder,
  outdir: process.argv[2],
  naming: "[dir]/[name].mjs",
  target: "node",
  format: "esm",
  plugins: [{
    name: "named addon",
    setup(build: Bundler) {
      build.onLoad({ filter: /kafka-javascript[\\/]librdkafka\.js$/ }, () => ({
        contents: "process.dlopen(module, process.env.TASKC_TEST_ADDON);",
        loader: "js",
      }));
    },
  }],
});
for (const log of result.logs) console.error(log);
if (!result.success) process.exit(1);
