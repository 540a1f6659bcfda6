/** `taskc send` of many lines: each is told, in order, and what goes wrong with one of them is told of that one. */
import assert from "node:assert/strict";
import {
  brokerTest,
  Cluster,
  consumeAll,
  deleteTopic,
  endOffsets,
  project,
  type Read,
  runTaskc,
  taskc,
  topic,
  workModule,
} from "./harness.ts";

const LINES = 30_000;

/** Text that goes to a topic as it is, without a schema. */
const anyModule = (to: string) =>
  `import { task } from "taskc";
export const work = task({ topic: ${JSON.stringify(to)}, run: () => {} });
`;

/** Its schema tells which lines have been read. */
const TELLING_MODULE = `import { task, z } from "taskc";
export const work = task({
  schema: z.object({ id: z.number() }).refine(({ id }) => {
    console.error("seen " + id);
    return true;
  }),
  run: () => {},
});
`;

/** All but what each message has of its own. */
function comparable({ key, value, headers }: Read) {
  const own = new Set(["ce_id", "ce_time"]);
  return {
    key,
    value,
    headers: headers.map(([name, value]) => own.has(name) ? [name] : [name, value]),
  };
}

function placesOf(stdout: string): { partition: number; offset: number }[] {
  return stdout.trimEnd().split("\n").filter(Boolean).map((line) => {
    const [, partition, offset] = line.split(" ");
    return { partition: Number(partition), offset: Number(offset) };
  });
}

brokerTest("a line makes the same message as an argument does", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": anyModule(to) });
  const payload = ` { "ü" : 1.0 , "text": "\\u20ac \u{1f600}\\ud800", "list":[ ], "2":0,"1":1e3 } `;
  for (const more of [[], ["--key", "ü", "--header", "trace=1", "--header", "ce_source=shop"]]) {
    const args = ["send", "tasks.ts", "work", ...more];
    const single = await runTaskc([...args.slice(0, 3), payload, ...more], { cwd: folder.folder });
    assert.equal(single.code, 0, single.stderr);
    const lines = await runTaskc(args, { cwd: folder.folder, input: `${payload}\n${payload}` });
    assert.equal(lines.code, 0, lines.stderr);
  }
  const read = await consumeAll(to);
  assert.equal(read.length, 6);
  for (const [single, ...lines] of [read.slice(0, 3), read.slice(3)]) {
    for (const line of lines) assert.deepEqual(comparable(line), comparable(single!));
  }
  assert.equal(read[0]!.value, '{"1":1000,"2":0,"ü":1,"text":"€ \u{1f600}\\ud800","list":[]}');
  const ids = read.map(({ headers }) => headers.find(([name]) => name === "ce_id")?.[1] ?? "");
  assert.equal(new Set(ids).size, 6);
  const version4 = /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/;
  for (const id of ids) assert.match(id, version4);
});

brokerTest("each of many lines is told with its own place, also as JSON", async () => {
  for (const json of [false, true]) {
    const to = await topic({ partitions: 3 });
    using folder = project({ "tasks.ts": workModule(to) });
    const args = ["send", "tasks.ts", "work", ...(json ? ["--json"] : [])];
    const ids = Array.from({ length: LINES }, (_, id) => id);
    const input = ids.map((id) => `{"id":${id}}\n`).join("");
    const { code, stdout, stderr } = await runTaskc(args, { cwd: folder.folder, input });
    assert.deepEqual([code, stderr], [0, ""]);
    const places = stdout.trimEnd().split("\n").map((line) => {
      if (!json) return line;
      const { topic, partition, offset } = JSON.parse(line);
      return `${topic} ${partition} ${offset}`;
    });
    const idAt = new Map(
      (await consumeAll(to)).map(({ value, partition, offset }) => [
        `${to} ${partition} ${offset}`,
        JSON.parse(value ?? "").id,
      ]),
    );
    assert.deepEqual(places.map((place) => idAt.get(place)), ids);
  }
});

brokerTest("a message that is too large is told by its line, and no other with it", async () => {
  const to = await topic({ config: { "max.message.bytes": "20000" } });
  using folder = project({ "tasks.ts": workModule(to) });
  const large = JSON.stringify({ id: "x".repeat(30_000) });
  const lines = Array.from({ length: 2000 }, (_, id) => id === 1000 ? large : `{"id":${id}}`);
  const { code, stdout, stderr } = await runTaskc(
    ["send", "tasks.ts", "work", "--keep-going"],
    { cwd: folder.folder, input: lines.join("\n") },
  );
  assert.equal(code, 4, stderr);
  assert.match(stderr, /^Line 1001: Cannot deliver to topic .*too large/i);
  assert.match(stderr, /\n1 of 2000 lines were not sent\n$/);
  assert.equal(placesOf(stdout).length, 1999);
  const ids = (await consumeAll(to)).map(({ value }) => JSON.parse(value ?? "").id);
  const expected = Array.from({ length: 2000 }, (_, id) => id).filter((id) => id !== 1000);
  assert.deepEqual(ids.sort((a, b) => a - b), expected);
});

