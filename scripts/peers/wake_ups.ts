/** What it takes this machine to wake threads, with nothing else to do: see wake_ups.c. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { store } from "./places.ts";

const run = promisify(execFile);

/** Milliseconds of each wake-up of the whole chain. Throws where gcc is missing. */
export async function measureWakeUps(count: number, everyMs: number): Promise<number[]> {
  const program = join(store, "wake-ups");
  const source = join(import.meta.dirname!, "wake_ups.c");
  await run("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, source]);
  const { stdout } = await run(program, [String(count), String(everyMs * 1000)]);
  return stdout.trim().split("\n").map(Number);
}
