/**
 * Watches a module and the files it imports, by their contents on disk.
 *
 * The folders of those files are watched, and the folders above them: one that is missing is seen when it
 * comes, and one that is replaced, which leaves its watcher dead, is watched anew.
 */
import { existsSync, type FSWatcher, readFileSync, statSync, watch } from "node:fs";
import { dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
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
  const entry = resolve(module);
  const folders = new WatchedFolders(() => {
    if (timer) clearTimeout(timer);
    timer = setTimeout(look, SETTLE_MS);
  });
  let timer: ReturnType<typeof setTimeout> | null = null;
  const read = () => {
    let sources = readSources(entry);
    // What happened before a folder was watched is not told.
    while (folders.watch(sources.keys())) sources = readSources(entry);
    return sources;
  };
  let contents = read();

  const look = () => {
    timer = null;
    const before = contents;
    contents = read();
    const file = findChange(before, contents);
    if (file !== undefined) changed(relative(process.cwd(), file));
  };
  return {
    close() {
      if (timer) clearTimeout(timer);
      folders.close();
    },
  };
}

type Sources = ReadonlyMap<string, string>;

/** A file that was not imported before is a change of the file that imports it, unless none has changed. */
function findChange(before: Sources, after: Sources): string | undefined {
  const files = [...after.keys()];
  return files.find((file) => before.has(file) && before.get(file) !== after.get(file)) ??
    files.find((file) => !before.has(file));
}

/** Folders rather than files: editors replace a file by another of the same name. */
class WatchedFolders {
  readonly #happened: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  /** Those in which everything counts. */
  #ofFiles = new Set<string>();
  /** Those in which the folders that lead to files count, by their paths. */
  #onTheWay = new Set<string>();

  constructor(happened: () => void) {
    this.#happened = happened;
  }

  /** Watches what these files need and no more. Returns whether a folder is new. */
  watch(files: Iterable<string>): boolean {
    this.#ofFiles = new Set([...files].map((file) => dirname(file)));
    this.#onTheWay = new Set([...this.#ofFiles].flatMap((folder) => wayTo(folder)));
    const wanted = new Set([...this.#ofFiles, ...[...this.#onTheWay].map(dirname)]);
    for (const folder of this.#watchers.keys()) if (!wanted.has(folder)) this.#forget(folder);
    let isNew = false;
    for (const folder of wanted) {
      if (!this.#watchers.has(folder) && this.#begin(folder)) isNew = true;
    }
    return isNew;
  }

  close(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
  }

  /** False for a folder that is missing, or cannot be read. */
  #begin(folder: string): boolean {
    try {
      const watcher = watch(folder, (_, name) => this.#note(folder, name));
      watcher.on("error", () => this.#note(folder, null));
      this.#watchers.set(folder, watcher);
      return true;
    } catch {
      return false;
    }
  }

  #note(folder: string, name: string | null): void {
    if (name !== null) {
      const path = join(folder, name);
      if (this.#onTheWay.has(path)) this.#forget(path);
      else if (!this.#ofFiles.has(folder)) return;
    }
    this.#happened();
  }

  /** It is another folder now, and so are those in it. */
  #forget(path: string): void {
    for (const [folder, watcher] of this.#watchers) {
      if (folder !== path && !isInside(folder, path)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }
}

/**
 * The folder and those above it that may be replaced or come to be: up to the working folder, or from
 * elsewhere to the nearest that is there.
 */
function wayTo(folder: string): string[] {
  const end = process.cwd();
  const way: string[] = [];
  for (let here = folder; here !== end && here !== dirname(here); here = dirname(here)) {
    way.push(here);
    if (!isInside(here, end) && existsSync(dirname(here))) break;
  }
  return way;
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** The module and all of the user's that it imports, with their texts; "" for one that is gone. */
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
  return paths.flatMap((path) => resolveImport(bun, path, dirname(file)) ?? []);
}

/** `null` for packages and for what the runtime has; names by the paths of a tsconfig.json are files. */
function resolveImport(bun: BunApi, path: string, folder: string): string | null {
  try {
    const file = bun.resolveSync(path, folder);
    return isAbsolute(file) && !file.includes("/node_modules/") ? file : null;
  } catch {
    if (!path.startsWith(".") && !isAbsolute(path)) return null;
    // It is not there, or was not when the resolver looked, which it remembers.
    const file = resolve(folder, path);
    const endings = ["", ...Object.keys(LOADERS)];
    return endings.map((ending) => file + ending).find(isFile) ?? file;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
