/** Live figures and events as other programs and eyes get them: piped, and on a terminal. */
import assert from "node:assert/strict";
import {
  brokerTest,
  executable,
  json,
  lag,
  produce,
  project,
  runTaskc,
  runWorker,
  terminal,
  topic,
  uniqueName,
  until,
  workModule,
} from "./harness.ts";

brokerTest(
  "--stats json writes nothing but JSON objects on stderr, events and figures",
  async () => {
    const from = await topic();
    using folder = project({
      "tasks.ts": workModule(from, `retry: { attempts: 2, min: "1ms", max: "2ms" },`),
    });
    await produce(from, json([{ id: 1 }, { id: 2, failures: 1 }, { id: 3, failures: 9 }]));
    await using worker = runWorker(folder);
    await until("the end of all", async () => await lag(worker.group, from) === 0);
    worker.kill();
    const { code, stdout, stderr } = await worker.waitForExit();
    assert.equal(code, 0);
    assert.equal(stdout, "");
    const records = stderr.trimEnd().split("\n").map((line) => JSON.parse(line));
    const events = records.map(({ event }) => event);
    for (const name of ["started", "rebalance", "dead", "draining", "stopped"]) {
      assert.ok(events.includes(name), `${name} is among ${events}`);
    }
    const last = records.findLast(({ totals }) => totals !== undefined);
    assert.ok(last, "the figures at the end are there even after a short run");
    const { received, done, failed, retried, dead } = last.totals;
    assert.deepEqual({ received, done, failed, retried, dead }, {
      received: 3,
      done: 2,
      failed: 3,
      retried: 2,
      dead: 1,
    });
    assert.equal(last.group, worker.group);
    assert.deepEqual(last.tasks.map(({ name }: { name: string }) => name), ["work"]);
  },
);

brokerTest("piped figures are plain lines without escape sequences, with a summary", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json([{ id: 1 }, { id: 2 }]));
  const { code, stdout, stderr } = await runTaskc(
    ["run", "tasks.ts", "--drain", "--group", uniqueName("lines")],
    { cwd: folder.folder },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stderr, /\x1b|\r/);
  assert.match(stderr, /\b2\b.*done|done.*\b2\b/i);
});

brokerTest("a panel that is asked for where there is no terminal becomes lines", async () => {
  const from = await topic();
  const asked: [flags: string[], env: Record<string, string>, file: string][] = [
    [["--stats", "tty"], {}, "{}"],
    [[], { TASKC_STATS: "tty" }, "{}"],
    [[], { TERM: "xterm-256color" }, '{ "stats": "tty" }'],
  ];
  for (const [flags, env, file] of asked) {
    using folder = project({ "tasks.ts": workModule(from), "taskc.json": file });
    const { code, stderr } = await runTaskc(
      ["run", "tasks.ts", "--drain", "--group", uniqueName("lines"), ...flags],
      { cwd: folder.folder, env },
    );
    assert.equal(code, 0, stderr);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stderr, /\x1b|\r/);
    assert.match(stderr, /^\S+Z summary done=0 /m);
  }
});

brokerTest("--stats off shows no figures, but events and errors", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, [{ value: "no json" }]);
  const { code, stderr } = await runTaskc(
    ["run", "tasks.ts", "--drain", "--group", uniqueName("off"), "--stats", "off"],
    { cwd: folder.folder },
  );
  assert.equal(code, 1);
  assert.match(stderr, /dead/i);
  assert.doesNotMatch(stderr, /p99|in flight/i);
});

brokerTest("what a message contains cannot steer the terminal", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": workModule(from, `retry: { attempts: 1 },`),
  });
  await produce(from, json([{ id: "\x1b]0;owned\x07\x1b[2J", failures: 1 }]));
  for (const stats of ["lines", "off", "json"]) {
    const { stderr } = await runTaskc(
      ["run", "tasks.ts", "--drain", "--group", uniqueName("escape"), "--stats", stats],
      { cwd: folder.folder },
    );
    assert.match(stderr, /owned/, `${stats} tells of the failure`);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stderr, /[\x1b\x07]/, stats);
  }
});

