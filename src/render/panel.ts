/**
 * The live panel: one snapshot as lines of text, for a terminal of so many columns and rows. Pure: the
 * same input gives the same text. No line is wider than the columns, there are never more lines than
 * rows, and nothing from a message or a name reaches the text unescaped.
 */
import type { Snapshot } from "../stats/snapshot.ts";
import { headerLine } from "./panel_header.ts";
import { footerLine, inFlightLine, rateLine, totalsLine } from "./panel_overview.ts";
import { taskLines } from "./panel_tasks.ts";
import { heldLines, heldMessages, topicLines } from "./panel_topics.ts";
import { planRows, type RowPlan } from "./panel_rows.ts";
import { paintSpans, type Span, spansWidth } from "./spans.ts";
import type { Theme } from "./theme.ts";

/** From here on tasks and topics stand side by side. */
const WIDE = 160;
const BETWEEN = 4;
const OVERVIEW_ROWS = 3;
/** Wider than this, lines are hard to follow with the eye. */
const WIDEST = 240;

export interface PanelSize {
  columns: number;
  rows: number;
}

/** Lines joined by newlines, without one at the end. */
export function renderPanel(snapshot: Snapshot, size: PanelSize, theme: Theme): string {
  const columns = Math.max(1, Math.min(WIDEST, Math.floor(size.columns)));
  const rows = Math.max(1, Math.floor(size.rows));
  const body = columns >= WIDE && snapshot.topics.length > 0 ? sideBySide : stacked;
  const lines: Span[][] = [
    headerLine(snapshot, columns, theme),
    ...body(snapshot, { columns, rows: rows - 2 }, theme).slice(0, rows - 1),
  ];
  if (rows > 4) lines.push(footerLine(snapshot, columns, theme));
  return lines.map((line) => paintSpans(line, columns, theme.glyphs.ellipsis)).join("\n");
}

/** Overview, tasks and topics below one another. */
function stacked(snapshot: Snapshot, { columns, rows }: PanelSize, theme: Theme): Span[][] {
  const plan = planRows({
    rows: rows - OVERVIEW_ROWS,
    tasks: snapshot.tasks.length,
    topics: snapshot.topics.length,
  });
  return frame([
    overview(snapshot, columns, theme),
    tasksPart(snapshot, { columns, rows: plan.tasks }, theme),
    ...topicParts(snapshot, columns, plan, theme),
  ], plan.gaps);
}

/** Overview and tasks on the left, topics on the right. */
function sideBySide(snapshot: Snapshot, { columns, rows }: PanelSize, theme: Theme): Span[][] {
  const leftColumns = Math.floor((columns - BETWEEN) * 0.57);
  const rightColumns = columns - BETWEEN - leftColumns;
  const left = planRows({ rows: rows - OVERVIEW_ROWS, tasks: snapshot.tasks.length, topics: 0 });
  const right = planRows({ rows, tasks: 0, topics: snapshot.topics.length });
  const gaps = left.gaps && right.gaps;
  const leftLines = frame([
    overview(snapshot, leftColumns, theme),
    tasksPart(snapshot, { columns: leftColumns, rows: left.tasks }, theme),
  ], gaps);
  const rightLines = frame(topicParts(snapshot, rightColumns, right, theme), gaps);
  return beside(leftLines, rightLines, leftColumns);
}

function overview(snapshot: Snapshot, columns: number, theme: Theme): Span[][] {
  return [inFlightLine, rateLine, totalsLine].map((line) => line(snapshot, columns, theme));
}

function tasksPart(snapshot: Snapshot, space: PanelSize, theme: Theme): Span[][] {
  return taskLines(snapshot.tasks, { space, theme, uptimeMs: snapshot.uptimeMs });
}

function topicParts(
  { topics }: Snapshot,
  columns: number,
  plan: RowPlan,
  theme: Theme,
): Span[][][] {
  return [
    topicLines(topics, { space: { columns, rows: plan.topics }, theme }),
    heldLines(heldMessages(topics), { space: { columns, rows: plan.held }, theme }),
  ];
}

/** The parts one below the other; with gaps, an empty line between them and at both ends. */
function frame(parts: Span[][][], gaps: boolean): Span[][] {
  const filled = parts.filter((part) => part.length > 0);
  if (!gaps) return filled.flat();
  return [[], ...filled.flatMap((part) => [...part, []])];
}

function beside(left: Span[][], right: Span[][], leftColumns: number): Span[][] {
  const lines: Span[][] = [];
  for (let row = 0; row < Math.max(left.length, right.length); row++) {
    const start = left[row] ?? [];
    const fill = { text: " ".repeat(Math.max(0, leftColumns - spansWidth(start)) + BETWEEN) };
    lines.push([...start, fill, ...(right[row] ?? [])]);
  }
  return lines;
}
