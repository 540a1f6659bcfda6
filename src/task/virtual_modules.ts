/**
 * Makes `import … from "taskc"` and `"zod"` work in a user's module with nothing installed beside it.
 * Only Bun's own plugin call can do that in a compiled executable, so this file is bound to Bun.
 */
import * as zod from "zod";
import * as taskc from "./mod.ts";

interface VirtualModule {
  exports: object;
  loader: "object";
}

interface BunApi {
  plugin(plugin: {
    name: string;
    setup(build: { module(name: string, load: () => VirtualModule): void }): void;
  }): void;
  resolveSync(name: string, folder: string): string;
}

/** `null` outside of Bun. */
function bun(): BunApi | null {
  return (globalThis as { Bun?: BunApi }).Bun ?? null;
}

let provided = false;

/**
 * Defines the virtual modules, once per process. `folder` is that of the user's module: a `zod` that
 * resolves from there is the user's own, and wins.
 */
export function provideModules(folder: string): void {
  const api = bun();
  if (!api || provided) return;
  provided = true;
  const ownZod = resolves(api, "zod", folder);
  api.plugin({
    name: "taskc",
    setup(build) {
      build.module("taskc", () => ({ exports: taskc, loader: "object" }));
      if (!ownZod) {
        build.module("zod", () => ({ exports: { ...zod, default: zod }, loader: "object" }));
      }
    },
  });
}

function resolves(api: BunApi, name: string, folder: string): boolean {
  try {
    api.resolveSync(name, folder);
    return true;
  } catch {
    return false;
  }
}
