/** Watches a module and the files it imports, by their contents on disk. */
import { type FSWatcher, readFileSync, watch } from "node:fs";
import { dirname, extname, relative, resolve } from "node:path";
import process from "node:process";

/** Editors write a file in several steps; a change counts when nothing has happened for so long. */
const SETTLE_MS = 100;

interface Transpiler {
  scanImports(code: string): { path: string }[];
}

interface BunApi {
  Transpiler: new (options: { loader: string }) => Transpiler;
  resolveSync(path: string, folder: string): string;
}

const LOADERS: Record<string, string> = {
  ".ts": "ts",
  ".mts": "ts",
  ".cts": "ts",
  ".tsx": "tsx",
  ".js": "js",
  ".mjs": "js",
  ".cjs": "js",
  ".jsx": "jsx",
};

/** Calls `changed` with the file's path, relative to the working folder, once for each change. */
export function watchModule(module: string, changed: (file: string) => void): { close(): void } {
  const watchers = new Map<string, FSWatcher>();
  let contents = new Map<string, string>();
  let timer: ReturnType<typeof setTimeout> | null = null;

  const look = () => {
    timer = null;
    const before = contents;
    contents = readSources(resolve(module));
    watchFolders();
    for (const [file, text] of contents) {
      // A file that was not imported before is a change of the file that imports it.
      if (before.has(file) && before.get(file) !== text) {
        changed(relative(process.cwd(), file));
        return;
      }
    }
  };
  const watchFolders = () => {
    const folders = new Set([...contents.keys()].map((file) => dirname(file)));
    for (const folder of folders) {
      if (watchers.has(folder)) continue;
      // Folders rather than files: editors replace a file by another of the same name.
      const watcher = watch(folder, () => {
        if (timer) clearTimeout(timer);
        timer = setTimeout(look, SETTLE_MS);
      });
      watcher.on("error", () => {});
      watchers.set(folder, watcher);
    }
  };
  contents = readSources(resolve(module));
  watchFolders();
  return {
    close() {
      if (timer) clearTimeout(timer);
      for (const watcher of watchers.values()) watcher.close();
    },
  };
}

/** The module and all that it imports by relative paths, with their texts; "" for one that is gone. */
function readSources(entry: string): Map<string, string> {
  const sources = new Map<string, string>();
  const open = [entry];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (sources.has(file)) continue;
    const text = readText(file);
    sources.set(file, text);
    open.push(...importsOf(file, text));
  }
  return sources;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function importsOf(file: string, text: string): string[] {
  const bun = (globalThis as { Bun?: BunApi }).Bun;
  const loader = LOADERS[extname(file)];
  if (!bun || !loader) return [];
  let paths: string[];
  try {
    paths = new bun.Transpiler({ loader }).scanImports(text).map(({ path }) => path);
  } catch {
    // A syntax error; the child tells it, and the next change mends it.
    return [];
  }
  return paths.filter((path) => path.startsWith(".") || path.startsWith("/")).flatMap((path) => {
    try {
      return [bun.resolveSync(path, dirname(file))];
    } catch {
      return [resolve(dirname(file), path)];
    }
  });
}
