/**
 * The compiled executable as a user starts it: its own process, what it prints line by line, its exit.
 *
 * A process belongs to the test that started it: `await using worker = taskc([…])` ends it, whatever
 * became of the test. Waiting has one generous bound, so that a hang fails with all that was printed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { bareEnvironment, type Environment } from "./environment.ts";
import { withinHangBound } from "./waiting.ts";

export const executable = process.env.TASKC_TEST_EXECUTABLE ??
  fileURLToPath(new URL("../../../dist/taskc", import.meta.url));

export interface StartOptions {
  /** Added to a bare environment: PATH, HOME, and TASKC_BROKERS of the test broker. */
  env?: Environment;
  cwd?: string;
  /** Written to stdin, which is then closed; without it stdin is empty. `"open"` leaves it to `write`. */
  input?: string;
  /** Started instead of dist/taskc. */
  program?: string;
}

export interface Exit {
  /** `null` when a signal ended it. */
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

export type Stream = "stdout" | "stderr";

export class Started {
  readonly lines: Record<Stream, string[]> = { stdout: [], stderr: [] };
  readonly #child: ChildProcess;
  readonly #title: string;
  readonly #exit: Promise<Exit>;
  /** Called after each line and once at the end. */
  readonly #watchers = new Set<() => void>();
  #ended = false;

  constructor(program: string, args: readonly string[], options: StartOptions) {
    this.#title = [program.split("/").at(-1), ...args].join(" ");
    this.#child = spawn(program, [...args], {
      cwd: options.cwd,
      env: bareEnvironment(options.env),
      stdio: "pipe",
    });
    this.#child.stdin?.on("error", ignoreClosedPipe);
    if (options.input !== "open") this.#child.stdin?.end(options.input ?? "");
    const read = [this.#collect("stdout"), this.#collect("stderr")];
    this.#exit = new Promise((resolve, reject) => {
      this.#child.once("error", reject);
      this.#child.once("exit", (code, signal) => {
        Promise.all(read).then(() => {
          this.#ended = true;
          this.#notify();
          resolve({ code, signal, stdout: this.text("stdout"), stderr: this.text("stderr") });
        });
      });
    });
    // Whoever waits is told; nobody waits in a test that failed before.
    this.#exit.catch(() => {});
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  text(stream: Stream): string {
    return this.lines[stream].map((line) => `${line}\n`).join("");
  }

  /** Resolves with the first line that matches, also one printed before. Fails when the process ends. */
  waitForLine(pattern: RegExp, stream: Stream = "stderr"): Promise<string> {
    return this.#wait(`a line like ${pattern} on ${stream}`, () => {
      const line = this.lines[stream].find((line) => pattern.test(line));
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`${this.#title} ended without a line like ${pattern}`);
      return undefined;
    });
  }

  /** The same as `waitForExit` for whom it may run as long as it likes. */
  get exited(): Promise<Exit> {
    return this.#exit;
  }

  /** Resolves when the process has ended and all that it printed has been read. */
  waitForExit(): Promise<Exit> {
    return withinHangBound(this.#exit, () => this.#describe("its exit"));
  }

  kill(signal: NodeJS.Signals = "SIGTERM"): void {
    this.#child.kill(signal);
  }

  /** For a process started with `input: "open"`. */
  write(text: string): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#child.kill("SIGKILL");
    await this.#exit.catch(() => {});
  }

  #wait<T>(what: string, look: () => T | undefined): Promise<T> {
    let watcher: (() => void) | undefined;
    const found = new Promise<T>((resolve, reject) => {
      watcher = () => {
        try {
          const value = look();
          if (value !== undefined) resolve(value);
        } catch (error) {
          reject(new Error(this.#describe(what), { cause: error }));
        }
      };
      this.#watchers.add(watcher);
      watcher();
    });
    return withinHangBound(found, () => this.#describe(what))
      .finally(() => this.#watchers.delete(watcher!));
  }

  #collect(stream: Stream): Promise<void> {
    const lines = createInterface({ input: this.#child[stream] as Readable });
    lines.on("line", (line) => {
      this.lines[stream].push(line);
      this.#notify();
    });
    return new Promise((resolve) => lines.once("close", resolve));
  }

  #notify(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }

  #describe(waitedFor: string): string {
    return `${this.#title}: waited in vain for ${waitedFor}\n` +
      `--- stdout\n${this.text("stdout")}--- stderr\n${this.text("stderr")}---`;
  }
}

/** Starts `dist/taskc` with these arguments. */
export function taskc(args: readonly string[], options: StartOptions = {}): Started {
  return new Started(options.program ?? executable, args, options);
}

/** Starts it, waits for its end and returns what it printed. */
export async function runTaskc(
  args: readonly string[],
  options: StartOptions = {},
): Promise<Exit> {
  await using started = taskc(args, options);
  return await started.waitForExit();
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
