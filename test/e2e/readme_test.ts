/**
 * Each command in README.md and docs/wire.md is run as it stands, and each file shown there is written
 * where its first line says.
 *
 * Commands run in order, in one folder, as a reader would type them. Addresses are put in: 127.0.0.1:9092
 * is the test broker, 127.0.0.1:33445 what `taskc dev` prints. A command that runs until it is stopped
 * goes on while the next ones run, until another one of its kind or the end.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import {
  brokers,
  brokerTest,
  deleteTopic,
  executable,
  type Project,
  project,
  Started,
  topicExists,
} from "./harness.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Commands that are not run here, each with the reason. */
const NOT_RUN = new Map([
  ["scripts/demo", "demo_test.ts runs it"],
  ["scripts/test", "it is what runs this test"],
  ["scripts/build", "scripts/test has run it before this test"],
  ["install -D dist/taskc ~/.local/bin/taskc", "it would change the reader's own machine"],
]);

interface Block {
  language: string;
  text: string;
}

function readBlocks(file: string): Block[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => ({
    language: language!,
    text: text!,
  }));
}

/** The commands of a shell block: comments left out, continued lines joined. */
function readCommands(block: Block): string[] {
  return block.text.replaceAll(/\\\n\s*/g, "").split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/** A block that shows a file begins with its name, as a comment: `// tasks.ts`. */
function fileOf(block: Block): string | null {
  return /^(?:\/\/|#) ([\w./-]+\.\w+)\n/.exec(block.text)?.[1] ?? null;
}

/** `taskc dev` and `taskc run`, unless it drains. */
function runsUntilStopped(command: string): boolean {
  return /\btaskc (dev|run) /.test(command) && !command.includes("--drain");
}

class Reader implements AsyncDisposable {
  readonly folder: Project;
  readonly #env: Record<string, string>;
  #devAddress = "127.0.0.1:33445";
  #running: Started | null = null;
  readonly ran: string[] = [];

  constructor(env: Record<string, string> = {}) {
    this.folder = project({});
    this.#env = {
      PATH: `${dirname(executable)}:${process.env.PATH}`,
      HOME: this.folder.folder,
      NO_COLOR: "1",
      ...env,
    };
  }

  async read(blocks: readonly Block[]): Promise<void> {
    for (const block of blocks) {
      const file = fileOf(block);
      if (file) this.folder.write({ [file]: this.#withAddresses(block.text) });
      if (block.language !== "sh") continue;
      for (const command of readCommands(block)) await this.#type(command);
    }
    await this.#stopRunning();
  }

  async #type(command: string): Promise<void> {
    if (NOT_RUN.has(command)) return;
    this.ran.push(command);
    const text = this.#withAddresses(command);
    const assignment = /^export (\w+)=(\S+)$/.exec(text);
    if (assignment) {
      this.#env[assignment[1]!] = assignment[2]!;
    } else if (runsUntilStopped(command)) {
      await this.#stopRunning();
      this.#running = this.#start(`exec ${withoutAssignments(text, this.#env)}`);
      await this.#running.waitForLine(/ rebalance change=assigned /);
      const address = this.#running.lines.stderr.map((line) => /broker on (\S+)/.exec(line)?.[1])
        .find((found) => found !== undefined);
      if (address) this.#devAddress = address;
    } else {
      await using started = this.#start(text);
      const { code, stdout, stderr } = await started.waitForExit();
      assert.equal(code, 0, `${command}\n${stdout}${stderr}`);
    }
  }

  #withAddresses(text: string): string {
    return text
      .replaceAll("127.0.0.1:9092", brokers.plain!)
      .replaceAll("127.0.0.1:33445", this.#devAddress);
  }

  /** Also shows that what was sent meanwhile has run. */
  async #stopRunning(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    if (!running) return;
    await running.waitForLine(/ log task=greet level=info message="Hello Ada"/);
    running.kill("SIGTERM");
    const { code, stderr } = await running.waitForExit();
    assert.equal(code, 0, stderr);
  }

  #start(command: string): Started {
    return new Started("bash", ["-c", `set -euo pipefail\n${command}`], {
      cwd: this.folder.folder,
      // What the reader has not set is not set: the broker's address neither.
      env: { TASKC_BROKERS: undefined, ...this.#env },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    this.folder[Symbol.dispose]();
  }
}

/** `A=1 command` cannot follow `exec`; the assignments go where the shell has its variables. */
function withoutAssignments(command: string, env: Record<string, string>): string {
  return command.replace(/^((?:\w+=\S+ )+)/, (assignments) => {
    for (const one of assignments.trim().split(" ")) {
      const at = one.indexOf("=");
      env[one.slice(0, at)] = one.slice(at + 1);
    }
    return "";
  });
}

brokerTest("every command of README.md works as it stands", async () => {
  await using reader = new Reader();
  try {
    await reader.read(readBlocks("README.md"));
  } finally {
    for (const name of ["greet", "tasks.greet.dead", "greeter.greet.dead"]) {
      if (await topicExists(name)) await deleteTopic(name);
    }
  }
  for (const command of ["dev", "run", "send", "check", "completions"]) {
    assert.ok(reader.ran.some((line) => line.includes(`taskc ${command} `)), command);
  }
});

test("what is not run of README.md is there, and has a reason", () => {
  const commands = readBlocks("README.md").filter(({ language }) => language === "sh")
    .flatMap(readCommands);
  for (const [command, reason] of NOT_RUN) {
    assert.ok(commands.includes(command), command);
    assert.ok(reason !== "");
  }
});

const SENDERS = [
  { name: "taskc and kcat", language: "sh", needs: ["kcat", "-V"] },
  { name: "Python", language: "python", needs: ["python3", "-c", "import confluent_kafka"] },
] as const;

for (const { name, language, needs } of SENDERS) {
  const missing = brokers.plain === undefined || !works(needs);
  test(`the senders of docs/wire.md in ${name} work`, {
    skip: missing ? `the broker or "${needs.join(" ")}" is missing` : false,
  }, async () => {
    await using reader = new Reader();
    const blocks = readBlocks("docs/wire.md");
    const commands = blocks.filter((block) => block.language === "sh").flatMap(readCommands);
    const setUp = commands.filter((command) => /^export |--create-topics/.test(command));
    const files = blocks.filter((block) => fileOf(block) !== null);
    const wanted = language === "sh"
      ? commands
      : [...setUp, "python3 send.py", ...commands.filter((command) => command.includes("--drain"))];
    try {
      await reader.read([...files, { language: "sh", text: [...new Set(wanted)].join("\n") }]);
    } finally {
      for (const topic of ["resizeImage", "images.resizeImage.dead"]) {
        if (await topicExists(topic)) await deleteTopic(topic);
      }
    }
  });
}

function works([program, ...args]: readonly string[]): boolean {
  try {
    execFileSync(program!, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
