/** The harness itself: a test that cannot see a failure proves nothing. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import process from "node:process";
import { test } from "node:test";
import {
  brokerTest,
  commitAs,
  committed,
  consumeAll,
  endOffsets,
  json,
  lag,
  produce,
  project,
  runTaskc,
  taskc,
  terminal,
  topic,
  topicExists,
  uniqueName,
} from "./harness.ts";

/** A shell script stands in for the executable. */
const shell = (script: string) => ["-c", script] as const;
const program = "/bin/sh";

test("runTaskc returns both streams, the exit code and the signal", async () => {
  const ended = await runTaskc(shell("echo out; echo err >&2; exit 7"), { program });
  assert.deepEqual(ended, { code: 7, signal: null, stdout: "out\n", stderr: "err\n" });
  const killed = await runTaskc(shell("kill -9 $$"), { program });
  assert.deepEqual([killed.code, killed.signal], [null, "SIGKILL"]);
});

test("runTaskc gives the input and an environment without the caller's settings", async () => {
  process.env.TASKC_GROUP = "of the caller";
  try {
    const ended = await runTaskc(shell('cat; echo "[$TASKC_GROUP][$COLOUR]"'), {
      program,
      input: "one\ntwo\n",
      env: { COLOUR: "red" },
    });
    assert.equal(ended.stdout, "one\ntwo\n[][red]\n");
  } finally {
    delete process.env.TASKC_GROUP;
  }
});

test("waitForLine sees lines of before and after, and fails when the process ends without", async () => {
  await using started = taskc(shell("echo early >&2; read line; echo got $line >&2"), {
    program,
    input: "open",
  });
  assert.equal(await started.waitForLine(/early/), "early");
  started.write("late\n");
  assert.equal(await started.waitForLine(/^got/), "got late");
  await assert.rejects(started.waitForLine(/never/), /waited in vain for a line like \/never\/.*/);
  assert.equal((await started.waitForExit()).code, 0);
});

test("a process still running at the end of its test is killed", async () => {
  let pid = 0;
  {
    await using started = taskc(shell("exec sleep 1000"), { program });
    pid = started.pid;
    assert.ok(existsSync(`/proc/${pid}`));
  }
  assert.ok(!existsSync(`/proc/${pid}`));
});

test("project writes its files, reads the ledger and leaves nothing behind", () => {
  let folder = "";
  {
    using files = project({ "tasks.ts": "export {};\n", "lib/shared.ts": "export {};\n" });
    folder = files.folder;
    assert.equal(files.read("lib/shared.ts"), "export {};\n");
    files.append("ledger.txt", "start 1 a b\nstart 2 a b\nfinish 2 a b\nstart 1 c\nfinish 1");
    assert.deepEqual([...files.ledger()], [
      ["a b", { started: 2, finished: 1, pids: [1, 2] }],
      ["c", { started: 1, finished: 0, pids: [1] }],
    ]);
    assert.equal(files.finishedCount(), 1);
  }
  assert.ok(!existsSync(folder));
});

test("terminal shows the screen, takes keys and sizes, and tells how the program ended", async () => {
  using screen = terminal({
    columns: 40,
    rows: 10,
    command: ["/bin/sh", "-c", 'stty size; read it; stty size; echo "it is $it"; exit 3'],
  });
  assert.equal(await screen.waitForScreen(/10 40/), "10 40");
  assert.equal(screen.cursorVisible, true);
  screen.resize(60, 12);
  screen.keys("yes", "Enter");
  assert.equal(await screen.waitForExit(), 3);
  assert.match(screen.capture(), /^10 40\nyes\n12 60\nit is yes$/m);
});

test("terminal tells an exit code of 0, and one after Ctrl-C", async () => {
  using quick = terminal({ columns: 40, rows: 10, command: ["/bin/true"] });
  assert.equal(await quick.waitForExit(), 0);
  using interrupted = terminal({
    columns: 40,
    rows: 10,
    command: ["/bin/sh", "-c", 'trap "exit 5" INT; echo ready; while :; do read it; done'],
  });
  await interrupted.waitForScreen(/ready/);
  assert.equal(interrupted.exitCode, null);
  interrupted.keys("C-c");
  assert.equal(await interrupted.waitForExit(), 5);
});

test("terminal tells whether the program has hidden the cursor", async () => {
  using screen = terminal({
    columns: 40,
    rows: 10,
    command: [
      "/bin/sh",
      "-c",
      'printf "\\033[?25lhidden"; read it; printf "\\033[?25hshown"; read it',
    ],
  });
  await screen.waitForScreen(/hidden/);
  assert.equal(screen.cursorVisible, false);
  screen.keys("Enter");
  await screen.waitForScreen(/shown/);
  assert.equal(screen.cursorVisible, true);
});

brokerTest("topic, produce, endOffsets and consumeAll agree on what is there", async () => {
  const name = await topic({ partitions: 3 });
  assert.ok(await topicExists(name));
  assert.ok(!await topicExists(uniqueName("absent")));
  assert.deepEqual(await consumeAll(name), []);
  await produce(name, [
    { value: "a", key: "k", headers: { h: "1" }, partition: 2 },
    { value: null, partition: 2 },
    { value: "", partition: 0 },
  ]);
  assert.deepEqual([...await endOffsets(name)].sort(), [[0, 1], [1, 0], [2, 2]]);
  assert.deepEqual(await consumeAll(name), [
    { partition: 0, offset: 0, key: null, value: "", headers: [] },
    { partition: 2, offset: 0, key: "k", value: "a", headers: [["h", "1"]] },
    { partition: 2, offset: 1, key: null, value: null, headers: [] },
  ]);
});

brokerTest("committed and lag tell what a group has not done", async () => {
  const name = await topic({ partitions: 2 });
  await produce(name, json([1, 2, 3]).map((message) => ({ ...message, partition: 1 })));
  const group = uniqueName("group");
  assert.deepEqual(await committed(group, name), new Map());
  assert.equal(await lag(group, name), 3);

  await commitAs(group, [{ topic: name, partition: 1, offset: 2, metadata: "so far" }]);
  assert.deepEqual(await committed(group, name), new Map([[1, { offset: 2, metadata: "so far" }]]));
  assert.equal(await lag(group, name), 1);
});
