/** The panel's first line: what runs, in which state, for how long; also a rule below the user's lines. */
import type { BrokerState, Snapshot, WorkerState } from "../stats/snapshot.ts";
import { escapeText } from "./escape.ts";
import { formatAge } from "./numbers.ts";
import { type Span, spansWidth } from "./spans.ts";
import type { Paint, Palette, Theme } from "./theme.ts";
import { cut } from "./width.ts";

/** Exactly `width` columns, from 12 on. */
export function headerLine(snapshot: Snapshot, width: number, theme: Theme): Span[] {
  const { palette, glyphs } = theme;
  const rule = (columns: number) => ({ text: glyphs.rule.repeat(columns), paint: palette.dim });
  const state: Span = {
    text: `${glyphs.dot} ${snapshot.state}`,
    paint: paintOfState(snapshot.state, palette),
  };
  const broker = brokerSpan(snapshot.broker, palette);
  const uptime: Span = { text: `up ${formatAge(snapshot.uptimeMs)}`, paint: palette.dim };
  const between: Span = { text: ` ${glyphs.separator} `, paint: palette.dim };

  // The state is always told, then trouble with the broker, then the group, then the rest.
  let right = [state];
  const wishes = snapshot.broker.state === "up" ? [uptime, broker] : [broker, uptime];
  for (const wish of wishes) {
    const longer = wish === broker && right.length > 1
      ? [state, between, broker, ...right.slice(1)]
      : [...right, between, wish];
    const spared = wish === broker && snapshot.broker.state !== "up" ? 4 : 24;
    if (spansWidth(longer) + spared <= width) right = longer;
  }
  const room = width - spansWidth(right) - "-- taskc --  --  --".length;
  const name = escapeText(snapshot.group, { ascii: theme.ascii });
  const processes = describeProcesses(snapshot);
  // A group can be told by a part of its name.
  const group = room >= processes.length + 3
    ? cut(name, room - processes.length, glyphs.ellipsis) + processes
    : room < 3
    ? ""
    : cut(name, room, glyphs.ellipsis);
  const left: Span[] = [rule(2), { text: " taskc ", paint: palette.strong }];
  if (group !== "") left.push(rule(2), { text: ` ${group} `, paint: palette.plain });
  const end = [{ text: " " }, ...right, { text: " " }, rule(2)];
  const middle = width - spansWidth(left) - spansWidth(end);
  if (middle >= 0) return [...left, rule(middle), ...end];
  const rest = width - spansWidth(right) - 4;
  return rest < 0 ? right : [rule(2), { text: " " }, ...right, { text: " " }, rule(rest)];
}

/** Nothing is said of a process that is alone. */
function describeProcesses({ state, processes: { running, of } }: Snapshot): string {
  if (of === 1) return "";
  return running === of || state === "stopped"
    ? `, ${of} processes`
    : `, ${running} of ${of} processes`;
}

function paintOfState(state: WorkerState, palette: Palette): Paint {
  switch (state) {
    case "starting":
      return palette.accent;
    case "running":
      return palette.good;
    case "draining":
      return palette.warn;
    case "aborting":
      return palette.bad;
    case "stopped":
      return palette.dim;
  }
}

function brokerSpan(broker: BrokerState, palette: Palette): Span {
  switch (broker.state) {
    case "up":
      return { text: "broker up", paint: palette.dim };
    case "connecting":
      return { text: `connecting ${formatAge(broker.sinceMs)}`, paint: palette.warn };
    case "down":
      return { text: `broker DOWN ${formatAge(broker.sinceMs)}`, paint: palette.bad };
  }
}
