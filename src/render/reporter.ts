/**
 * Shows stats and events in the mode asked for. Figures come from their source at each turn; nothing is
 * kept here.
 *
 * - `tty`: a live panel, events above it, a summary in its place at the end.
 * - `lines`: a line of figures at each interval, a line for each event, a line of summary.
 * - `json`: the same as NDJSON; figures also at the start.
 * - `off`: events only.
 */
import process from "node:process";
import type { NumberedEvent } from "../stats/events.ts";
import type { Snapshot } from "../stats/snapshot.ts";
import type { StatsSource } from "../stats/source.ts";
import { EventLimiter, type HeldBack } from "./event_limiter.ts";
import { formatEvent } from "./event_text.ts";
import { formatEventJson, formatStatsJson, formatSummaryJson } from "./json.ts";
import { formatEventLine, formatPairs, formatStatsLine, formatTime } from "./lines.ts";
import { renderPanel } from "./panel.ts";
import { formatSummary, formatSummaryLine } from "./summary.ts";
import { LiveTerminal, type TerminalSize, type TerminalStream } from "./terminal.ts";
import {
  colourLevel,
  type Environment,
  reflows,
  type StatsMode,
  supportsUnicode,
} from "./terminal_support.ts";
import { createTheme, type Theme } from "./theme.ts";

const SECOND = 1000;

export interface ReporterOptions {
  mode: StatsMode;
  /** Asked once for each frame, line or record. */
  source: StatsSource;
  /** `now`: milliseconds that only rise; `wall`: since the epoch. */
  clock: { now(): number; wall(): number };
  /** @default process.stderr */
  stream?: TerminalStream;
  /** @default process.stdout */
  stdout?: TerminalStream;
  /** For colours and character set. @default process.env */
  env?: Environment;
  /** Between two lines or records, milliseconds. @default 10,000 */
  intervalMs?: number;
  /** Of the panel, 4 to 10. @default 5 */
  framesPerSecond?: number;
}

export interface Reporter {
  /** Shows what comes from now on. Keeps no process alive. */
  start(): void;
  /** Shows the summary and gives the terminal back. Makes the last snapshot itself unless given one. */
  stop(finalSnapshot?: Snapshot): void;
}

/** How one mode writes; each call is one piece of output. */
interface Output {
  start(): void;
  figures(snapshot: Snapshot): void;
  event(event: NumberedEvent, at: number): void;
  heldBack(heldBack: HeldBack, at: number): void;
  stop(snapshot: Snapshot): void;
}

/** The reporter of a mode; nothing is shown before its `start`. */
export function createReporter(options: ReporterOptions): Reporter {
  const { mode, source, clock, intervalMs = 10 * SECOND } = options;
  const snapshot = () => source.snapshot();
  const output = createOutput(options, snapshot);
  const limiter = mode === "json" ? null : new EventLimiter();
  const undo: (() => void)[] = [];

  const onEvent = (event: NumberedEvent) => {
    if (limiter === null || limiter.admit(event)) output.event(event, clock.wall());
  };
  const onSecond = () => {
    if (mode !== "off") source.tick();
    for (const heldBack of limiter?.takeHeldBack() ?? []) output.heldBack(heldBack, clock.wall());
  };
  const every = (ms: number, turn: () => void) => {
    const timer = setInterval(turn, ms);
    timer.unref?.();
    undo.push(() => clearInterval(timer));
  };
  return {
    start() {
      output.start();
      undo.push(source.onEvent(onEvent));
      every(SECOND, onSecond);
      if (mode === "lines" || mode === "json") every(intervalMs, () => output.figures(snapshot()));
    },
    stop(finalSnapshot = snapshot()) {
      for (const end of undo.splice(0)) end();
      onSecond();
      output.stop(finalSnapshot);
    },
  };
}

function createOutput(options: ReporterOptions, snapshot: () => Snapshot): Output {
  const { mode, stream = process.stderr } = options;
  const write = (line: string) => void stream.write(`${line}\n`);
  switch (mode) {
    case "tty":
      return panelOutput(options);
    case "lines":
      return {
        ...eventLines(write),
        start: () => ignoreErrors(stream),
        figures: (figures) => write(formatStatsLine(figures)),
        stop: (figures) => write(formatSummaryLine(figures)),
      };
    case "json":
      return {
        start() {
          ignoreErrors(stream);
          write(formatStatsJson(snapshot()));
        },
        figures: (figures) => write(formatStatsJson(figures)),
        event: (event, at) => write(formatEventJson(event, at)),
        heldBack: () => {},
        stop: (figures) => write(formatSummaryJson(figures)),
      };
    case "off":
      return {
        ...eventLines(write),
        start: () => ignoreErrors(stream),
        figures: () => {},
        stop: () => {},
      };
  }
}

function panelOutput(options: ReporterOptions): Output {
  const { stream = process.stderr, stdout = process.stdout, env = process.env } = options;
  const colour = colourLevel(env, stream);
  const theme = createTheme(colour, supportsUnicode(env));
  const terminal = new LiveTerminal({
    stream,
    stdout,
    framesPerSecond: options.framesPerSecond ?? 5,
    colours: colour > 0,
    reflows: reflows(env),
  });
  return {
    start: () => terminal.start(panelRenderer(options, theme)),
    figures: () => {},
    event: (event, at) => terminal.event(formatEvent(event, at, theme)),
    heldBack: ({ event, count }) =>
      terminal.event(
        theme.palette.dim(`${theme.glyphs.ellipsis} and ${count} more "${event}" events`),
      ),
    stop: (figures) => terminal.stop(formatSummary(figures, stream.columns || 80, theme)),
  };
}

/**
 * Renders each frame, or only one a second while nothing goes on: an idle worker with a panel should cost
 * no more than one without.
 */
function panelRenderer(
  { source, clock }: ReporterOptions,
  theme: Theme,
): (size: TerminalSize) => string {
  let last = { text: "", at: -Infinity, still: null as string | null };
  return (size) => {
    const now = clock.now();
    const stillness = source.stillness();
    const still = stillness === null ? null : `${stillness} ${size.columns} ${size.rows}`;
    if (still !== null && still === last.still && now - last.at < SECOND) return last.text;
    last = { text: renderPanel(source.snapshot(), size, theme), at: now, still };
    return last.text;
  };
}

function eventLines(write: (line: string) => void): Pick<Output, "event" | "heldBack"> {
  return {
    event: (event, at) => write(formatEventLine(event, at)),
    heldBack: ({ event, count }, at) =>
      write(`${formatTime(at)} held-back ${formatPairs([["event", event], ["count", count]])}`),
  };
}

/** A reader of the log that goes away must not bring the worker down. */
function ignoreErrors(stream: TerminalStream): void {
  stream.on("error", () => {});
}
