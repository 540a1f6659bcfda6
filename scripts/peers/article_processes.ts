/** Processes that the article's table starts: each with a log of its own, and none outlives the table. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import process from "node:process";
import type { Readable, Writable } from "node:stream";

const GRACE_MS = 5000;

export interface Start {
  command: readonly string[];
  environment?: Record<string, string>;
  /** Where it runs. */
  cwd: string;
  /** File for what it says. */
  log: string;
}

/** Settings of workers that the user has in variables are not for these. */
const INHERITED = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("TASKC_")),
);

const running = new Set<OwnProcess>();
process.on("exit", () => {
  for (const one of running) one.signal("SIGKILL");
});

export class OwnProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  /** Rejects when it ends, unless it was told to. */
  readonly failed: Promise<never>;
  #stopping = false;

  /** `piped`: its stdin and stdout are for the caller; the log gets its stderr alone. */
  constructor({ command, environment, cwd, log }: Start, piped = false) {
    const [program, ...args] = command;
    const file = openSync(log, "a");
    this.#child = spawn(program!, args, {
      cwd,
      env: { ...INHERITED, ...environment },
      stdio: piped ? ["pipe", "pipe", file] : ["ignore", file, file],
      // A group of its own, so that what it starts ends with it.
      detached: true,
    });
    closeSync(file);
    running.add(this);
    this.#exited = new Promise((resolve) => {
      this.#child.on("error", () => resolve());
      this.#child.on("exit", () => resolve());
    });
    this.failed = new Promise((_, reject) => {
      const fail = (how: string) => {
        running.delete(this);
        if (!this.#stopping) reject(new Error(`${program} ${how}: see ${log}`));
      };
      this.#child.on("error", (error) => fail(`cannot be started (${error.message})`));
      this.#child.on("exit", (code, signal) => fail(`ended with ${signal ?? `exit code ${code}`}`));
    });
    this.failed.catch(() => {});
  }

  /** Undefined: it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get stdin(): Writable {
    return this.#child.stdin!;
  }

  get stdout(): Readable {
    return this.#child.stdout!;
  }

  signal(signal: NodeJS.Signals): void {
    try {
      process.kill(-this.#child.pid!, signal);
    } catch { /* It has ended. */ }
  }

  /** In good order if it takes no longer than some seconds. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.signal("SIGTERM");
    const timer = setTimeout(() => this.signal("SIGKILL"), GRACE_MS);
    await this.#exited;
    clearTimeout(timer);
    // Whatever is left of its group.
    this.signal("SIGKILL");
  }

  async kill(): Promise<void> {
    this.#stopping = true;
    this.signal("SIGKILL");
    await this.#exited;
  }
}
