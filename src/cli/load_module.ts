/** Loads the user's module for a command, and says so when that takes long. */
import process from "node:process";
import { escapeText } from "../render/escape.ts";
import { loadTaskModule } from "../task/load.ts";
import type { TaskModule } from "../task/registry.ts";

/** A module that waits at its top level for something that never comes is not left unexplained. */
const SLOW_AFTER_MS = 5000;

export async function loadModule(file: string): Promise<TaskModule> {
  const notice = setTimeout(() => {
    const text = `Still loading task module "${file}": it waits for something at its top level`;
    process.stderr.write(`${escapeText(text)}\n`);
  }, SLOW_AFTER_MS);
  try {
    return await loadTaskModule(file);
  } finally {
    clearTimeout(notice);
  }
}
