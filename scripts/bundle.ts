/**
 * Compiles src/main.ts and the native addon into one executable:
 *   bun scripts/bundle.ts ADDON OUTFILE
 * The addon goes in as plain bytes, which src/kafka/embedded_addon.ts unpacks and loads, rather than as
 * a `.node` file, which Bun would unpack in its own way.
 */
import packageManifest from "@confluentinc/kafka-javascript/package.json" with { type: "json" };
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Addon, NativeVersions } from "../src/kafka/addon.ts";
import manifest from "../deno.json" with { type: "json" };

/** As much of Bun's bundler as is used here; the rest of the project needs no types of Bun. */
interface Bundler {
  onLoad(
    constraints: { filter: RegExp },
    load: () => { contents: string; loader: "js" },
  ): void;
  onResolve(constraints: { filter: RegExp }, resolve: () => { path: string }): void;
}
interface BunPlugin {
  name: string;
  setup(build: Bundler): void;
}
declare const Bun: {
  build(options: Record<string, unknown>): Promise<{ success: boolean; logs: unknown[] }>;
};

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [addon, outfile] = process.argv.slice(2).map((path) => resolve(path));
if (!addon || !outfile) throw new Error("Usage: bun scripts/bundle.ts ADDON OUTFILE");

// Bun would treat the extension `.node` in its own way.
const addonBytes = resolve(root, ".build/bundle/addon.bin");
mkdirSync(dirname(addonBytes), { recursive: true });
copyFileSync(addon, addonBytes);

/** The package's loader, which searches node_modules for a `.node` file, becomes ours. */
const embeddedAddon: BunPlugin = {
  name: "embedded addon",
  setup(build) {
    build.onLoad({ filter: /kafka-javascript[\\/]librdkafka\.js$/ }, () => ({
      contents: `
        const { loadEmbeddedAddon } = require(${
        JSON.stringify(resolve(root, "src/kafka/embedded_addon.ts"))
      });
        const file = require(${JSON.stringify(addonBytes)});
        module.exports = loadEmbeddedAddon(file.default ?? file);
      `,
      loader: "js",
    }));
  },
};

/** What the addon that goes in says of itself, so that --version need not load it. */
function nativeVersions(): NativeVersions {
  const module = { exports: {} as Addon };
  process.dlopen(module, addon!);
  return {
    package: packageManifest.version,
    librdkafka: module.exports.librdkafkaVersion,
    openssl: module.exports.opensslVersion,
  };
}

/** Names that deno.json maps to our own files; Bun reads package.json only. */
const ownImports: BunPlugin = {
  name: "own imports",
  setup(build) {
    for (const [name, target] of Object.entries(manifest.imports)) {
      if (!target.startsWith("./")) continue;
      const filter = new RegExp(`^${name.replace(/[.\\/]/g, "\\$&")}$`);
      build.onResolve({ filter }, () => ({ path: resolve(root, target) }));
    }
  },
};

const result = await Bun.build({
  entrypoints: [resolve(root, "src/main.ts")],
  compile: {
    outfile,
    // Settings come from flags, TASKC_ variables and taskc.json, not from whatever lies in the folder.
    autoloadDotenv: false,
    autoloadBunfig: false,
    // How a user's module finds its imports: `main` and `exports` of packages, `paths` of TypeScript.
    autoloadPackageJson: true,
    autoloadTsconfig: true,
  },
  target: "bun",
  // Bytecode halves the time to start. It comes from the minified text; names stay whole for the sake
  // of error names, and stacks are mapped back to the sources.
  format: "esm",
  bytecode: true,
  minify: { whitespace: true, syntax: true },
  sourcemap: "linked",
  define: { TASKC_NATIVE_VERSIONS: JSON.stringify(nativeVersions()) },
  plugins: [embeddedAddon, ownImports],
});
for (const log of result.logs) console.error(log);
if (!result.success) process.exit(1);
