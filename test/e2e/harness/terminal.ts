/** A real terminal of a given size, by tmux: what a user would see, and the keys they would press. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import process from "node:process";
import { until } from "./waiting.ts";

export interface TerminalOptions {
  columns: number;
  rows: number;
  /** The program and its arguments. */
  command: readonly string[];
  cwd?: string;
  env?: Readonly<Record<string, string>>;
}

export class Terminal implements Disposable {
  /** A tmux server of its own, so that no setting or session of the user's is touched. */
  readonly #server = `taskc-test-${process.pid}-${randomBytes(4).toString("hex")}`;

  constructor({ columns, rows, command, cwd = process.cwd(), env = {} }: TerminalOptions) {
    const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
    const size = ["-x", String(columns), "-y", String(rows)];
    // The screen stays when the program ends, with its exit code.
    const settings = Object.entries({
      // The screen stays when the program ends, as it was.
      "remain-on-exit": "on",
      "remain-on-exit-format": "",
      "status": "off",
      "history-limit": "20000",
    }).flatMap(([name, value]) => ["set-option", "-gq", name, value, ";"]);
    this.#tmux(...settings, "new-session", "-d", ...size, "-c", cwd, ...variables, quote(command));
  }

  /** The visible screen, without trailing blanks; `colours` keeps the escape sequences of colours. */
  capture({ colours = false, scrollback = false } = {}): string {
    const flags = [...(colours ? ["-e"] : []), ...(scrollback ? ["-S", "-"] : [])];
    return this.#tmux("capture-pane", "-p", ...flags).replace(/[ \t]+$/gm, "").trimEnd();
  }

  /** Resolves with the screen as soon as it matches. */
  async waitForScreen(pattern: RegExp): Promise<string> {
    let screen = "";
    await until(() => `a screen like ${pattern}; it shows:\n${screen}`, () => {
      screen = this.capture({ scrollback: true });
      return pattern.test(screen);
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

  /** Resolves with the exit code of the program. */
  async waitForExit(): Promise<number> {
    let code = "";
    await until(
      () => `the program to end; the screen shows:\n${this.capture()}`,
      // tmux notices the closed screen and the exit code in any order.
      () => (code = this.#ask("pane_dead_status")) !== "",
    );
    return Number(code);
  }

  [Symbol.dispose](): void {
    this.#tmux("kill-server");
  }

  #ask(variable: string): string {
    return this.#tmux("display-message", "-p", `#{${variable}}`).trim();
  }

  #tmux(...args: string[]): string {
    const environment = { ...process.env, LANG: "C.UTF-8" };
    delete (environment as NodeJS.ProcessEnv).TMUX;
    return execFileSync("tmux", ["-L", this.#server, "-f", "/dev/null", "-u", ...args], {
      encoding: "utf8",
      env: environment,
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