brokerTest(
  "a signal stops the reading: what was sent is told, and nothing else was sent",
  async () => {
    const to = await topic({ partitions: 2 });
    using folder = project({ "tasks.ts": workModule(to) });
    await using sender = taskc(["send", "tasks.ts", "work"], { cwd: folder.folder, input: "open" });
    // More than is under way at once.
    sender.write(Array.from({ length: 200_000 }, (_, id) => `{"id":${id}}\n`).join(""));
    await sender.waitForLine(/./, "stdout");
    sender.kill("SIGINT");
    const { code, stdout, stderr } = await sender.waitForExit();
    assert.equal(code, 5, stderr);
    assert.match(stderr, /Interrupted by SIGINT/);
    const told = placesOf(stdout).length;
    const sent = [...(await endOffsets(to)).values()].reduce((sum, end) => sum + end, 0);
    assert.equal(told, sent);
  },
);

brokerTest("a signal ends it also while nothing comes", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  await using sender = taskc(["send", "tasks.ts", "work"], { cwd: folder.folder, input: "open" });
  sender.write(`{"id":1}\n`);
  await sender.waitForLine(/./, "stdout");
  sender.kill("SIGTERM");
  const { code, stdout } = await sender.waitForExit();
  assert.deepEqual([code, stdout], [5, `${to} 0 0\n`]);
});

brokerTest(
  "no broker answers any more: after a signal it waits no longer than the timeout",
  async () => {
    await using cluster = await Cluster.start();
    const env = { TASKC_BROKERS: await cluster.address() };
    await cluster.do("topics", "create", "work", "--partitions", "1");
    using folder = project({ "tasks.ts": TELLING_MODULE });
    const start = (timeout: string) =>
      taskc(["send", "tasks.ts", "work", "--timeout", timeout], {
        cwd: folder.folder,
        env,
        input: "open",
      });
    await using patient = start("1h");
    await using brief = start("3s");
    for (const [index, sender] of [patient, brief].entries()) {
      sender.write(`{"id":1}\n`);
      assert.equal(await sender.waitForLine(/./, "stdout"), `work 0 ${index}`);
    }
    await cluster.do("kill", "1");
    for (const sender of [patient, brief]) {
      sender.write(`{"id":2}\n`);
      await sender.waitForLine(/^seen 2$/);
      sender.kill("SIGINT");
    }
    const { code, stdout, stderr } = await brief.waitForExit();
    assert.equal(code, 5, stderr);
    assert.equal(stdout, "work 0 1\n");
    // The other one still waits; a second signal is enough of it.
    assert.equal(patient.text("stderr"), "seen 1\nseen 2\n");
    patient.kill("SIGINT");
    assert.equal((await patient.waitForExit()).code, 130);
  },
);

brokerTest("a topic that is deleted meanwhile: each line is told of it", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const args = ["send", "tasks.ts", "work", "--keep-going"];
  await using sender = taskc(args, { cwd: folder.folder, input: "open" });
  sender.write(`{"id":1}\n`);
  await sender.waitForLine(/./, "stdout");
  await deleteTopic(to);
  sender.write(`{"id":2}\n{"id":3}\n`);
  sender.endInput();
  const { code, stderr } = await sender.waitForExit();
  assert.equal(code, 4, stderr);
  assert.match(
    stderr,
    /^Line 2: Cannot .*there is no such topic\nLine 3: Cannot .*no such topic\n/,
  );
});

for (const how of ["kill", "pause"]) {
  brokerTest(`a line whose time is over is told, with the broker gone (${how})`, async () => {
    await using cluster = await Cluster.start();
    const env = { TASKC_BROKERS: await cluster.address() };
    using folder = project({ "tasks.ts": workModule("gone") });
    const started = { cwd: folder.folder, env, input: "open" };
    const create = ["run", "tasks.ts", "--drain", "--create-topics", "--group", "any"];
    assert.equal((await runTaskc(create, { cwd: folder.folder, env })).code, 0);
    await using sender = taskc(["send", "tasks.ts", "work", "--timeout", "2s"], started);
    sender.write(`{"id":1}\n`);
    await sender.waitForLine(/^gone \d 0$/, "stdout");
    await cluster.do(how, "1");
    sender.write(`{"id":2}\n`);
    const { code, stderr } = await sender.waitForExit();
    assert.equal(code, 4, stderr);
    assert.match(stderr, /^error: Line 2: Cannot deliver to topic "gone": .*timed out/i);
    await cluster.run("resume", "1");
  });
}
