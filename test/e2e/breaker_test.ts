/** The breaker on a real broker: code that always fails, and then is mended while the worker runs. */
import assert from "node:assert/strict";
import {
  brokerTest,
  committed,
  consumeAll,
  deadLetterTopic,
  json,
  lag,
  produce,
  project,
  runWorker,
  spread,
  topic,
  until,
} from "./harness.ts";

const MESSAGES = 2000;

/** Fails while the file "broken" is there, as code does whose partner is gone. */
const tasks = (from: string, other: string) => `
import { existsSync } from "node:fs";
import { task } from "taskc";
import { finished, started } from "./ledger.ts";

export const work = task({
  topic: ${JSON.stringify(from)},
  retry: { attempts: 2, min: "1ms", max: "5ms" },
  run: async ({ id }: { id: number }) => {
    started(id);
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (existsSync(new URL("./broken", import.meta.url))) throw new Error("the code is broken");
    finished(id);
  },
});

export const other = task({ topic: ${
  JSON.stringify(other)
}, run: ({ id }: { id: string }) => finished(id) });
`;

brokerTest(
  "code that fails gives up so many and no more, and goes on when it works again",
  async () => {
    const [from, others] = [await topic({ partitions: 2 }), await topic()];
    using folder = project({ "tasks.ts": tasks(from, others), broken: "" });
    await produce(from, spread(Array.from({ length: MESSAGES }, (_, id) => ({ id })), 2));
    await using worker = runWorker(folder, ["--concurrency", "300", "--breaker-run", "50"]);
    const open = await worker.waitForEvent("breaker-open");
    assert.equal(open.task, "work");
    assert.equal(open.reason, "50 messages on end were given up");
    assert.match(String(open.error), /^the code is broken/);

    await produce(others, json([{ id: "other" }]));
    await until("the other task to flow", () => folder.ledger().has("other"));
    // Whatever was in flight has failed twice by now, and a probe as well.
    const ran = () =>
      folder.read("ledger.txt").split("\n").filter((line) => line.startsWith("start"));
    const before = ran().length;
    await until("two probes", () => ran().length >= before + 2);
    const dead = deadLetterTopic(worker.group, from);
    assert.equal((await consumeAll(dead)).length, 50);

    folder.remove("broken");
    await worker.waitForEvent("breaker-closed");
    await until("all to be committed", async () => await lag(worker.group, from) === 0);
    worker.kill("SIGTERM");
    assert.equal((await worker.waitForExit()).code, 0);
    assert.equal((await consumeAll(dead)).length, 50);
    assert.equal(folder.finishedCount(), MESSAGES - 50 + 1);
  },
);

brokerTest("--breaker-exit: leaves with exit code 1, and the rest stays in Kafka", async () => {
  const [from, others] = [await topic(), await topic()];
  using folder = project({ "tasks.ts": tasks(from, others), broken: "" });
  await produce(from, json(Array.from({ length: MESSAGES }, (_, id) => ({ id }))));
  const args = ["--concurrency", "300", "--breaker-run", "20", "--breaker-exit"];
  await using worker = runWorker(folder, args);
  const { code, stderr } = await worker.waitForExit();
  assert.equal(code, 1, stderr);
  assert.match(stderr, /"reason":"the breaker of task \\"work\\" is open: 20 messages on end/);
  assert.equal((await consumeAll(deadLetterTopic(worker.group, from))).length, 20);
  const offset = (await committed(worker.group, from)).get(0)?.offset ?? 0;
  assert.ok(offset <= 20, `${offset} is committed`);
});

brokerTest(
  "a worker that is killed while its breaker is open gives up no more in its next life",
  async () => {
    const [from, others] = [await topic(), await topic()];
    using folder = project({ "tasks.ts": tasks(from, others), broken: "" });
    await produce(from, json(Array.from({ length: MESSAGES }, (_, id) => ({ id }))));
    const args = ["--concurrency", "300", "--breaker-run", "20", "--group-protocol", "classic"];
    args.push("-X", "session.timeout.ms=6000");
    const startsOf = (pid: number) =>
      folder.read("ledger.txt").split("\n").filter((line) => line.startsWith(`start ${pid} `))
        .length;
    await using first = runWorker(folder, args);
    await first.waitForEvent("breaker-open");
    const dead = deadLetterTopic(first.group, from);
    await until(
      "its commits to say so",
      async () => /^t1;[^;]*;ob;/.test((await committed(first.group, from)).get(0)?.metadata ?? ""),
    );
    first.kill("SIGKILL");
    await first.waitForExit();
    await using second = runWorker(folder, args);
    const open = await second.waitForEvent("breaker-open");
    assert.equal(open.reason, "it was open when the worker before stopped");
    await until("three probes", () => startsOf(second.pid) >= 3);
    assert.equal((await consumeAll(dead)).length, 20);
    second.kill("SIGTERM");
    assert.equal((await second.waitForExit()).code, 0);
  },
);
