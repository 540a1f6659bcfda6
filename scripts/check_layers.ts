/**
 * Checks the shape of the source: imports point downward only and make no circle, files are short and
 * named after what they do. Run by `scripts/test` and by its own test; prints each violation on a line.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { basename, join, relative, resolve, sep } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";

/** One file and what it imports of the same project; paths are relative to its root, with slashes. */
export interface SourceFile {
  path: string;
  lines: number;
  imports: Import[];
}

export interface Import {
  path: string;
  /** Erased by the compiler: nothing is left of it at run time. */
  typeOnly: boolean;
}

/**
 * What each folder of src/ may import besides itself and src/errors.ts. "kafka types" stands for the
 * types of kafka/ports.ts and kafka/batch.ts, which say what Kafka is to the rest, without the client.
 */
export const LAYERS: Readonly<Record<string, readonly string[]>> = {
  main: ["cli", "config", "task", "worker", "kafka", "render", "stats", "core"],
  cli: ["config", "task", "worker", "kafka", "render", "stats", "core"],
  config: ["core"],
  task: ["core", "kafka types"],
  worker: ["task", "stats", "core", "kafka types"],
  kafka: ["core"],
  render: ["stats", "core"],
  stats: ["core"],
  core: [],
};

const KAFKA_TYPES = ["src/kafka/ports.ts", "src/kafka/batch.ts"];
const ERRORS = "src/errors.ts";
const VAGUE_NAME = /^(utils?|helpers?|index|common|misc)(_test)?\.ts$/;
const LONGEST = 300;

/** Files that may be longer than 300 lines, each with its reason. */
export const LONG_FILES: Readonly<Record<string, string>> = {
  "src/config/options.ts": "the one table of all options; its entries belong side by side",
};

/** The layer of a file under src/: its folder, or "main" for the composition root. */
export function layerOf(path: string): string | null {
  if (path === "src/main.ts") return "main";
  return /^src\/([^/]+)\//.exec(path)?.[1] ?? null;
}

/** Every violation as a sentence; empty when all is well. */
export function findViolations(files: readonly SourceFile[]): string[] {
  return [
    ...files.flatMap(checkFile),
    ...files.flatMap((file) => file.imports.map((to) => checkImport(file.path, to))),
    ...findCircles(files),
  ].filter((violation) => violation !== null);
}

function checkFile({ path, lines }: SourceFile): string[] {
  const violations: string[] = [];
  if (VAGUE_NAME.test(basename(path))) {
    violations.push(`${path}: the name says nothing; name the file after the one job it has`);
  }
  if (!/^[a-z0-9_]+(\.d)?\.ts$/.test(basename(path))) {
    violations.push(`${path}: the name is not snake_case`);
  }
  if (lines > LONGEST && LONG_FILES[path] === undefined) {
    violations.push(
      `${path}: ${lines} lines, more than ${LONGEST}; split it, ` +
        `or enter it with its reason in LONG_FILES of scripts/check_layers.ts`,
    );
  }
  if (path.startsWith("src/") && path !== ERRORS && LAYERS[layerOf(path) ?? ""] === undefined) {
    violations.push(
      `${path}: belongs to no layer; move it into a folder that LAYERS of scripts/check_layers.ts names`,
    );
  }
  return violations;
}

function checkImport(from: string, to: Import): string | null {
  const layer = layerOf(from);
  const target = layerOf(to.path);
  if (!from.startsWith("src/")) return null;
  if (!to.path.startsWith("src/")) return `${from}: imports ${to.path}, which is outside src/`;
  if (to.path === ERRORS) return null;
  if (layer === null || target === null) {
    return from === ERRORS
      ? `${from}: imports ${to.path}; errors.ts imports nothing of src/`
      : null;
  }
  if (layer === target) return null;
  const allowed = LAYERS[layer] ?? [];
  if (allowed.includes(target)) return null;
  if (allowed.includes("kafka types") && KAFKA_TYPES.includes(to.path)) {
    return to.typeOnly
      ? null
      : `${from}: imports values of ${to.path}; ${layer} may use its types only`;
  }
  const names = allowed.length === 0 ? "nothing but itself and errors.ts" : allowed.join(", ");
  return `${from}: imports ${to.path}; ${layer} may import ${names}`;
}

/**
 * Circles of imports that exist at run time, each named once. Types of one folder may refer to each
 * other; between folders the layers already forbid it.
 */
function findCircles(files: readonly SourceFile[]): string[] {
  const edges = new Map(
    files.map((file) => [
      file.path,
      file.imports.filter((to) => !to.typeOnly).map((to) => to.path),
    ]),
  );
  const finished = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const circle = [...trail.slice(start), path].join(" → ");
      circles.push(`${path}: imports itself in a circle: ${circle}`);
      return;
    }
    if (finished.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    finished.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return circles;
}

interface DenoModule {
  specifier: string;
  error?: string;
  dependencies?: { code?: { specifier: string }; type?: { specifier: string } }[];
}

/**
 * Reads the TypeScript files of `root` under src/, scripts/, tasks/ and test/. The imports of src/ come
 * from `deno info`, which resolves them as the compiler does; `deno` has to be on PATH.
 */
export function readSource(root: string): SourceFile[] {
  const paths = ["src", "scripts", "tasks", "test"].flatMap((folder) => listFiles(root, folder));
  const modules = new Map<string, DenoModule>();
  for (const path of ["src/main.ts", ...paths.filter((path) => path.startsWith("src/"))]) {
    if (!paths.includes(path) || modules.has(pathToFileURL(join(root, path)).href)) continue;
    for (const found of describeModules(root, path)) modules.set(found.specifier, found);
  }
  return paths.map((path) => ({
    path,
    lines: readFileSync(join(root, path), "utf8").split("\n").length - 1,
    imports: importsOf(root, modules.get(pathToFileURL(join(root, path)).href)),
  }));
}

function listFiles(root: string, folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
      .filter((path) => !path.includes("/fixtures/") && !path.includes("node_modules/"))
      .sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

function describeModules(root: string, path: string): DenoModule[] {
  const answer = execFileSync("deno", ["info", "--json", path], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return (JSON.parse(answer) as { modules: DenoModule[] }).modules;
}

function importsOf(root: string, module: DenoModule | undefined): Import[] {
  const here = pathToFileURL(root + sep).href;
  const imports = new Map<string, Import>();
  for (const { code, type } of module?.dependencies ?? []) {
    const url = code?.specifier ?? type?.specifier;
    // Data, such as the version in deno.json, is no layer.
    if (!url?.startsWith(here) || !url.endsWith(".ts")) continue;
    const path = relative(root, fileURLToPath(url)).split(sep).join("/");
    const typeOnly = code === undefined && (imports.get(path)?.typeOnly ?? true);
    if (!path.startsWith("node_modules/")) imports.set(path, { path, typeOnly });
  }
  return [...imports.values()];
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname ?? ".", ".."));
  const violations = findViolations(readSource(root));
  for (const violation of violations) console.error(violation);
  if (violations.length > 0) process.exitCode = 1;
}
