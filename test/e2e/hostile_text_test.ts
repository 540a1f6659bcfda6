/** Text from messages and modules that would steer a terminal or forge a line, everywhere it is shown. */
import assert from "node:assert/strict";
import {
  assertNoControls,
  brokerTest,
  deadLetterTopic,
  executable,
  fetchBytes,
  ours,
  produceBytes,
  project,
  runTaskc,
  terminal,
  topic,
  uniqueName,
  type WireRecord,
} from "./harness.ts";

/** What would clear the screen, set its title, ring, begin a line, and turn the reading direction. */
const HOSTILE = "\x1b[2J\x1b]0;owned\x07\r\nfake line\u202e\x9b31m\0";

/** Hostile in everything that a worker tells of a message: its type, its key, its id, its error. */
function hostileModule(from: string): Record<string, string> {
  return {
    "seen.ndjson": "",
    "tasks.ts": `import { task, z } from "taskc";
const hostile = ${JSON.stringify(HOSTILE)};
export const work = task({
  name: "work" + hostile,
  types: ["fails", "refused", "logs", "stays"],
  topic: ${JSON.stringify(from)},
  schema: z.strictObject({ what: z.string() }),
  retry: { attempts: 2, min: "10ms", max: "10ms" },
  run: async ({ what }, { log, key, signal }) => {
    log.warn("log " + hostile + key, { [hostile]: hostile });
    if (what === "fails") {
      const error = new Error("failed " + hostile);
      error.name = "Name" + hostile;
      throw error;
    }
    if (what !== "stays") return;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
  },
});
`,
  };
}

function hostileRecords(types: readonly string[]): WireRecord[] {
  return types.map((what) => ({
    key: `key${HOSTILE}`,
    value: JSON.stringify(what === "refused" ? { [HOSTILE]: HOSTILE } : { what }),
    headers: [
      ["ce_type", what === "unroutable" ? `type${HOSTILE}` : what],
      ["ce_id", `id${HOSTILE}`],
      [`header${HOSTILE}`, HOSTILE],
    ],
  }));
}

brokerTest(
  "no line of a worker or of send has a control character of a message in it",
  async () => {
    const from = await topic();
    using folder = project(hostileModule(from));
    await produceBytes(from, hostileRecords(["fails", "refused", "logs", "unroutable"]));
    for (const stats of ["lines", "off", "json"]) {
      const { code, stdout, stderr } = await runTaskc(
        ["run", "tasks.ts", "--drain", "--group", uniqueName("hostile"), "--stats", stats],
        { cwd: folder.folder },
      );
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /failed .*owned/, `${stats} tells of the failure`);
      assert.match(stderr, /type.*owned/, `${stats} tells of the type`);
      assertNoControls(stderr, stats);
      assert.doesNotMatch(stderr, /^fake line/m);
    }
    const stopped = await runTaskc(
      [
        "run",
        "tasks.ts",
        "--group",
        uniqueName("hostile"),
        "--stats",
        "off",
        "--unroutable",
        "stop",
      ],
      { cwd: folder.folder },
    );
    assert.equal(stopped.code, 3, stopped.stderr);
    assertNoControls(stopped.stderr, "the error that ends it");

    const args = ["send", "tasks.ts", `work${HOSTILE.replace("\0", "")}`];
    const sent = await runTaskc([...args, JSON.stringify({ [HOSTILE]: 1 })], {
      cwd: folder.folder,
    });
    assert.equal(sent.code, 2);
    assertNoControls(sent.stderr, "send");
  },
);

brokerTest("the panel shows what a message contains without acting upon it", async () => {
  const from = await topic();
  using folder = project(hostileModule(from));
  await produceBytes(from, hostileRecords(["fails", "refused", "logs", "unroutable", "stays"]));
  const command = [executable, "run", "tasks.ts", "--group", uniqueName("hostile")];
  using screen = terminal({
    columns: 120,
    rows: 40,
    // What reaches the terminal is recorded byte for byte.
    command: ["script", "-qfec", `${command.join(" ")} --grace 0s`, "raw.txt"],
    cwd: folder.folder,
    env: { TERM: "xterm-256color" },
  });
  // The message that stays is held back, and its key shown.
  await screen.waitForScreen(/HELD BACK[\s\S]*key/);
  screen.keys("C-c");
  await screen.waitForExit();
  const raw = folder.read("raw.txt");
  assert.match(raw, /key\\x1b\[2J/);
  assert.match(raw, /failed \\x1b\[2J/);
  // The panel has escapes of its own, but none of these.
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(raw, /\x07|\x1b\[2J|\x1b\]0;|\x9b|\u202e|\0/);
  assert.doesNotMatch(raw, /^fake line/m);
});

brokerTest(
  "names as long as they may be run, in a panel too; longer ones are refused",
  async () => {
    const group = uniqueName("long");
    // The dead letters' topic has the name of the group and five characters more.
    const from = await topic({ name: uniqueName("t").padEnd(249 - group.length - 6, "t") });
    const module = (topic: string, name = "n".repeat(249)) => ({
      "seen.ndjson": "",
      "tasks.ts": `import { task } from "taskc";
export const work = task({
  name: ${JSON.stringify(name)},
  topic: ${JSON.stringify(topic)},
  retry: { attempts: 1 },
  run: () => { throw new Error("no") },
});
`,
    });
    using folder = project(module(from));
    await produceBytes(from, [{ value: "{}" }]);
    const args = ["--drain", "--group", group];
    using screen = terminal({
      columns: 80,
      rows: 24,
      command: [executable, "run", "tasks.ts", ...args],
      cwd: folder.folder,
      env: { TERM: "xterm-256color" },
    });
    assert.equal(await screen.waitForExit(), 1);
    const [dead] = await fetchBytes(deadLetterTopic(group, from));
    assert.equal(ours(dead!, "taskc-task")?.length, 249);

    const refused: [Record<string, string>, number][] = [
      [module("t".repeat(250)), 3],
      [module("t", "n".repeat(250)), 3],
      // Of the dead letters' topic.
      [module("t".repeat(249)), 2],
    ];
    for (const [files, exitCode] of refused) {
      folder.write(files);
      const { code, stderr } = await runTaskc(["run", "tasks.ts", ...args], { cwd: folder.folder });
      assert.equal(code, exitCode, stderr);
      assert.match(stderr, /249/);
      assert.ok(stderr.length < 2000, stderr);
    }
  },
);
