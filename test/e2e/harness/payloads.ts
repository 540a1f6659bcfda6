/** Records with unusual bytes, what a task got of them, and their dead letters. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { uniqueName } from "./broker.ts";
import { runTaskc } from "./executable.ts";
import type { Project } from "./project.ts";
import { fetchBytes, produceBytes, type WireRead, type WireRecord } from "./wire.ts";
import { deadLetterTopic } from "./worker.ts";

/** What a task of `seeingModule` got for one message, by its offset. */
export interface Seen {
  input: unknown;
  key: string | null;
  keyHex: string | null;
  headers: Record<string, string>;
  names: string[];
}

/** A module with one task that notes what it gets; `options` is put among those of `task({ … })`. */
export function seeingModule(from: string, options = "", note = "input"): Record<string, string> {
  return {
    "seen.ndjson": "",
    "tasks.ts": `import { appendFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { task, z } from "taskc";

export const work = task({
  topic: ${JSON.stringify(from)},
  types: "*",
  retry: { attempts: 1 },
  ${options}
  run: (input, { offset, key, keyBytes, headers }) => {
    const seen = {
      offset,
      input: ${note},
      key,
      keyHex: keyBytes && Buffer.from(keyBytes).toString("hex"),
      names: Object.keys(headers),
      headers,
    };
    if ("polluted" in {} || "polluted" in []) throw new Error("prototypes are polluted");
    appendFileSync(new URL("./seen.ndjson", import.meta.url), JSON.stringify(seen) + "\\n");
  },
});
`,
  };
}

export interface Outcome {
  code: number | null;
  stderr: string;
  seen: Map<number, Seen>;
  /** Dead letters by the offset of their origin. */
  dead: Map<number, WireRead>;
}

/** Writes the records, drains the topic, and tells what became of each. */
export async function drainRecords(
  folder: Project,
  from: string,
  records: readonly WireRecord[],
  args: readonly string[] = ["--stats", "json"],
): Promise<Outcome> {
  await produceBytes(from, records);
  const group = uniqueName("payloads");
  const { code, stderr } = await runTaskc(
    ["run", "tasks.ts", "--drain", "--group", group, ...args],
    { cwd: folder.folder },
  );
  const lines = folder.read("seen.ndjson").split("\n").filter(Boolean);
  const seen = lines.map((line) => JSON.parse(line)).map((
    one,
  ): [number, Seen] => [one.offset, one]);
  const dead = await fetchBytes(deadLetterTopic(group, from));
  return {
    code,
    stderr,
    seen: new Map(seen),
    dead: new Map(dead.map((one) => [Number(ours(one, "taskc-origin")?.split("/")[2]), one])),
  };
}

/** A header that taskc added. */
export function ours(record: WireRead, name: string): string | undefined {
  return record.headers.findLast(([other]) => other.toString() === name)?.[1]?.toString();
}

function hex(bytes: Uint8Array | string | null | undefined): string | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString("hex");
}

/** The dead letter has the key, the value and all headers of the record, in their order, byte for byte. */
export function assertSameBytes(dead: WireRead | undefined, origin: WireRecord): void {
  assert.ok(dead, "there is no dead letter");
  assert.equal(hex(dead.key), hex(origin.key));
  assert.equal(hex(dead.value), hex(origin.value));
  const theirs = dead.headers.filter(([name]) => !name.toString().startsWith("taskc-"));
  assert.deepEqual(
    theirs.map(([name, value]) => [hex(name), hex(value)]),
    (origin.headers ?? []).map(([name, value]) => [hex(name), hex(value)]),
  );
}

export function assertNoControls(text: string, what = "the output"): void {
  // deno-lint-ignore no-control-regex
  const found = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/.exec(text);
  assert.equal(found && `\\x${found[0].charCodeAt(0).toString(16)}`, null, `a control in ${what}`);
}
