/**
 * The one owner of the terminal while the panel is shown. Not pure: it writes, listens to signals and
 * keeps a timer; what is written comes from frame.ts.
 *
 * Not log-update (8.0): it has no place for an unfinished line of the user's, and hides the cursor by a
 * package that restores it through signal handlers of its own, beside the worker's.
 *
 * States: idle → live → left. `start` makes it live: cursor hidden, output captured, a frame at each
 * turn of the timer. Text of others waits in `#pending` for a few milliseconds, so that a flood of lines
 * is one write with one panel below. It is left by `stop`, by the process's exit, by an uncaught
 * exception or a signal that nobody else handles, or by a terminal that is gone; always exactly once,
 * and the cursor is visible and the captured streams are as before from then on. Ctrl-Z pauses it: the
 * terminal is as found, and the panel is drawn anew, wherever the cursor is then, after `fg`.
 */
import { fstatSync, writeSync } from "node:fs";
import process from "node:process";
import { captureOutput } from "./captured_output.ts";
import {
  type DrawnPanel,
  erase,
  HIDE_CURSOR,
  redraw,
  type Screen,
  SHOW_CURSOR,
  writeAbove,
} from "./frame.ts";
import { OpenLine, splitUnfinished } from "./open_line.ts";

export interface TerminalSize {
  columns: number;
  /** Lines that the panel may have: those of the terminal less some for the user's output. */
  rows: number;
}

export type TerminalStream = NodeJS.WriteStream & { fd: number };

export interface LiveTerminalOptions {
  /** Where the panel is drawn. @default process.stderr */
  stream?: TerminalStream;
  /** Captured too when it ends at the same terminal. @default process.stdout */
  stdout?: TerminalStream;
  /** 4 to 10. @default 5 */
  framesPerSecond?: number;
  /** Whether objects in the user's `console.log` are coloured. @default false */
  colours?: boolean;
  /** From `reflows` of terminal_support.ts. @default true */
  reflows?: boolean;
}

/** Lines of others wait so long for company. */
const FLUSH_MS = 30;
/** No more than this waits, in characters. */
const MOST_PENDING = 65_536;
/** Of so many frames one is drawn whole. */
const WHOLE_EVERY = 5;
const FATAL_SIGNALS: readonly NodeJS.Signals[] = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"];
const NOTHING: DrawnPanel = { lines: [], columns: 0 };

export class LiveTerminal {
  readonly #stream: TerminalStream;
  readonly #stdout: TerminalStream;
  readonly #frameMs: number;
  readonly #colours: boolean;
  readonly #reflows: boolean;
  #state: "idle" | "live" | "left" = "idle";
  #paused = false;
  #render: (size: TerminalSize) => string = () => "";
  #write: (text: string) => void = () => {};
  #drawn = NOTHING;
  #open = new OpenLine();
  #pending = "";
  #frames = 0;
  #frameTimer: ReturnType<typeof setInterval> | null = null;
  #flushTimer: ReturnType<typeof setTimeout> | null = null;
  #undo: (() => void)[] = [];
  #signals: (() => void)[] = [];

  constructor(options: LiveTerminalOptions = {}) {
    this.#stream = options.stream ?? process.stderr;
    this.#stdout = options.stdout ?? process.stdout;
    this.#frameMs = 1000 / Math.min(10, Math.max(4, options.framesPerSecond ?? 5));
    this.#colours = options.colours ?? false;
    this.#reflows = options.reflows ?? true;
  }

