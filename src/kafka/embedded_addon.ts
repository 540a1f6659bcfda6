/**
 * Loads the native addon that the executable carries as plain bytes.
 *
 * Bun would extract an embedded `.node` file itself, to a name in the shared temporary folder that is
 * the same for every run, and would load what lies there already if it has the right size. So the
 * bytes go into a file of a fresh private folder, both are removed at once, and the file is loaded
 * through its open descriptor, which nobody can exchange or rename.
 */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { EnvironmentError } from "../errors.ts";

/**
 * Loads the addon whose bytes are in `file` and returns its exports.
 *
 * Tries the temporary folder (`TMPDIR`, else `/tmp`), then `XDG_RUNTIME_DIR`.
 * @throws {EnvironmentError} when no folder can hold and execute it, or the system's C library is too old.
 */
export function loadEmbeddedAddon(file: string): unknown {
  const bytes = readFileSync(file);
  const problems: string[] = [];
  for (const folder of new Set([tmpdir(), process.env.XDG_RUNTIME_DIR])) {
    if (!folder) continue;
    try {
      return loadFrom(folder, bytes);
    } catch (error) {
      if (!isFolderProblem(error)) throw incompatible(error);
      problems.push(`"${folder}" (${reason(error)})`);
    }
  }
  throw new EnvironmentError(
    `Cannot unpack the Kafka client into the temporary folder ${problems.join(" or ")}`,
    { hint: "Set TMPDIR to a folder that is writable, has 16 MB free and may hold programs" },
  );
}

function loadFrom(folder: string, bytes: Uint8Array): unknown {
  const descriptor = openPrivateFile(folder, bytes);
  try {
    const module = { exports: {} };
    process.dlopen(module, `/proc/self/fd/${descriptor}`);
    return module.exports;
  } finally {
    closeSync(descriptor);
  }
}

/** A file with these bytes that has no name any more. */
function openPrivateFile(folder: string, bytes: Uint8Array): number {
  const own = mkdtempSync(join(folder, "taskc-"));
  let descriptor: number | undefined;
  try {
    const path = join(own, "addon.node");
    descriptor = openSync(path, "wx", 0o600);
    writeFileSync(descriptor, bytes);
    return descriptor;
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor);
    throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Whether another folder may do better. Linux says EPERM for a folder mounted without execution. */
function isFolderProblem(error: unknown): boolean {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  return Boolean(syscall && code && code !== "ERR_DLOPEN_FAILED") ||
    /failed to map segment|Operation not permitted/.test(message);
}

function reason(error: unknown): string {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (syscall && code && code !== "ERR_DLOPEN_FAILED") return `${code} in ${syscall}`;
  return /failed to map segment|Operation not permitted/.test(message)
    ? "mounted without permission to execute"
    : message;
}

function incompatible(error: unknown): EnvironmentError {
  return new EnvironmentError(`Cannot load the Kafka client: ${(error as Error).message}`, {
    hint: "This build of taskc needs Linux x64 with the glibc it was built on, or a later one",
    cause: error,
  });
}
