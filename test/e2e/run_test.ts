/** `taskc run` on the real broker: every message runs, is retried or goes to the dead letters. */
import assert from "node:assert/strict";
import {
  brokerTest,
  consumeAll,
  deadLetterTopic,
  json,
  lag,
  produce,
  project,
  type Read,
  runWorker,
  topic,
  until,
  workModule,
} from "./harness.ts";

function header(message: Read | undefined, name: string): string | undefined {
  return message?.headers.findLast(([other]) => other === name)?.[1];
}

for (const protocol of ["consumer", "classic"]) {
  brokerTest(`run does every message once and commits all (${protocol} protocol)`, async () => {
    const from = await topic({ partitions: 4 });
    using folder = project({ "tasks.ts": workModule(from) });
    const ids = Array.from({ length: 2000 }, (_, id) => id);
    await produce(from, json(ids.map((id) => ({ id }))));
    await using worker = runWorker(folder, ["--group-protocol", protocol]);
    await until("all messages to be done", () => folder.finishedCount() === ids.length);
    await until("all to be committed", async () => await lag(worker.group, from) === 0);
    worker.kill("SIGTERM");
    const { code, stdout } = await worker.waitForExit();
    assert.equal(code, 0);
    assert.equal(stdout, "", "nothing but results on stdout");
    const ledger = folder.ledger();
    assert.deepEqual([...ledger.keys()].map(Number).sort((a, b) => a - b), ids);
    assert.ok([...ledger.values()].every(({ started, finished }) => started + finished === 2));
  });
}

brokerTest("run goes on where the worker before it stopped", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: 1 }, { id: 2 }]));
  {
    await using first = runWorker(folder);
    await until("both to be done", () => folder.finishedCount() === 2);
    first.kill();
    assert.equal((await first.waitForExit()).code, 0);
  }
  await produce(from, json([{ id: 3 }]));
  await using second = runWorker(folder);
  await until("the third to be done", () => folder.finishedCount() === 3);
  second.kill();
  assert.equal((await second.waitForExit()).code, 0);
  assert.deepEqual([...folder.ledger()].map(([id, { started }]) => [id, started]), [
    ["1", 1],
    ["2", 1],
    ["3", 1],
  ]);
});

brokerTest("a new group says how much waits for it from its start on", async () => {
  const from = await topic({ partitions: 2 });
  const noon = Date.parse("2026-05-02T12:00:00Z");
  const values = json(Array.from({ length: 10 }, (_, id) => ({ id })));
  await produce(
    from,
    values.map((one, hour) => ({
      ...one,
      partition: hour % 2,
      timestamp: String(noon + hour * 3_600_000),
    })),
  );
  const starts: [position: string, waiting: number, told: string][] = [
    ["earliest", 10, "earliest"],
    ["2026-05-02T18:30:00Z", 3, "2026-05-02T18:30:00.000Z"],
    ["latest", 0, "latest"],
  ];
  for (const [position, messages, told] of starts) {
    using folder = project({ "tasks.ts": workModule(from) });
    await using worker = runWorker(folder, ["--from", position]);
    const event = await worker.waitForEvent("waiting");
    assert.deepEqual([event.messages, event.from], [messages, told]);
    await until("all of them to be done", () => folder.finishedCount() === messages);
  }
});

brokerTest("a failing task is tried again until it succeeds", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": workModule(from, `retry: { attempts: 3, min: "10ms", max: "20ms" },`),
  });
  await produce(from, json([{ id: "a", failures: 2 }]));
  await using worker = runWorker(folder);
  await until("its success", () => folder.ledger().get("a")?.finished === 1);
  await until("its commit", async () => await lag(worker.group, from) === 0);
  assert.equal(folder.ledger().get("a")?.started, 3);
});

brokerTest("a message whose attempts are used up goes to the dead letters as it was", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": workModule(from, `retry: { attempts: 2, min: "10ms", max: "20ms" },`),
  });
  const value = `{ "id": "a",  "failures": 9 }`;
  await produce(from, [{ key: "k", value, headers: { mine: "kept" } }, ...json([{ id: "b" }])]);
  await using worker = runWorker(folder);
  await until("the end of both", async () => await lag(worker.group, from) === 0);
  assert.equal(folder.ledger().get("a")?.started, 2);
  assert.equal(folder.ledger().get("b")?.finished, 1);

  const dead = await consumeAll(deadLetterTopic(worker.group, from));
  assert.equal(dead.length, 1);
  assert.equal(dead[0]?.key, "k");
  assert.equal(dead[0]?.value, value);
  assert.equal(header(dead[0], "mine"), "kept");
  assert.match(header(dead[0], "taskc-error") ?? "", /attempt 2 of a failed/);
  assert.equal(header(dead[0], "taskc-origin"), `${from}/0/0`);
});

brokerTest("a payload that does not fit is dead at once, with the schema's own words", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, [{ value: "no json" }, { value: `{"id": true}` }, { value: null }]);
  await using worker = runWorker(folder);
  await until("the end of all", async () => await lag(worker.group, from) === 0);
  assert.equal(folder.ledger().size, 0);
  const dead = await consumeAll(deadLetterTopic(worker.group, from));
  assert.deepEqual(dead.map(({ value }) => value), ["no json", `{"id": true}`, null]);
  assert.match(header(dead[0], "taskc-error") ?? "", /JSON/);
  assert.match(header(dead[1], "taskc-error") ?? "", /\bid\b/);
  assert.match(header(dead[2], "taskc-error") ?? "", /null/);
});

