/** `taskc dev`: broker and module in one command, again after each change. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { project, runTaskc, taskc, until } from "./harness.ts";

const module = (word: string) =>
  `import { task } from "taskc";
import { finished, started } from "./ledger.ts";
import { word } from "./word.ts";
export const work = task({
  run: async ({ id, ms }: { id: string; ms: number }) => {
    started(id);
    await new Promise((resolve) => setTimeout(resolve, ms));
    console.log(\`\${word} ${word} \${id}\`);
    finished(id);
  },
});
`;

test("dev runs a module on its own broker, and anew after a change of what it imports", async () => {
  using folder = project({
    "tasks.ts": module("first"),
    "word.ts": 'export const word = "hello";\n',
  });
  await using dev = taskc(["dev", "tasks.ts", "--stats", "json"], { cwd: folder.folder });
  const [, brokers] = /embedded broker on (\S+)/.exec(
    await dev.waitForLine(/embedded broker on/),
  )!;
  await dev.waitForLine(/"assigned","partitions":\[\{/);
  const send = (payload: unknown) =>
    runTaskc(["send", "tasks.ts", "work", JSON.stringify(payload), "--brokers", brokers!], {
      cwd: folder.folder,
    });
  assert.equal((await send({ id: "a", ms: 1500 })).code, 0);
  await until("the task to be in flight", () => folder.ledger().has("a"));
  folder.write({ "word.ts": 'export const word = "changed";\n' });
  await dev.waitForLine(/hello first a/, "stdout");
  await until(
    "the task in flight to finish before the restart",
    () => folder.finishedCount() === 1,
  );
  await dev.waitForLine(/"draining"/);
  assert.equal((await send({ id: "b", ms: 1 })).code, 0);
  await dev.waitForLine(/changed first b/, "stdout");

  folder.write({ "word.ts": "export const word = ;\n" });
  await dev.waitForLine(/waiting for a change/);
  folder.write({ "word.ts": 'export const word = "mended";\n' });
  assert.equal((await send({ id: "c", ms: 1 })).code, 0);
  await dev.waitForLine(/mended first c/, "stdout");
  dev.kill("SIGINT");
  assert.equal((await dev.waitForExit()).code, 0, "one SIGINT to dev alone ends both");
  assert.deepEqual([...folder.ledger().values()].map(({ started }) => started), [1, 1, 1]);
});
