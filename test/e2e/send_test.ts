/** `taskc send`: what reaches the topic, what is printed, and what becomes of a bad payload. */
import assert from "node:assert/strict";
import {
  brokerTest,
  consumeAll,
  endOffsets,
  project,
  type Read,
  runTaskc,
  taskc,
  topic,
  workModule,
} from "./harness.ts";

function header(message: Read, name: string): string | undefined {
  return message.headers.findLast(([other]) => other === name)?.[1];
}

brokerTest("send writes one CloudEvent and prints topic, partition and offset", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stdout, stderr } = await runTaskc(
    ["send", "tasks.ts", "work", `{"id": 7}`, "--key", "customer-1", "--header", "trace=abc=def"],
    { cwd: folder.folder },
  );
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: `${to} 0 0\n`, stderr: "" });

  const [message] = await consumeAll(to);
  assert.equal(message?.key, "customer-1");
  assert.deepEqual(JSON.parse(message?.value ?? ""), { id: 7 });
  assert.equal(header(message!, "ce_specversion"), "1.0");
  assert.equal(header(message!, "ce_type"), "work");
  assert.match(header(message!, "ce_id") ?? "", /./);
  assert.match(header(message!, "ce_source") ?? "", /./);
  assert.ok(!Number.isNaN(Date.parse(header(message!, "ce_time") ?? "")));
  assert.match(header(message!, "content-type") ?? "", /^application\/json/);
  assert.equal(header(message!, "trace"), "abc=def");
});

brokerTest("send --json prints an object for each message", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stdout } = await runTaskc(["send", "tasks.ts", "work", `{"id": 1}`, "--json"], {
    cwd: folder.folder,
  });
  assert.equal(code, 0);
  const { topic: printed, partition, offset } = JSON.parse(stdout);
  assert.deepEqual({ printed, partition, offset }, { printed: to, partition: 0, offset: 0 });
});

brokerTest("send reads NDJSON from stdin, all lines of it, blank ones left out", async () => {
  const to = await topic({ partitions: 3 });
  using folder = project({ "tasks.ts": workModule(to) });
  const ids = Array.from({ length: 5000 }, (_, id) => id);
  const { code, stdout, stderr } = await runTaskc(["send", "tasks.ts", "work"], {
    cwd: folder.folder,
    input: ids.map((id) => `${JSON.stringify({ id })}\n`).join("\n"),
  });
  assert.equal(code, 0, stderr);
  const sent = (await consumeAll(to)).map(({ value, partition, offset }) => ({
    id: JSON.parse(value ?? "").id,
    place: `${to} ${partition} ${offset}`,
  }));
  assert.deepEqual(sent.map(({ id }) => id).sort((a, b) => a - b), ids);
  assert.deepEqual(stdout.trimEnd().split("\n").sort(), sent.map(({ place }) => place).sort());
});

brokerTest("send prints the results of lines while stdin is still open", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  await using sender = taskc(["send", "tasks.ts", "work"], { cwd: folder.folder, input: "open" });
  sender.write(`{"id": 1}\n`);
  assert.equal(await sender.waitForLine(/./, "stdout"), `${to} 0 0`);
  sender.write(`{"id": 2}`);
  sender.endInput();
  const { code, stdout } = await sender.waitForExit();
  assert.deepEqual({ code, stdout }, { code: 0, stdout: `${to} 0 0\n${to} 0 1\n` });
});

brokerTest("send refuses a payload that does not fit the schema and sends nothing", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  for (const payload of [`{"id": true}`, `{"id": 1,`]) {
    const { code, stdout, stderr } = await runTaskc(["send", "tasks.ts", "work", payload], {
      cwd: folder.folder,
    });
    assert.equal(code, 2, stderr);
    assert.equal(stdout, "");
    assert.match(stderr, payload.endsWith("}") ? /\bid\b/ : /JSON/);
  }
  assert.deepEqual(await endOffsets(to), new Map([[0, 0]]));
});

brokerTest("send refuses a ce_type that its task does not take, and sends nothing", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const send = (type: string) =>
    runTaskc(["send", "tasks.ts", "work", `{"id": 1}`, "--header", `ce_type=${type}`], {
      cwd: folder.folder,
    });
  const { code, stderr } = await send("other");
  assert.equal(code, 2, stderr);
  assert.match(stderr, /task "work" takes no message with --header ce_type=other\n/);
  assert.deepEqual(await endOffsets(to), new Map([[0, 0]]));
  assert.equal((await send("work")).code, 0);
});

brokerTest("send gives a task of all types what no other task of its topic takes", async () => {
  const to = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
export const orders = task({ topic: "${to}", types: ["order.made", "order.paid"], run: () => {} });
export const rest = task({ topic: "${to}", types: ["*"], run: () => {} });
`,
  });
  const send = (task: string, ...types: string[]) =>
    runTaskc(
      ["send", "tasks.ts", task, "{}", ...types.flatMap((type) => ["--header", `ce_type=${type}`])],
      { cwd: folder.folder },
    );
  const refused = await send("rest", "order.paid");
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /ce_type=order\.paid, but task "orders" does\n/);
  assert.match(refused.stderr, /It takes all that no other takes;/);
  assert.equal((await send("orders", "parcel.sent")).code, 2);
  assert.equal((await send("orders", "order.paid", "parcel.sent")).code, 2);
  assert.deepEqual(await endOffsets(to), new Map([[0, 0]]));
  assert.equal((await send("rest", "parcel.sent")).code, 0);
  assert.equal((await send("orders", "order.paid")).code, 0);
  // The last of several is the one that is sent.
  assert.equal((await send("orders", "parcel.sent", "order.paid")).code, 0);
  assert.deepEqual(await endOffsets(to), new Map([[0, 3]]));
});

brokerTest("send stops at a bad line and names its number", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stderr } = await runTaskc(["send", "tasks.ts", "work"], {
    cwd: folder.folder,
    input: `{"id": 1}\n{"id": 2}\n{"id": false}\n{"id": 4}\n`,
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /line 3\b/i);
  const ids = (await consumeAll(to)).map(({ value }) => JSON.parse(value ?? "").id);
  assert.deepEqual(ids, [1, 2]);
});

brokerTest("send --keep-going sends the good lines and tells of each bad one", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stderr } = await runTaskc(["send", "tasks.ts", "work", "--keep-going"], {
    cwd: folder.folder,
    input: `{"id": 1}\nnonsense\n{"id": false}\n{"id": 4}\n`,
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /line 2\b/i);
  assert.match(stderr, /line 3\b/i);
  const ids = (await consumeAll(to)).map(({ value }) => JSON.parse(value ?? "").id);
  assert.deepEqual(ids, [1, 4]);
});

brokerTest("send to a task that the module does not have names those that it has", async () => {
  using folder = project({ "tasks.ts": workModule("unused") });
  const { code, stderr } = await runTaskc(["send", "tasks.ts", "wrok", "{}"], {
    cwd: folder.folder,
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /"wrok"/);
  assert.match(stderr, /\bwork\b/);
});
