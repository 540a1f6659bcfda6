/**
 * The payload table of docs/reliability.md: values, from the bytes on the wire to the input of a task, and
 * from `send` to the broker.
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import {
  assertNoControls,
  assertSameBytes,
  brokerTest,
  drainRecords,
  executable,
  fetchBytes,
  ours,
  project,
  runTaskc,
  seeingModule,
  taskc,
  topic,
  type WireRecord,
} from "./harness.ts";

function deep(levels: number): Buffer {
  return Buffer.concat([Buffer.alloc(levels, "["), Buffer.alloc(levels, "]")]);
}

brokerTest("a value that is no JSON is a dead letter, whatever it is instead", async () => {
  const from = await topic();
  const rows: [value: WireRecord["value"], error: RegExp][] = [
    ["", /it is empty/],
    ["no json", /no JSON/],
    [`{"id": 1`, /no JSON/],
    ["\0", /no JSON/],
    [`{"id": 1}\0`, /no JSON/],
    [Buffer.from([0xff, 0xfe, 0x31]), /no UTF-8/],
    [
      Buffer.concat([Buffer.from(`{"id":"`), Buffer.from([0xc3, 0x28]), Buffer.from(`"}`)]),
      /no UTF-8/,
    ],
    // A surrogate on its own, as some encoders of UTF-16 write it.
    [
      Buffer.concat([Buffer.from(`"`), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from(`"`)]),
      /no UTF-8/,
    ],
    [deep(1_000_000).subarray(0, 1_000_000), /no JSON/],
  ];
  const records = rows.map(([value]) => ({ key: "k", value }));
  using folder = project(seeingModule(from));
  const { code, stderr, seen, dead } = await drainRecords(folder, from, records);
  assert.equal(code, 1, stderr);
  assert.equal(seen.size, 0);
  rows.forEach(([, error], at) => {
    assertSameBytes(dead.get(at), records[at]!);
    assert.match(ours(dead.get(at)!, "taskc-error") ?? "", error, `row ${at}`);
    assert.equal(ours(dead.get(at)!, "taskc-error-name"), "InvalidPayload");
  });
  assertNoControls(stderr);
});

brokerTest("unusual JSON runs, as JSON.parse reads it", async () => {
  const from = await topic();
  const rows: [value: WireRecord["value"], input: unknown][] = [
    [null, null],
    ["null", null],
    [`"\\ud800"`, "\ud800"],
    [`"\\u0000"`, "\0"],
    ["\ufeff{}", {}],
    [`"\ufffd"`, "\ufffd"],
    ["9007199254740993", 9007199254740992],
    ["1e400", null],
    [`{"a":1,"a":2}`, { a: 2 }],
  ];
  using folder = project(seeingModule(from));
  const { code, stderr, seen } = await drainRecords(
    folder,
    from,
    rows.map(([value]) => ({ value })),
  );
  assert.equal(code, 0, stderr);
  rows.forEach(([, input], at) => assert.deepEqual(seen.get(at)?.input, input, `row ${at}`));
});

brokerTest(
  "text and bytes take an empty value, a byte order mark; bytes take anything",
  async () => {
    const invalid = Buffer.from([0xef, 0xbb, 0xbf, 0xff, 0x00]);
    const mark = "\ufefftext";
    for (
      const [decode, inputs] of [["text", ["", mark]], ["bytes", [[], [...Buffer.from(mark)]]]]
    ) {
      const from = await topic();
      const note = decode === "text" ? "input" : "[...input]";
      using folder = project(seeingModule(from, `decode: ${JSON.stringify(decode)},`, note));
      const { code, seen, dead } = await drainRecords(
        folder,
        from,
        ["", mark, invalid].map((value) => ({
          value,
        })),
      );
      assert.equal(code, decode === "text" ? 1 : 0);
      assert.deepEqual(seen.get(0)?.input, inputs![0]);
      assert.deepEqual(seen.get(1)?.input, inputs![1]);
      if (decode === "text") assertSameBytes(dead.get(2), { value: invalid });
      else assert.deepEqual(seen.get(2)?.input, [...invalid]);
    }
  },
);

brokerTest("JSON of 10,000 levels runs; a million levels do not end the worker", async () => {
  const large = await topic({ config: { "max.message.bytes": "4000000" } });
  using folder = project(seeingModule(large, "", "Array.isArray(input)"));
  const records = [{ value: deep(10_000) }, { value: deep(1_000_000) }, { value: "[]" }];
  const { code, stderr, seen } = await drainRecords(folder, large, records);
  assert.equal(code, 0, stderr);
  assert.deepEqual([...seen.keys()], [0, 1, 2]);
  assert.equal(seen.get(1)?.input, true);
});

brokerTest("JSON that is too deep for the schema is a dead letter that says so", async () => {
  const from = await topic();
  using folder = project(seeingModule(from, "schema: z.json(),"));
  const records = [{ value: deep(100) }, { value: deep(100_000) }, { value: "[]" }];
  const { code, stderr, seen, dead } = await drainRecords(folder, from, records);
  assert.equal(code, 1, stderr);
  assert.deepEqual([...seen.keys()], [0, 2]);
  assertSameBytes(dead.get(1), records[1]!);
  assert.match(ours(dead.get(1)!, "taskc-error") ?? "", /schema threw: .*stack/);
});

brokerTest("numbers beyond 2^53 lose digits, unless the schema refuses them", async () => {
  const from = await topic();
  using folder = project(seeingModule(from, "schema: z.object({ n: z.int() }),"));
  const records = [{ value: `{"n":9007199254740991}` }, { value: `{"n":9007199254740993}` }];
  const { code, stderr, seen, dead } = await drainRecords(folder, from, records);
  assert.equal(code, 1, stderr);
  assert.deepEqual(seen.get(0)?.input, { n: 9007199254740991 });
  assertSameBytes(dead.get(1), records[1]!);
  assert.match(ours(dead.get(1)!, "taskc-error") ?? "", /^n: /);
});

brokerTest("__proto__ and constructor are names as any other, and pollute nothing", async () => {
  const hostile = `{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":2}}}`;
  const headers = [["__proto__", "polluted"], ["constructor", "c"], ["toString", "s"]] as const;
  const record = { value: hostile, headers };
  const structured = {
    value: `{"specversion":"1.0","__proto__":{"type":"other"},"data":${hostile}}`,
    headers: [["content-type", "application/cloudevents+json"], ...headers] as const,
  };
  const schemas = ["z.any()", "z.object({})", "z.looseObject({})", "z.record(z.string(), z.any())"];
  for (const schema of schemas) {
    const from = await topic();
    using folder = project(seeingModule(from, `schema: ${schema},`, "Object.keys(input)"));
    const { code, stderr, seen } = await drainRecords(folder, from, [record, structured]);
    assert.equal(code, 0, `${schema}: ${stderr}`);
    for (const at of [0, 1]) {
      const { names } = seen.get(at)!;
      assert.deepEqual(names.slice(-3), ["__proto__", "constructor", "toString"], schema);
    }
  }
  // And on their way into a dead letter.
  const from = await topic();
  using folder = project(seeingModule(from, "schema: z.string(),"));
  const { dead } = await drainRecords(folder, from, [record]);
  assertSameBytes(dead.get(0), record);
});

brokerTest(
  "a value of 1 MB runs; one over the limit is refused on send, and nothing is lost",
  async () => {
    const to = await topic();
    const fits = "x".repeat(1_000_000);
    const over = "x".repeat(1_100_000);
    using folder = project({
      ...seeingModule(to, "schema: z.string(),", "input.length"),
      "lines.ndjson": `${JSON.stringify("a")}\n${JSON.stringify(over)}\n${JSON.stringify("b")}\n`,
    });
    const send = (input: string, ...args: string[]) =>
      runTaskc(["send", "tasks.ts", "work", ...args], { cwd: folder.folder, input });
    const single = await send(JSON.stringify(over));
    assert.equal(single.code, 4, single.stderr);
    assert.match(single.stderr, /line 1:.*too large/i);
    assert.ok(single.stderr.length < 1000, "the value itself is not told");
    const lines = await send(folder.read("lines.ndjson"), "--keep-going");
    assert.equal(lines.code, 4, lines.stderr);
    assert.match(lines.stderr, /line 2:.*too large/i);
    const large = await send(JSON.stringify(fits));
    assert.equal(large.code, 0, large.stderr);
    const { code, stderr, seen } = await drainRecords(folder, to, [{ value: `"c"` }]);
    assert.equal(code, 0, stderr);
    const lengths = [...seen.values()].map(({ input }) => input);
    assert.deepEqual(lengths, [1, 1, fits.length, 1]);
  },
);

brokerTest(
  "a value over the topic's own limit is refused on send, and its neighbours go",
  async () => {
    const to = await topic({ config: { "max.message.bytes": "20000" } });
    using folder = project(seeingModule(to, "schema: z.string(),", "input.length"));
    const over = "over".repeat(7500);
    const lines = ["a", over, "b"].map((value) => JSON.stringify(value));
    const { code, stdout, stderr } = await runTaskc(
      ["send", "tasks.ts", "work", "--keep-going"],
      { cwd: folder.folder, input: `${lines.join("\n")}\n` },
    );
    assert.equal(code, 4, stderr);
    assert.match(stderr, /line 2:.*too large/i);
    assert.doesNotMatch(stderr, /line [13]:|overover/);
    assert.equal(stdout.trimEnd().split("\n").length, 2);
    const sent = await fetchBytes(to);
    assert.deepEqual(sent.map(({ value }) => String(value)), [`"a"`, `"b"`]);
  },
);

brokerTest("x.send of too large a value fails in the task, whose message is not lost", async () => {
  const from = await topic();
  const next = await topic();
  using folder = project({
    "seen.ndjson": "",
    "tasks.ts": `import { task, z } from "taskc";
export const next = task({ topic: ${JSON.stringify(next)}, schema: z.string(), run: () => {} });
export const work = task({
  topic: ${JSON.stringify(from)},
  retry: { attempts: 2, min: "10ms", max: "10ms" },
  run: async () => {
    await next.send("x".repeat(1_100_000));
  },
});
`,
  });
  const { code, stderr, dead } = await drainRecords(folder, from, [{ key: "k", value: "{}" }]);
  assert.equal(code, 1, stderr.slice(0, 5000));
  assertSameBytes(dead.get(0), { key: "k", value: "{}" });
  assert.match(ours(dead.get(0)!, "taskc-error") ?? "", new RegExp(`"${next}".*too large`));
  assert.equal(ours(dead.get(0)!, "taskc-error-name"), "KafkaError");
  assert.deepEqual(await fetchBytes(next), []);
});

brokerTest("messages that are too large only together go through", async () => {
  const to = await topic({ config: { "max.message.bytes": "20000" } });
  using folder = project(seeingModule(to, "schema: z.string(),", "input.length"));
  const lines = Array.from({ length: 200 }, () => JSON.stringify("x".repeat(1000)));
  const { code, stdout, stderr } = await runTaskc(["send", "tasks.ts", "work"], {
    cwd: folder.folder,
    input: `${lines.join("\n")}\n`,
  });
  assert.equal(code, 0, stderr);
  assert.equal(stdout.trimEnd().split("\n").length, 200);
  assert.equal((await fetchBytes(to)).length, 200);
});

brokerTest("send refuses text that has no UTF-8, in a task and on standard input", async () => {
  const to = await topic();
  using folder = project({
    "seen.ndjson": "",
    "tasks.ts": `import { task } from "taskc";
export const work = task({
  topic: ${JSON.stringify(to)},
  decode: "text",
  retry: { attempts: 1 },
  // Not as a constant: Bun's transpiler would make U+FFFD of it.
  run: () => work.send("half " + String.fromCharCode(Number("0xd800"))),
});
`,
  });
  const { code, stderr, dead } = await drainRecords(folder, to, [{ value: "text" }]);
  assert.equal(code, 1, stderr);
  assert.match(ours(dead.get(0)!, "taskc-error") ?? "", /half a surrogate pair/);
  assert.equal((await fetchBytes(to)).length, 1, "nothing was sent");

  // The shell's own echo, since the harness writes text alone.
  const invalid = taskc(["-c", `printf '\\377' | ${executable} send tasks.ts work`], {
    program: "/bin/sh",
    cwd: folder.folder,
  });
  const sent = await invalid.waitForExit();
  assert.equal(sent.code, 2, sent.stderr);
  assert.match(sent.stderr, /line 1: .*not UTF-8/i);
});
