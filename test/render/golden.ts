/** Texts kept beside the tests. With `UPDATE_GOLDEN=1` they are written anew: look at the difference. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

/** Compares with `golden/<name>.txt`, in which ESC is written as `␛` to be readable. */
export function assertGolden(name: string, text: string): void {
  const file = new URL(`./golden/${name}.txt`, import.meta.url);
  const visible = `${text.replaceAll("\x1b", "␛")}\n`;
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(file, visible);
  assert.ok(existsSync(file), `golden/${name}.txt is missing: run with UPDATE_GOLDEN=1`);
  assert.equal(visible, readFileSync(file, "utf8"), `differs from golden/${name}.txt`);
}
