/**
 * Settings of the runtime that can only be given by the environment of its start, hence a second start in
 * place: same process id, same files, some 15 ms.
 *
 * - Bun lets `fetch` have 256 requests open in the whole process: of thousands of tasks that wait for an
 *   answer, all but those would wait for their turn.
 * - Bun looks for garbage each second, which costs an idle worker a fifth of its share of the core. What
 *   is allocated under load starts a collection by itself.
 */
import process from "node:process";

const SETTINGS = {
  /** The most that Bun takes. */
  BUN_CONFIG_MAX_HTTP_REQUESTS: "65535",
  /** Milliseconds. */
  BUN_GC_TIMER_INTERVAL: "10000",
};

/** Starts the executable again with these settings, unless they are set. Returns if it cannot. */
export function restartWithSettings(argv: readonly string[]): void {
  const compiled = process.argv[1]?.startsWith("/$bunfs/") ?? false;
  const { execve } = process as { execve?: (file: string, args: string[], env: object) => never };
  const missing = Object.keys(SETTINGS).some((name) => process.env[name] === undefined);
  if (!compiled || !execve || !missing) return;
  try {
    // What the user has set stays.
    const env = { ...SETTINGS, ...process.env };
    execve.call(process, process.execPath, [process.execPath, ...argv], env);
  } catch {
    // Without it everything works, with fewer requests at once.
  }
}
