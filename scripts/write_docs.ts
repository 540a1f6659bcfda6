/**
 * Writes docs/options.md from the options table. `--check` writes nothing and exits 1 when the file is
 * not what it should be.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { describeOptions } from "../src/config/option_docs.ts";

const TARGET = new URL("../docs/options.md", import.meta.url);

const text = describeOptions();
if (!process.argv.includes("--check")) {
  writeFileSync(TARGET, text);
} else if (!existsSync(TARGET) || readFileSync(TARGET, "utf8") !== text) {
  console.error("docs/options.md is out of date; run scripts/write_docs.ts");
  process.exit(1);
}