/** The panel's own line, not the event that tells how many messages wait. */
const ALL_IN_FLIGHT = /in flight +\S+ +50 of 1000/;

for (const columns of [40, 80, 200]) {
  brokerTest(`the panel fits ${columns} columns and leaves the terminal as it was`, async () => {
    const from = await topic();
    using folder = project({ "tasks.ts": workModule(from) });
    await produce(from, json(Array.from({ length: 50 }, (_, id) => ({ id, ms: 3_600_000 }))));
    const command = [
      executable,
      "run",
      "tasks.ts",
      "--group",
      uniqueName("panel"),
      "--grace",
      "0s",
    ];
    using screen = terminal({
      columns,
      rows: 30,
      // What follows the program sees the terminal that it leaves.
      command: ["/bin/sh", "-c", `trap : INT; ${command.join(" ")}; echo "exit $?"; exec cat`],
      cwd: folder.folder,
      env: { TERM: "xterm-256color" },
    });
    await screen.waitForScreen(ALL_IN_FLIGHT);
    assert.equal(screen.cursorVisible, false);
    const shown = screen.capture();
    assert.equal(shown.match(/ taskc /g)?.length, 1, `one panel in\n${shown}`);
    assert.match(shown, /^work\b/m);
    for (const line of shown.split("\n")) {
      assert.ok([...line].length <= columns, `"${line}" is wider than ${columns}`);
    }
    screen.keys("C-c");
    const end = await screen.waitForScreen(/^exit \d+/m);
    assert.match(end, /^exit 5$/m);
    assert.doesNotMatch(end, /● running/, "only the summary is left of the panel");
    assert.equal(screen.cursorVisible, true);
  });
}

brokerTest("the panel is right again after a resize", async () => {
  const from = await topic();
  using folder = project({ "tasks.ts": workModule(from) });
  await produce(from, json(Array.from({ length: 50 }, (_, id) => ({ id, ms: 3_600_000 }))));
  using screen = terminal({
    columns: 120,
    rows: 30,
    command: [executable, "run", "tasks.ts", "--group", uniqueName("panel"), "--grace", "0s"],
    cwd: folder.folder,
    env: { TERM: "xterm-256color" },
  });
  await screen.waitForScreen(ALL_IN_FLIGHT);
  for (const columns of [50, 100]) {
    screen.resize(columns, 30);
    await until(`one whole panel at ${columns} columns`, () => {
      const shown = screen.capture();
      const header = shown.split("\n").filter((line) => line.includes(" taskc "));
      return header.length === 1 && [...header[0]!].length === columns && ALL_IN_FLIGHT.test(shown);
    });
  }
  screen.keys("C-c");
  assert.equal(await screen.waitForExit(), 5);
});

brokerTest("lines that a task prints stand whole above the panel", async () => {
  const from = await topic();
  using folder = project({
    "tasks.ts": `import { task } from "taskc";
export const talk = task({
  topic: ${JSON.stringify(from)},
  run: async ({ id }) => {
    console.log("line " + id + " of the task");
    await new Promise((resolve) => setTimeout(resolve, id * 20));
  },
});
`,
  });
  const ids = Array.from({ length: 40 }, (_, id) => id);
  await produce(from, json(ids.map((id) => ({ id }))));
  const group = uniqueName("talk");
  using screen = terminal({
    columns: 80,
    rows: 30,
    command: [executable, "run", "tasks.ts", "--group", group, "--concurrency", "3", "--drain"],
    cwd: folder.folder,
    env: { TERM: "xterm-256color" },
  });
  assert.equal(await screen.waitForExit(), 0);
  const all = screen.capture({ scrollback: true }).split("\n");
  for (const id of ids) {
    const line = `line ${id} of the task`;
    assert.equal(
      all.filter((other) => other === line).length,
      1,
      `"${line}" once in\n${all.join("\n")}`,
    );
  }
});
