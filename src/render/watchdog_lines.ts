/**
 * Lines for the native watchdog, which writes them when no JavaScript can run: rendered here beforehand,
 * by the same code as every other event, with marks where it fills in what only it knows then.
 */
import process from "node:process";
import type { WorkerEvent } from "../stats/events.ts";
import { quoteText } from "./escape.ts";
import { formatEvent } from "./event_text.ts";
import { SHOW_CURSOR } from "./frame.ts";
import { formatEventJson } from "./json.ts";
import { formatEventLine, PLAIN } from "./lines.ts";
import {
  colourLevel,
  type Environment,
  type StatsMode,
  supportsUnicode,
} from "./terminal_support.ts";
import { createTheme } from "./theme.ts";

/** One event: for a task that is known, for one of those in flight, for neither. */
export interface EventForms {
  known: string;
  candidates: string;
  nobody: string;
}

export interface WatchdogLines {
  blocked: EventForms;
  forced: EventForms;
  /** As the lines have them. */
  tasks: string[];
  /** Between two of them. */
  separator: string;
  restore: string;
}

/** Stand for what the watchdog knows. With a space the lines quote it, as they do any name but plain ones. */
const PLAIN_TASK = "a_task";
const QUOTED_TASK = "a task";
const REASON = "a reason";
const AT = Date.parse("2001-02-03T04:05:06.789Z");
const BLOCKED_MS = 98_765;
/** Each as one of the formats writes it, and its mark for the watchdog. */
const MARKS: readonly (readonly [shown: string, mark: string])[] = [
  ["2001-02-03T04:05:06.789Z", "{at}"],
  ["04:05:06Z", "{clock}"],
  ["98765", "{ms}"],
  ["98.8 s", "{seconds}"],
  [REASON, "{reason}"],
];

export function watchdogLines({ mode, tasks, stream = process.stderr, env = process.env }: {
  mode: StatsMode;
  tasks: readonly string[];
  /** For colours, as `env` is. */
  stream?: NodeJS.WriteStream;
  env?: Environment;
}): WatchdogLines {
  const name = tasks.every((task) => PLAIN.test(task)) ? PLAIN_TASK : QUOTED_TASK;
  const mark = (line: string, task: string) =>
    MARKS.reduce((text, [shown, by]) => text.replaceAll(shown, by), line).replaceAll(name, task);
  const theme = createTheme(colourLevel(env, stream), supportsUnicode(env));
  const format = (event: WorkerEvent) => {
    switch (mode) {
      case "json":
        return formatEventJson(event, AT);
      case "tty":
        return formatEvent(event, AT, theme);
      case "lines":
      case "off":
        return formatEventLine(event, AT);
    }
  };
  const forms = (event: (task: string | null, candidates: string[]) => WorkerEvent) => ({
    known: mark(format(event(name, [])), "{task}"),
    candidates: mark(format(event(null, [name])), "{tasks}"),
    nobody: mark(format(event(null, [])), ""),
  });
  return {
    blocked: forms((task, candidates) => ({
      event: "loop-blocked",
      task,
      candidates,
      blockedMs: BLOCKED_MS,
      over: false,
    })),
    forced: forms((task, candidates) => ({
      event: "forced-exit",
      reason: REASON,
      task,
      candidates,
    })),
    tasks: tasks.map((task) => {
      if (mode === "json") return JSON.stringify(task).slice(1, -1);
      return quoteText(task, { ascii: theme.ascii }).slice(1, -1);
    }),
    separator: mode === "json" ? '","' : mode === "tty" ? ", " : ",",
    restore: mode === "tty" ? `\r\n${SHOW_CURSOR}` : "",
  };
}
