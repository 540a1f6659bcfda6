/** What it takes this machine to wake threads, with nothing else to do: see wake_ups.c. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { store } from "./places.ts";

const run = promisify(execFile);
const program = join(store, "wake-ups");
let built: Promise<unknown> | null = null;

/** Milliseconds of each wake-up of the whole chain. Throws where gcc is missing. */
export async function measureWakeUps(count: number, everyMs: number): Promise<number[]> {
  await (built ??= build());
  const { stdout } = await run(program, [String(count), String(everyMs * 1000)]);
  return stdout.trim().split("\n").map(Number);
}

function build(): Promise<unknown> {
  const source = join(import.meta.dirname!, "wake_ups.c");
  return run("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program, source]);
}