  /** Draws what `render` returns, at once and then at each frame. The timer keeps no process alive. */
  start(render: (size: TerminalSize) => string): void {
    if (this.#state !== "idle") return;
    this.#state = "live";
    this.#render = render;
    const write = this.#stream.write.bind(this.#stream);
    this.#write = (text) => void write(text);
    this.#capture();
    this.#watch();
    this.#write(HIDE_CURSOR);
    this.#frame();
    this.#frameTimer = setInterval(() => this.#frame(), this.#frameMs);
    this.#frameTimer.unref?.();
  }

  /** Puts a line above the panel. `text` is written as it is: escape it before. */
  event(text: string): void {
    if (this.#state !== "live") return;
    const unfinished = this.#pending === "" ? this.#open.width > 0 : !this.#pending.endsWith("\n");
    this.#print(`${unfinished ? "\n" : ""}${text}\n`);
  }

  /** Takes the panel away, writes `finalText` in its place and gives the terminal back. */
  stop(finalText: string): void {
    if (this.#state !== "live") return;
    if (finalText !== "") this.event(finalText);
    this.#leave({ keepPanel: false });
    this.#forgetSignals();
  }

  get #screen(): Screen {
    return { columns: this.#stream.columns || 80, reflows: this.#reflows };
  }

  /** Some terminals of build systems say 0 rows and columns. */
  get #size(): TerminalSize {
    const rows = this.#stream.rows || 24;
    return { columns: this.#screen.columns, rows: rows - Math.min(8, Math.ceil(rows / 5)) };
  }

  #frame(): void {
    if (this.#state !== "live" || this.#paused) return;
    // A terminal that does not keep up gets no further frames, only the lines of others.
    if (this.#stream.writableLength > MOST_PENDING && this.#pending === "") return;
    const { rows, columns } = this.#size;
    const lines = this.#render({ rows, columns }).split("\n").slice(0, Math.max(1, rows));
    if (this.#pending !== "") return this.#flush(lines);
    const whole = ++this.#frames % WHOLE_EVERY === 0;
    const sequence = redraw(this.#drawn, { lines, screen: this.#screen, whole });
    this.#drawn = { lines, columns };
    if (sequence !== "") this.#write(sequence);
  }

  #print(text: string): void {
    this.#pending += text;
    if (this.#paused) return;
    if (this.#pending.length >= MOST_PENDING) return this.#flush(this.#drawn.lines);
    if (this.#flushTimer !== null) return;
    this.#flushTimer = setTimeout(() => this.#flush(this.#drawn.lines), FLUSH_MS);
    this.#flushTimer.unref?.();
  }

  #flush(lines: readonly string[]): void {
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    this.#flushTimer = null;
    const { ready, rest } = splitUnfinished(this.#pending);
    this.#pending = rest;
    const { columns } = this.#screen;
    const before = { width: this.#open.width, style: this.#open.style };
    this.#open.feed(ready, columns);
    const sequence = writeAbove(this.#drawn, {
      text: ready,
      lines,
      before,
      after: this.#open,
      screen: this.#screen,
    });
    this.#drawn = { lines, columns };
    this.#write(sequence);
  }

  #capture(): void {
    const stdout = sameTerminal(this.#stream, this.#stdout);
    this.#undo.push(captureOutput({
      streams: stdout ? [this.#stream, this.#stdout] : [this.#stream],
      stdout,
      colours: this.#colours,
      onText: (text) => this.#print(text),
    }));
  }

  #watch(): void {
    this.#listen(this.#stream, "resize", () => this.#frame());
    // A terminal that was closed must not bring the worker down, now or later: never taken off again.
    // Nor are the signals then: a SIGHUP that is on its way would be dropped and the program live on.
    this.#stream.on("error", () => this.#leave({ keepPanel: true }));
    this.#listen(process, "exit", () => this.#leave({ keepPanel: true }));
    this.#listen(process, "uncaughtExceptionMonitor", () => this.#onUncaught());
    this.#watchAbort();
    this.#listen(process, "SIGTSTP", () => this.#pause());
    this.#listen(process, "SIGCONT", () => this.#resume());
    for (const signal of FATAL_SIGNALS) {
      const onSignal = () => this.#onFatal(signal);
      process.on(signal, onSignal);
      this.#signals.push(() => process.off(signal, onSignal));
    }
  }

  /** It emits nothing, and in Bun no handler of its signal is called; of other crashes the watchdog hears. */
  #watchAbort(): void {
    const { abort } = process;
    process.abort = () => {
      this.#leave({ keepPanel: true });
      return abort.call(process);
    };
    this.#undo.push(() => process.abort = abort);
  }

  /** With a handler, which the worker has, the program goes on, and so does the panel. */
  #onUncaught(): void {
    if (process.listenerCount("uncaughtException") === 0) this.#leave({ keepPanel: true });
  }

  #onFatal(signal: NodeJS.Signals): void {
    // With another listener the signal is the worker's: the panel goes on while it drains.
    if (process.listenerCount(signal) > 1) return;
    this.#leave({ keepPanel: true });
    this.#forgetSignals();
    process.kill(process.pid, signal);
  }

  #forgetSignals(): void {
    for (const forget of this.#signals.splice(0)) forget();
  }

  #listen(
    emitter: Pick<NodeJS.EventEmitter, "on" | "off">,
    event: string,
    listener: () => void,
  ): void {
    emitter.on(event, listener);
    this.#undo.push(() => emitter.off(event, listener));
  }

  #pause(): void {
    this.#flush([]);
    this.#writeNow(SHOW_CURSOR);
    this.#paused = true;
    process.kill(process.pid, "SIGSTOP");
  }

  #resume(): void {
    if (this.#state !== "live") return;
    this.#paused = false;
    this.#drawn = NOTHING;
    this.#open = new OpenLine();
    this.#write(HIDE_CURSOR);
    this.#frame();
  }

  #leave({ keepPanel }: { keepPanel: boolean }): void {
    if (this.#state !== "live") return;
    this.#state = "left";
    if (this.#frameTimer !== null) clearInterval(this.#frameTimer);
    if (this.#flushTimer !== null) clearTimeout(this.#flushTimer);
    for (const undo of this.#undo) undo();
    const { lines } = this.#drawn;
    const before = { width: this.#open.width, style: this.#open.style };
    this.#open.feed(this.#pending, this.#screen.columns);
    // Drawn anew in any case: the terminal has echoed the ^C into it.
    const last = keepPanel || this.#pending !== ""
      ? writeAbove(this.#drawn, {
        text: this.#pending,
        lines: keepPanel ? lines : [],
        before,
        after: this.#open,
        screen: this.#screen,
      })
      : erase(this.#drawn, before, this.#screen);
    this.#writeNow(`${last}${keepPanel && lines.length > 0 ? "\r\n" : ""}${SHOW_CURSOR}`);
  }

  /** For the last words before an exit: not left to a stream that may never get to it. */
  #writeNow(text: string): void {
    const bytes = new TextEncoder().encode(text);
    const deadline = performance.now() + 1000;
    for (let written = 0; written < bytes.length;) {
      try {
        written += writeSync(this.#stream.fd, bytes, written);
      } catch (error) {
        // The terminal is full for the moment, or gone.
        const full = (error as NodeJS.ErrnoException).code === "EAGAIN";
        if (!full || performance.now() > deadline) return;
      }
    }
  }
}

/** Whether both streams end at one terminal device. */
function sameTerminal(a: TerminalStream, b: TerminalStream): boolean {
  if (a.isTTY !== true || b.isTTY !== true) return false;
  try {
    return fstatSync(a.fd).rdev === fstatSync(b.fd).rdev;
  } catch {
    return false;
  }
}
