/** `taskc dev`: broker and module in one command, again after each change. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { test } from "node:test";
import { executable, project, runTaskc, taskc, until } from "./harness.ts";

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

test("dev waits for a module and for imports whose folders are missing", async () => {
  using folder = project({});
  await using dev = taskc(["dev", "jobs/tasks.ts", "--stats", "json"], { cwd: folder.folder });
  await dev.waitForLine(/exit code 3; waiting for a change/);
  folder.write({
    "jobs/tasks.ts":
      'import "./lib/word.ts";\nimport { task } from "taskc";\nexport const work = task({ run: () => {} });\n',
  });
  await dev.waitForLine(/taskc dev: jobs\/tasks\.ts changed/);
  await dev.waitForLine(/Cannot find module '\.\/lib\/word\.ts'/);
  await until(
    "the second end",
    () => dev.lines.stderr.filter((line) => /waiting for a change/.test(line)).length === 2,
  );
  for (const word of ["one", "two"]) {
    rmSync(folder.path("jobs/lib"), { recursive: true, force: true });
    folder.write({ "jobs/lib/word.ts": `console.log("${word}");\n` });
    await dev.waitForLine(new RegExp(`^${word}$`), "stdout");
  }
  assert.doesNotMatch(dev.text("stderr"), /^\s+at /m, "no stack");
});

test("dev ends with the exit code of the module's last run", async () => {
  using folder = project({ "tasks.ts": "export const a = ;\n" });
  await using dev = taskc(["dev", "tasks.ts"], { cwd: folder.folder });
  await dev.waitForLine(/exit code 3; waiting for a change/);
  dev.kill("SIGINT");
  assert.equal((await dev.waitForExit()).code, 3);
});

test("dev refuses at once what no change of the module can mend", async () => {
  using folder = project({ "tasks.ts": module("unused") });
  const { code, stderr } = await runTaskc(["dev", "tasks.ts", "-X", "session.timeout.ms=6000"], {
    cwd: folder.folder,
  });
  assert.equal(code, 2, stderr);
  assert.match(stderr, /session\.timeout\.ms \(-X\).*"consumer" \(taskc dev\)/);
});

for (const command of [["broker"], ["dev", "absent.ts"]]) {
  test(`${command[0]} leaves a hangup ignored that nohup ignores`, async () => {
    using folder = project({});
    await using started = taskc(["-c", 'trap "" HUP; exec "$0" "$@"', executable, ...command], {
      program: "sh",
      cwd: folder.folder,
    });
    if (command[0] === "dev") await started.waitForLine(/waiting for a change/);
    else await started.waitForLine(/^127\.0\.0\.1:/, "stdout");
    const [, ignored] = /^SigIgn:\s*(\w+)$/m.exec(
      readFileSync(`/proc/${started.pid}/status`, "utf8"),
    )!;
    assert.equal(BigInt(`0x${ignored}`) & 1n, 1n);
    started.kill("SIGTERM");
    assert.notEqual((await started.waitForExit()).code, null);
  });
}
