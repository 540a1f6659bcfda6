/** The figures of the whole worker: the lines between header and tables, and the footer. */
import type { Snapshot } from "../stats/snapshot.ts";
import { drawBar, drawSparkline } from "./graphs.ts";
import { formatBytes, formatCount, formatDuration, formatRate } from "./numbers.ts";
import { joinFitting, type Span, spansWidth } from "./spans.ts";
import type { Paint, Theme } from "./theme.ts";

const LABEL_COLUMNS = 11;
const LONGEST_BAR = 60;
/** Loop delays that tasks begin to notice, and that endanger the membership in the group. */
const SLOW_LOOP_MS = 50;
const STUCK_LOOP_MS = 1000;

/** How many attempts run, against the limit. */
export function inFlightLine(snapshot: Snapshot, width: number, theme: Theme): Span[] {
  const { inFlight, limit, waiting } = snapshot;
  const { palette } = theme;
  // Figures keep their width, so that the bar's length tells the share and nothing else.
  const bound = formatCount(limit);
  const figures: Span[] = [
    { text: formatCount(inFlight).padStart(bound.length), paint: palette.strong },
    { text: ` of ${bound}` },
  ];
  if (width >= 60) {
    figures.push(
      { text: "   waiting ", paint: palette.dim },
      { text: formatCount(waiting).padEnd(5), paint: waiting === 0 ? palette.dim : palette.plain },
    );
  }
  return graphLine(
    "in flight",
    figures,
    { width, theme },
    (columns) => drawBar(inFlight, limit, columns, theme),
  );
}

/** Tasks done a second, now and over the last minute. */
export function rateLine(snapshot: Snapshot, width: number, theme: Theme): Span[] {
  const now: Span[] = [{
    text: formatRate(snapshot.totals.ratePerSecond).padEnd(7),
    paint: theme.palette.strong,
  }];
  if (width >= 100 && snapshot.rateHistory.length > 1) {
    const best = formatRate(Math.max(snapshot.totals.ratePerSecond, ...snapshot.rateHistory));
    now.push({ text: "   best ", paint: theme.palette.dim }, { text: best });
  }
  const input = { history: snapshot.rateHistory, uptimeMs: snapshot.uptimeMs };
  return graphLine(
    "rate",
    now,
    { width, theme },
    (columns) => drawSparkline(input, columns, theme),
  );
}

/** What became of all messages so far, and how long runs take. */
export function totalsLine(snapshot: Snapshot, width: number, theme: Theme): Span[] {
  const { palette, glyphs } = theme;
  const { totals } = snapshot;
  const figure = (count: number, name: string, paint: Paint = palette.plain): Span[] => [
    { text: formatCount(count), paint: count === 0 ? palette.dim : paint },
    { text: ` ${name}`, paint: palette.dim },
  ];
  const time = (name: string, ms: number | null): Span[] => [
    { text: `${name} `, paint: palette.dim },
    { text: ms === null ? "-" : formatDuration(ms, glyphs.microsecond) },
  ];
  const times = [...time("p50", totals.p50Ms), { text: "  " }, ...time("p99", totals.p99Ms)];
  // What became of messages comes before how long it took, so that the figures sum up.
  const groups = [
    { keep: 9, spans: figure(totals.done, "done", palette.strong) },
    { keep: 7, spans: figure(totals.failed, "failed", palette.warn) },
    { keep: 5, spans: figure(totals.retried, "retried") },
    { keep: 8, spans: figure(totals.dead, "dead", palette.bad) },
    { keep: totals.discarded > 0 ? 6.5 : 0, spans: figure(totals.discarded, "discarded") },
    {
      keep: totals.abandoned > 0 ? 6.5 : 0,
      spans: figure(totals.abandoned, "abandoned", palette.warn),
    },
    { keep: totals.skipped > 0 ? 6.5 : 0, spans: figure(totals.skipped, "skipped", palette.warn) },
    { keep: 6, spans: times },
  ].filter(({ keep }) => keep > 0);
  const gap = { text: width < 60 ? " " : width < 100 ? "  " : "   " };
  return [label("total", theme), ...joinFitting(groups, width - LABEL_COLUMNS, gap)];
}

/** What the process itself uses. */
export function footerLine(snapshot: Snapshot, width: number, theme: Theme): Span[] {
  const { palette, glyphs } = theme;
  const { loopDelayMs, heldBytes, maxBytes, rssBytes } = snapshot;
  const duration = (ms: number) => formatDuration(ms, glyphs.microsecond);
  const delay = loopDelayMs.p99;
  const slow = delay >= STUCK_LOOP_MS
    ? palette.bad
    : delay >= SLOW_LOOP_MS
    ? palette.warn
    : undefined;
  const full = maxBytes > 0 && heldBytes >= maxBytes ? palette.warn : palette.plain;
  const memory = [{ text: "memory ", paint: palette.dim }, { text: formatBytes(rssBytes) }];
  const groups: Span[][] = [
    memory,
    [
      { text: "held ", paint: palette.dim },
      { text: formatBytes(heldBytes), paint: full },
      { text: ` of ${formatBytes(maxBytes)}`, paint: palette.dim },
    ],
    [
      { text: "loop delay ", paint: palette.dim },
      { text: duration(delay), paint: slow ?? palette.plain },
      ...(width < 70 ? [] : [
        { text: " p99  ", paint: palette.dim },
        { text: duration(loopDelayMs.max) },
        { text: " max", paint: palette.dim },
      ]),
    ],
  ];
  const byOrder = groups.map((spans, index) => ({ keep: -index, spans }));
  return joinFitting(byOrder, width, { text: width < 60 ? "  " : "    " });
}

/** Label, picture, figures: the picture takes what the figures leave, and goes when that is too little. */
function graphLine(
  name: string,
  figures: Span[],
  { width, theme }: { width: number; theme: Theme },
  draw: (columns: number) => Span[],
): Span[] {
  const room = width - LABEL_COLUMNS - spansWidth(figures) - 2;
  const graph = room < 5 ? [] : [...draw(Math.min(LONGEST_BAR, room)), { text: "  " }];
  return [label(name, theme), ...graph, ...figures];
}

function label(name: string, theme: Theme): Span {
  return { text: name.padEnd(LABEL_COLUMNS), paint: theme.palette.dim };
}
