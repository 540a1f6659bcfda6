import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { after, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const taskc = join(root, "dist/taskc");
const addon = join(root, ".build/native/taskc.node");
const scratch = mkdtempSync(join(tmpdir(), "embedded-addon-test-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function newFolder(name: string): string {
  return mkdtempSync(join(scratch, `${name}-`));
}

/** Without what would choose another folder, and without the tests' own variables. */
function environment(folder: string, more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) =>
    name !== "XDG_RUNTIME_DIR" && !name.startsWith("TASKC_")
  );
  return { ...Object.fromEntries(kept), TMPDIR: folder, ...more };
}

/** A command that needs the addon: it says that the broker cannot be reached, exit 4. */
const tasks = join(scratch, "tasks.ts");
writeFileSync(
  tasks,
  `import { task, z } from "taskc";
export const hello = task({ schema: z.object({}), run: () => {} });
`,
);
const needsAddon = ["send", "--brokers", "127.0.0.1:1", tasks, "hello", "{}"];

/** The executable as the local broker, which runs until it is told to stop. */
async function startBroker(env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(taskc, ["broker"], { env, stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout!, "data");
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "close");
}

describe("the executable's addon", () => {
  test("is not what somebody planted where Bun would look for it", async () => {
    // A program that embeds the same addon in Bun's own way tells the name.
    const program = join(scratch, "program");
    buildBunsWay(program);
    const found = newFolder("found");
    execFileSync(program, { env: environment(found) });
    const [name] = readdirSync(found);
    assert.match(name!, /^\.bun-.*\.node$/);

    // Bun takes a file that is there already when it has the addon's size.
    const planted = newFolder("planted");
    const marker = join(scratch, "marker");
    const source = join(root, "test/native/fixtures/planted.c");
    execFileSync("cc", ["-shared", "-fPIC", "-o", join(planted, name!), source]);
    truncateSync(join(planted, name!), statSync(addon).size);
    const env = environment(planted, { PLANTED_MARKER: marker });
    spawnSync(program, { env });
    assert.ok(
      existsSync(marker),
      "Bun's own way runs the planted code, or this test shows nothing",
    );
    rmSync(marker);

    const broker = await startBroker(env);
    const maps = readFileSync(`/proc/${broker.pid}/maps`, "utf8");
    await stop(broker);
    assert.equal(existsSync(marker), false, "the executable ran the planted code");
    assert.doesNotMatch(maps, /\.bun-/);
    assert.match(maps, /\/taskc-\w+\/addon\.node \(deleted\)/);
    assert.deepEqual(readdirSync(planted), [name], "it left something behind");
  });

  test("leaves nothing in the temporary folder while it runs", async () => {
    const folder = newFolder("empty");
    const broker = await startBroker(environment(folder));
    assert.deepEqual(readdirSync(folder), []);
    await stop(broker);
  });

  test("is not loaded for --help and --version", () => {
    for (const option of ["--help", "--version"]) {
      const { status } = spawnSync(taskc, [option], { env: environment("/nonexistent") });
      assert.equal(status, 0);
    }
  });
});

function buildBunsWay(outfile: string): void {
  const folder = newFolder("source");
  // As scripts/bundle.ts hands it over, or Bun would make up another name for it.
  copyFileSync(addon, join(folder, "taskc.node"));
  writeFileSync(join(folder, "main.cjs"), `require("./taskc.node");process.exit(0)`);
  execFileSync(process.execPath, ["build", "--compile", "main.cjs", "--outfile", outfile], {
    cwd: folder,
    stdio: "ignore",
  });
}

describe("a temporary folder that", () => {
  const cases: [title: string, prepare: (folder: string) => string, reason: RegExp][] = [
    ["does not exist", (folder) => join(folder, "absent"), /ENOENT/],
    ["is a file", (folder) => {
      writeFileSync(join(folder, "file"), "");
      return join(folder, "file");
    }, /ENOTDIR/],
  ];
  for (const [title, prepare, reason] of cases) {
    test(`${title} gives an error that names it, exit 2`, () => {
      assertRefused(
        spawnSync(taskc, needsAddon, { env: environment(prepare(newFolder("bad"))) }),
        reason,
      );
    });
  }

  for (
    const [title, options, reason] of [
      ["may not hold programs", "noexec", /without permission to execute/],
      ["is full", "size=1m", /ENOSPC/],
      ["is read-only", "ro", /EROFS/],
    ] as const
  ) {
    test(`${title} gives an error that names it, exit 2`, (t) => {
      const folder = newFolder("mounted");
      const inNamespace = (command: string) =>
        spawnSync("unshare", [
          "-rm",
          "sh",
          "-c",
          `mount -t tmpfs -o ${options} tmpfs ${folder} && ${command}`,
        ], {
          env: environment(folder),
        });
      if (inNamespace("true").status !== 0) return t.skip("needs a mount namespace of its own");
      const command = [taskc, ...needsAddon].map((word) => `'${word}'`).join(" ");
      assertRefused(inNamespace(command), reason);
    });
  }

  test("cannot be used is made up for by XDG_RUNTIME_DIR", () => {
    const folder = newFolder("runtime");
    const env = environment("/nonexistent", { XDG_RUNTIME_DIR: folder });
    const { status, stderr } = spawnSync(taskc, needsAddon, { env });
    assert.equal(status, 4, String(stderr));
    assert.deepEqual(readdirSync(folder), []);
  });
});

function assertRefused(result: ReturnType<typeof spawnSync>, reason: RegExp): void {
  const text = String(result.stderr);
  assert.equal(result.status, 2, text);
  assert.match(text, /Cannot unpack the Kafka client into the temporary folder "/);
  assert.match(text, /Set TMPDIR to a folder/);
  assert.match(text, reason);
}
