/** Standard output that nobody reads, or that has no room: what was asked for is done all the same. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  brokerTest,
  endOffsets,
  executable,
  json,
  lag,
  produce,
  type Project,
  project,
  runTaskc,
  topic,
  workModule,
} from "./harness.ts";

/** Runs `taskc` with its standard output as the shell makes it; the exit code is that of taskc. */
async function runInShell(folder: Project, command: string, input = "") {
  const { stderr } = await runTaskc(
    ["-c", command.replace("taskc", `'${executable}'`)],
    { program: "/bin/sh", cwd: folder.folder, input },
  );
  return { code: Number(folder.read("code")), stderr };
}

brokerTest("send goes on when nobody reads the results any more", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const lines = Array.from({ length: 20_000 }, (_, id) => `{"id":${id}}\n`).join("");
  const { code, stderr } = await runInShell(
    folder,
    "{ taskc send tasks.ts work; echo $? >code; } | head -n 1 >first",
    lines,
  );
  assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  assert.equal(folder.read("first"), `${to} 0 0\n`);
  assert.deepEqual(await endOffsets(to), new Map([[0, 20_000]]));
});

brokerTest("send says that its results could not be written", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stderr } = await runInShell(
    folder,
    "taskc send tasks.ts work >/dev/full; echo $? >code",
    `{"id":1}\n{"id":2}\n`,
  );
  assert.equal(code, 2);
  assert.match(stderr, /^error: Cannot write to standard output: ENOSPC/);
  assert.deepEqual(await endOffsets(to), new Map([[0, 2]]));
});

brokerTest("run goes on when nobody reads what its tasks print", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `${workModule(from)}
      export const beforeRun = ({ id }: { id: string }) => { process.stdout.write(id); };`,
  });
  const ids = Array.from({ length: 50 }, (_, id) => ({ id }));
  await produce(from, json(ids));
  const { code, stderr } = await runInShell(
    folder,
    "{ taskc run tasks.ts --group unread --drain --concurrency 5 --stats off; echo $? >code; } | true",
  );
  assert.equal(code, 0, stderr);
  assert.equal(folder.finishedCount(), 50);
  assert.equal(await lag("unread", from), 0);
});

brokerTest("send says when standard input cannot be read", async () => {
  const to = await topic();
  using folder = project({ "tasks.ts": workModule(to) });
  const { code, stderr } = await runInShell(folder, "taskc send tasks.ts work <.; echo $? >code");
  assert.equal(code, 2);
  assert.match(stderr, /^error: Cannot read standard input: EISDIR/);
});

test("a full disk is told by every command", async () => {
  using folder = project({});
  for (const command of ["--version", "--help", "completions bash"]) {
    const { code, stderr } = await runInShell(folder, `taskc ${command} >/dev/full; echo $? >code`);
    assert.equal(code, 2, command);
    assert.match(stderr, /^error: Cannot write to standard output: ENOSPC/);
  }
});
