/** A real terminal of a given size, by tmux: what a user would see, and the keys they would press. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { bareEnvironment, type Environment } from "./environment.ts";
import { until } from "./waiting.ts";

export interface TerminalOptions {
  columns: number;
  rows: number;
  /** The program and its arguments. */
  command: readonly string[];
  cwd?: string;
  /** Added to a bare environment; `TERM` is tmux's own unless it is named here. */
  env?: Environment;
}

export class Terminal implements Disposable {
  /** A tmux server of its own, so that no setting or session of the user's is touched. */
  readonly #server = `taskc-test-${process.pid}-${randomBytes(4).toString("hex")}`;

  readonly #folder = mkdtempSync(join(tmpdir(), "taskc-terminal-"));

  constructor({ columns, rows, command, cwd = process.cwd(), env = {} }: TerminalOptions) {
    const variables = Object.entries(env).flatMap(([name, value]) =>
      value === undefined ? [] : ["-e", `${name}=${value}`]
    );
    const size = ["-x", String(columns), "-y", String(rows)];
    // The screen stays when the program ends, with its exit code.
    const settings = Object.entries({
      "default-shell": "/bin/sh",
      // The screen stays when the program ends, as it was.
      "remain-on-exit": "on",
      "remain-on-exit-format": "",
      "status": "off",
      "history-limit": "20000",
    }).flatMap(([name, value]) => ["set-option", "-gq", name, value, ";"]);
    this.#tmux(
      ...settings,
      "new-session",
      "-d",
      ...size,
      "-c",
      cwd,
      ...variables,
      this.#recordingExit(command),
    );
  }

  /** The visible screen, without trailing blanks; `colours` keeps the escape sequences of colours. */
  capture({ colours = false, scrollback = false } = {}): string {
    const flags = [...(colours ? ["-e"] : []), ...(scrollback ? ["-S", "-"] : [])];
    return this.#tmux("capture-pane", "-p", ...flags).replace(/[ \t]+$/gm, "").trimEnd();
  }

  /** Resolves with the screen as soon as it, or what has scrolled off it, matches. */
  async waitForScreen(pattern: RegExp): Promise<string> {
    let screen = "";
    await until(() => `a screen like ${pattern}; it shows:\n${screen}`, () => {
      const ended = this.exitCode !== null;
      screen = this.capture({ scrollback: true });
      if (pattern.test(screen)) return true;
      if (ended) throw new Error(`No screen like ${pattern} until the program ended:\n${screen}`);
      return false;
    });
    return this.capture();
  }

  resize(columns: number, rows: number): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** Key names as tmux has them: "C-c", "Enter", "q". */
  keys(...names: string[]): void {
    this.#tmux("send-keys", ...names);
  }

  /** Only while the program runs: when it has ended, tmux shows no cursor. */
  get cursorVisible(): boolean {
    return this.#ask("cursor_flag") === "1";
  }

  /** The exit code of the program; `null` while it runs. */
  get exitCode(): number | null {
    const text = readFileSync(this.#exitFile, { encoding: "utf8", flag: "a+" });
    return text.endsWith("\n") ? Number(text) : null;
  }

  /** Resolves with the exit code of the program. */
  async waitForExit(): Promise<number> {
    await until(
      () => `the program to end; the screen shows:\n${this.capture()}`,
      () => this.exitCode !== null,
    );
    return this.exitCode!;
  }

  [Symbol.dispose](): void {
    this.#tmux("kill-server");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #exitFile(): string {
    return join(this.#folder, "exit");
  }

  /** tmux does not tell an exit code of 0. The shell outlives the Ctrl-C that the program gets. */
  #recordingExit(command: readonly string[]): string {
    return `trap : INT; ${quote(command)}; echo $? > ${quote([this.#exitFile])}`;
  }

  #ask(variable: string): string {
    return this.#tmux("display-message", "-p", `#{${variable}}`).trim();
  }

  #tmux(...args: string[]): string {
    return execFileSync("tmux", ["-L", this.#server, "-f", "/dev/null", "-u", ...args], {
      encoding: "utf8",
      env: bareEnvironment({ TMUX_TMPDIR: process.env.TMUX_TMPDIR }),
      stdio: ["ignore", "pipe", "pipe"],
    });
  }
}

/** Starts a program in a terminal: `using screen = terminal({ … })` ends both. */
export function terminal(options: TerminalOptions): Terminal {
  return new Terminal(options);
}

function quote(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
}
