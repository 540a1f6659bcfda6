/** The two pictures of the panel: a bar for a share, a sparkline for the last minute. */
import type { Span } from "./spans.ts";
import type { Theme } from "./theme.ts";

/** `value` of `limit` in exactly `width` columns; something above zero shows at least a trace. */
export function drawBar(value: number, limit: number, width: number, theme: Theme): Span[] {
  const { bar, barEmpty, barEnds: [open, close] } = theme.glyphs;
  const cells = Math.max(0, width - open.length - close.length);
  const steps = bar.length;
  const share = limit > 0 ? Math.min(1, Math.max(0, value / limit)) : 0;
  // Only what is full looks full, only what is empty looks empty.
  const highest = share < 1 ? cells * steps - 1 : cells * steps;
  const filled = Math.min(highest, Math.max(share > 0 ? 1 : 0, Math.round(share * cells * steps)));
  const whole = Math.floor(filled / steps);
  const partial = filled % steps === 0 ? "" : bar[filled % steps - 1]!;
  return [
    { text: open, paint: theme.palette.dim },
    { text: bar[steps - 1]!.repeat(whole) + partial, paint: theme.palette.accent },
    { text: barEmpty.repeat(cells - whole - partial.length), paint: theme.palette.dim },
    { text: close, paint: theme.palette.dim },
  ];
}

export interface SparklineInput {
  /** One figure per whole second, oldest first. */
  history: readonly number[];
  /** Since the start; tells which seconds belong together when several share a column. */
  uptimeMs: number;
}

/**
 * The last minute in exactly `width` columns, the newest at the right. When there are fewer columns than
 * seconds, each shows the mean of several, in groups that stay the same from one second to the next.
 */
export function drawSparkline(
  { history, uptimeMs }: SparklineInput,
  width: number,
  theme: Theme,
): Span[] {
  const { spark } = theme.glyphs;
  const means = groupMeans(history, Math.max(1, Math.ceil(60 / Math.max(1, width))), uptimeMs)
    .slice(-width);
  const highest = Math.max(...means, 0);
  const spans: Span[] = [{ text: " ".repeat(Math.max(0, width - means.length)) }];
  for (const mean of means) {
    const level = mean <= 0 ? 0 : Math.max(1, Math.round(mean / highest * (spark.length - 1)));
    const paint = level === 0 ? theme.palette.dim : theme.palette.accent;
    const last = spans[spans.length - 1]!;
    if (last.paint === paint) last.text += spark[level]!;
    else spans.push({ text: spark[level]!, paint });
  }
  return spans;
}

function groupMeans(history: readonly number[], size: number, uptimeMs: number): number[] {
  if (size === 1) return [...history];
  const firstSecond = Math.floor(uptimeMs / 1000) - history.length;
  const groups = new Map<number, number[]>();
  history.forEach((value, index) => {
    const group = Math.floor((firstSecond + index) / size);
    const values = groups.get(group);
    if (values === undefined) groups.set(group, [value]);
    else values.push(value);
  });
  return Array.from(groups.values(), (values) => values.reduce((a, b) => a + b, 0) / values.length);
}
