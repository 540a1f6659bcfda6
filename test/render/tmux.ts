/** A real terminal to test in: a tmux server of its own with one window. */
import { spawnSync } from "node:child_process";
import process from "node:process";

export interface TerminalOptions {
  columns: number;
  rows: number;
}

let count = 0;

/** Whether tmux is on this machine. */
export function hasTmux(): boolean {
  return spawnSync("tmux", ["-V"]).status === 0;
}

export class TmuxTerminal {
  readonly #socket = `taskc-test-${process.pid}-${++count}`;

  /** Starts a shell; the command is typed into it, as a user would. */
  constructor({ columns, rows }: TerminalOptions) {
    const shell = "env -u TMUX PS1=prompt: TERM=screen-256color sh";
    this.#tmux(
      "-f",
      "/dev/null",
      "start-server",
      ";",
      "set",
      "-g",
      "history-limit",
      "50000",
      ";",
      "new-session",
      "-d",
      "-x",
      String(columns),
      "-y",
      String(rows),
      shell,
    );
  }

  type(line: string): void {
    this.#tmux("send-keys", "-l", line);
    this.#tmux("send-keys", "Enter");
  }

  /** A key by tmux's name, `C-c` for example. */
  press(key: string): void {
    this.#tmux("send-keys", key);
  }

  resize({ columns, rows }: TerminalOptions): void {
    this.#tmux("resize-window", "-x", String(columns), "-y", String(rows));
  }

  /** What is on the screen now, without trailing spaces. */
  screen(): string {
    return this.#tmux("capture-pane", "-p").trimEnd();
  }

  /** The screen and all that has scrolled out of it, wrapped lines joined. */
  everything(): string {
    return this.#tmux("capture-pane", "-p", "-J", "-S", "-").trimEnd();
  }

  cursorVisible(): boolean {
    return this.#tmux("display-message", "-p", "#{cursor_flag}").trim() === "1";
  }

  /** Waits until the screen satisfies `condition`; fails with the screen after `timeoutMs`. */
  async until(
    condition: (screen: string) => boolean,
    { what, timeoutMs = 15_000 }: { what: string; timeoutMs?: number },
  ): Promise<string> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const screen = this.screen();
      if (condition(screen)) return screen;
      if (performance.now() > deadline) {
        throw new Error(`Not seen: ${what}. The screen:\n${screen}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  close(): void {
    spawnSync("tmux", ["-L", this.#socket, "kill-server"]);
  }

  #tmux(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("tmux", ["-u", "-L", this.#socket, ...args], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`tmux ${args[0]} failed: ${stderr}`);
    return stdout;
  }
}
