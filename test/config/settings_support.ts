/** Settings resolved from what a test gives, with nothing else around. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import type { CommandName } from "../../src/config/options.ts";
import { resolveSettings, type Settings, type SettingsInput } from "../../src/config/settings.ts";
import { SettingsError } from "../../src/errors.ts";

const EMPTY = mkdtempSync(join(tmpdir(), "settings-"));
const folders = [EMPTY];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

export const NOTHING: SettingsInput = {
  flags: {},
  env: {},
  folder: EMPTY,
  module: "./jobs/tasks.ts",
  stderrIsTerminal: false,
  embeddedBroker: false,
  now: Date.parse("2026-05-02T12:00:00Z"),
};

export function folderWith(file: unknown): string {
  const folder = mkdtempSync(join(tmpdir(), "settings-"));
  folders.push(folder);
  const text = typeof file === "string" ? file : JSON.stringify(file);
  writeFileSync(join(folder, "taskc.json"), text);
  return folder;
}

export function settingsOf<C extends CommandName>(
  command: C,
  input: Partial<SettingsInput>,
): Settings<C> {
  return resolveSettings(command, { ...NOTHING, ...input }).settings;
}

export function problemsOf(
  input: Partial<SettingsInput>,
  command: CommandName = "run",
): readonly string[] {
  try {
    resolveSettings(command, { ...NOTHING, ...input });
  } catch (error) {
    assert.ok(error instanceof SettingsError, String(error));
    assert.equal(error.exitCode, 2);
    return error.problems;
  }
  return [];
}