brokerTest("a message of an unknown type is unroutable: dead, skipped or a stop", async () => {
  for (const unroutable of ["dead", "skip", "stop"]) {
    const from = await topic();
    using folder = project({ "tasks.ts": workModule(from) });
    await produce(from, [
      { value: `{"id": 1}`, headers: { ce_specversion: "1.0", ce_type: "other" } },
    ]);
    await using worker = runWorker(folder, ["--unroutable", unroutable]);
    if (unroutable === "stop") {
      const { code, stderr } = await worker.waitForExit();
      assert.notEqual(code, 0);
      assert.match(stderr, /"other"/);
      assert.equal(await lag(worker.group, from), 1);
      continue;
    }
    await until(`the end under ${unroutable}`, async () => await lag(worker.group, from) === 0);
    assert.equal(folder.ledger().size, 0);
    if (unroutable === "skip") continue;
    const [dead] = await consumeAll(deadLetterTopic(worker.group, from));
    assert.match(header(dead, "taskc-error") ?? "", /unroutable/i);
  }
});

brokerTest("tasks that share a topic get their own messages, by type", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { finished } from "./ledger.ts";
const topic = ${JSON.stringify(from)};
export const red = task({ topic, run: ({ id }) => finished("red " + id) });
export const blue = task({ topic, run: ({ id }) => finished("blue " + id) });
`,
  });
  await produce(
    from,
    ["red", "blue", "red"].map((type, id) => ({
      value: JSON.stringify({ id }),
      headers: { ce_specversion: "1.0", ce_id: String(id), ce_source: "test", ce_type: type },
    })),
  );
  await using worker = runWorker(folder);
  await until("the end of all", async () => await lag(worker.group, from) === 0);
  assert.deepEqual([...folder.ledger().keys()].sort(), ["blue 1", "red 0", "red 2"]);
});

brokerTest("a task learns where its message comes from, and sends on", async () => {
  const from = await topic({ prefix: "first" });
  const to = await topic({ prefix: "second" });
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { appendFileSync } from "node:fs";
export const first = task({
  topic: ${JSON.stringify(from)},
  run: async (input, { key, headers, topic, partition, offset, attempt, id, task }) => {
    const seen = { input, key, headers, topic, partition, offset, attempt, id, task };
    await second.send(seen, { key: "onward" });
  },
});
export const second = task({
  topic: ${JSON.stringify(to)},
  run: (seen) => appendFileSync(new URL("./seen.json", import.meta.url), JSON.stringify(seen)),
});
`,
    "seen.json": "",
  });
  await produce(from, [{ key: "k", value: "[1]", headers: { mine: "x" } }]);
  await using worker = runWorker(folder);
  await until("the second task", () => folder.read("seen.json") !== "");
  await until("its commit", async () => await lag(worker.group, to) === 0);
  const seen = JSON.parse(folder.read("seen.json"));
  assert.equal(seen.headers.mine, "x");
  delete seen.headers;
  assert.deepEqual(seen, {
    input: [1],
    key: "k",
    topic: from,
    partition: 0,
    offset: 0,
    attempt: 1,
    id: `${from}/0/0`,
    task: "first",
  });
  assert.equal((await consumeAll(to))[0]?.key, "onward");
});

brokerTest("a task over its time limit is aborted and tried again", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
export const slow = task({
  topic: ${JSON.stringify(from)},
  timeout: "200ms",
  retry: { attempts: 2, min: "1ms", max: "2ms" },
  run: async ({ id }, { attempt, signal }) => {
    started(id);
    if (attempt === 1) {
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    }
    finished(id);
  },
});
`,
  });
  await produce(from, json([{ id: "a" }]));
  await using worker = runWorker(folder);
  await until("the second attempt", () => folder.ledger().get("a")?.finished === 1);
  await until("its commit", async () => await lag(worker.group, from) === 0);
  assert.equal(folder.ledger().get("a")?.started, 2);
});

brokerTest(
  "no more tasks are in flight than --concurrency and a task's own bound allow",
  async () => {
    const wide = await topic({ partitions: 2, prefix: "wide" });
    const narrow = await topic({ partitions: 2, prefix: "narrow" });
    using folder = project({
      "tasks.ts": `import { task } from "taskc";
import { finished } from "./ledger.ts";
import { writeFileSync } from "node:fs";
const now: Record<string, number> = { all: 0, wide: 0, narrow: 0 };
const most: Record<string, number> = { all: 0, wide: 0, narrow: 0 };
const count = (name: string, by: number) => {
  now[name]! += by;
  most[name] = Math.max(most[name]!, now[name]!);
};
const run = (name: string) => async ({ id }: { id: number }) => {
  for (const counter of ["all", name]) count(counter, 1);
  await new Promise((resolve) => setTimeout(resolve, 5));
  for (const counter of ["all", name]) count(counter, -1);
  writeFileSync(new URL("./most.json", import.meta.url), JSON.stringify(most));
  finished(name + id);
};
export const wide = task({ topic: ${JSON.stringify(wide)}, run: run("wide") });
export const narrow = task({ topic: ${
        JSON.stringify(narrow)
      }, concurrency: 3, run: run("narrow") });
`,
    });
    const messages = json(Array.from({ length: 200 }, (_, id) => ({ id })));
    await Promise.all([produce(wide, messages), produce(narrow, messages)]);
    await using worker = runWorker(folder, ["--concurrency", "10"]);
    await until(
      "the end of all",
      async () => await lag(worker.group, wide) + await lag(worker.group, narrow) === 0,
    );
    const most = JSON.parse(folder.read("most.json"));
    assert.equal(most.all, 10);
    assert.equal(most.narrow, 3);
  },
);
