/** Dead letters on a real topic: the message byte for byte, and what is told beside it. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  assertNoControls,
  assertSameBytes,
  brokerTest,
  drainRecords,
  ours,
  project,
  seeingModule,
  topic,
  type WireRecord,
} from "./harness.ts";

/** Headers that clients seldom write. */
const oddHeaders: [string | Uint8Array, string | Uint8Array | null][] = [
  ...Array.from({ length: 200 }, (_, at): [string, string] => [`h${at}`, `value ${at}`]),
  ["twice", "first"],
  ["twice", "last"],
  ["", "no name"],
  ["empty", ""],
  ["null", null],
  ["nul", "nul\0in the value"],
  ["\x1b[31mname\r\n", "\x1b]0;owned\x07\u202e"],
  ["7", "a number"],
  [Buffer.from([0xff, 0xfe]), Buffer.from([0xff, 0x00, 0xc3])],
  ["bytes", Buffer.from([...Array(256).keys()])],
];

brokerTest("odd keys and headers reach the task, and the dead letter byte for byte", async () => {
  const from = await topic();
  const records: WireRecord[] = [
    { key: Buffer.from([0xff, 0x00, 0xfe]), value: `"fine"`, headers: oddHeaders },
    { key: Buffer.from([0xff, 0x00, 0xfe]), value: Buffer.from([0xff, 0x00]), headers: oddHeaders },
    { key: "", value: "", headers: [] },
    { key: null, value: null, headers: [["only", null]] },
  ];
  using folder = project(seeingModule(from, "schema: z.string(),"));
  const { code, stderr, seen, dead } = await drainRecords(folder, from, records);
  assert.equal(code, 1, stderr);
  assert.deepEqual([...seen.keys()], [0]);
  const { key, keyHex, headers, names } = seen.get(0)!;
  assert.equal(key, "\ufffd\0\ufffd");
  assert.equal(keyHex, "ff00fe");
  assert.equal(
    names.length,
    oddHeaders.length - 2,
    "of a name given twice the last, of a null none",
  );
  assert.equal(headers.twice, "last");
  assert.equal(headers.nul, "nul\0in the value");
  for (const at of [1, 2, 3]) assertSameBytes(dead.get(at), records[at]!);
  assert.match(ours(dead.get(1)!, "taskc-origin") ?? "", new RegExp(`^${from}/0/1$`));
});

brokerTest("a dead letter that waited is the same byte for byte", async () => {
  const from = await topic();
  const records: WireRecord[] = [{ key: "k", value: `"a"`, headers: oddHeaders }, { value: `"b"` }];
  using folder = project({
    "seen.ndjson": "",
    "tasks.ts": `import { task } from "taskc";
export const work = task({
  topic: ${JSON.stringify(from)},
  retry: { attempts: 2, min: "50ms", max: "50ms" },
  run: () => { throw new Error("no") },
});
`,
  });
  const { code, stderr, dead } = await drainRecords(folder, from, records);
  assert.equal(code, 1, stderr);
  for (const at of [0, 1]) assertSameBytes(dead.get(at), records[at]!);
});

brokerTest("a dead letter tells where, how often, when and why, within bounds", async () => {
  const from = await topic();
  using folder = project({
    "seen.ndjson": "",
    "tasks.ts": `import { task } from "taskc";
export const work = task({
  topic: ${JSON.stringify(from)},
  retry: { attempts: 3, min: "20ms", max: "20ms" },
  run: () => {
    const error = new RangeError("\x1b[31mred\\n\\0" + "x".repeat(100_000));
    error.stack = error.message + "\\n    at somewhere\\n" + error.stack.repeat(2);
    throw error;
  },
});
`,
  });
  const { code, stderr, dead } = await drainRecords(folder, from, [{ key: "k", value: "{}" }]);
  assert.equal(code, 1, stderr.slice(0, 5000));
  const letter = dead.get(0)!;
  assertSameBytes(letter, { key: "k", value: "{}" });
  assert.equal(ours(letter, "taskc-origin"), `${from}/0/0`);
  assert.equal(ours(letter, "taskc-task"), "work");
  assert.equal(ours(letter, "taskc-attempts"), "3");
  assert.equal(ours(letter, "taskc-error-name"), "RangeError");
  const message = ours(letter, "taskc-error") ?? "";
  assert.ok(message.startsWith("\x1b[31mred\n\0xxx"), "as it was thrown");
  assert.equal(message.length, 2000);
  assert.equal(ours(letter, "taskc-error-stack")?.length, 8000);
  const first = Date.parse(ours(letter, "taskc-first-failure") ?? "");
  const last = Date.parse(ours(letter, "taskc-last-failure") ?? "");
  assert.ok(first < last, "two retries lie between them");
  assertNoControls(stderr);
});
