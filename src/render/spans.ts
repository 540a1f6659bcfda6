/** A line under construction: pieces of plain text, each with its paint, so that widths stay known. */
import type { Paint } from "./theme.ts";
import { cut, measure } from "./width.ts";

export interface Span {
  text: string;
  paint?: Paint;
}

/** Columns of all spans together. */
export function spansWidth(spans: readonly Span[]): number {
  return spans.reduce((width, span) => width + measure(span.text), 0);
}

/** The painted line, cut to `width` columns. Trailing spaces are left out unless they are painted. */
export function paintSpans(spans: readonly Span[], width: number, ellipsis: string): string {
  let room = width;
  let line = "";
  for (const span of spans) {
    const text = cut(span.text, room, ellipsis);
    line += text.trim() === "" || span.paint === undefined ? text : span.paint(text);
    room -= measure(text);
    if (text !== span.text) break;
  }
  return line.trimEnd();
}

export interface Group {
  /** The group with the lowest is dropped first. */
  keep: number;
  spans: readonly Span[];
}

/** The groups in their order, with `gap` between them, without those that `width` has no room for. */
export function joinFitting(groups: readonly Group[], width: number, gap: Span): Span[] {
  const kept = [...groups];
  const needed = () =>
    kept.reduce((sum, { spans }) => sum + spansWidth(spans), 0) +
    measure(gap.text) * (kept.length - 1);
  while (kept.length > 1 && needed() > width) {
    const dropped = kept.reduce((low, group) => group.keep < low.keep ? group : low);
    kept.splice(kept.indexOf(dropped), 1);
  }
  return kept.flatMap(({ spans }, index) => index === 0 ? spans : [gap, ...spans]);
}
