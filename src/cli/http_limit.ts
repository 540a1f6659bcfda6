/**
 * Lifts the runtime's limit on HTTP requests at once. Bun lets `fetch` have 256 open, for the whole
 * process, so of thousands of tasks that wait for an answer all but those would wait for their turn. The
 * limit is read from the environment when the process starts, hence the second start, in place: same
 * process id, same files, some 15 ms.
 */
import process from "node:process";

const VARIABLE = "BUN_CONFIG_MAX_HTTP_REQUESTS";
/** The most that Bun takes. */
const MOST = "65535";

/** Starts the executable again with the limit lifted, unless it is set already. Returns if it cannot. */
export function liftHttpLimit(argv: readonly string[]): void {
  const compiled = process.argv[1]?.startsWith("/$bunfs/") ?? false;
  const { execve } = process as { execve?: (file: string, args: string[], env: object) => never };
  if (!compiled || !execve || process.env[VARIABLE] !== undefined) return;
  try {
    execve.call(process, process.execPath, [process.execPath, ...argv], {
      ...process.env,
      [VARIABLE]: MOST,
    });
  } catch {
    // Without it everything works, with fewer requests at once.
  }
}
