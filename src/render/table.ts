/**
 * Tables that fit: columns are dropped by priority until the rest has room, one column gives way and one
 * takes what is left.
 */
import { type Span, spansWidth } from "./spans.ts";
import type { Theme } from "./theme.ts";
import { cut, cutMiddle, measure } from "./width.ts";

export interface Column<Row> {
  title: string;
  align: "left" | "right";
  /** The column with the lowest is dropped first; the first column of a table is never dropped. */
  keep: number;
  /** Least columns, so that a table does not jump about as its figures change. @default the title */
  width?: number;
  /** May be cut down to this share of the table's width before another column is dropped. */
  shrinkTo?: number;
  /** Whether what is too long is cut in its middle. @default false */
  middle?: boolean;
  /** Takes the columns that are left over, up to so many. */
  growTo?: number;
  /** `width` matters to cells that are drawn to fit. */
  cell: (row: Row, width: number) => Span | Span[];
}

export interface TableSpace {
  columns: number;
  /** Lines including the title; at least 2 for anything to be shown. */
  rows: number;
}

interface Placed<Row> {
  column: Column<Row>;
  width: number;
}

/** Titles and rows as lines of at most `columns` columns; rows that do not fit are counted in the last. */
export function layOutTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { space, theme, more }: {
    space: TableSpace;
    theme: Theme;
    /** Says what is left out. */
    more: (hidden: readonly Row[]) => string;
  },
): Span[][] {
  if (space.rows < 2 || rows.length === 0) return [];
  const shown = rows.length <= space.rows - 1 ? rows : rows.slice(0, Math.max(1, space.rows - 2));
  const gap = space.columns < 60 ? 1 : 2;
  const placed = placeColumns(shown, columns, space.columns, gap);
  const lines = [
    placed.flatMap(({ column, width }, index) =>
      withGap(
        padCell({ text: column.title, paint: theme.palette.dim }, width, column, theme),
        index,
        gap,
      )
    ),
  ];
  for (const row of shown) {
    lines.push(
      placed.flatMap(({ column, width }, index) =>
        withGap(padCell(column.cell(row, width), width, column, theme), index, gap)
      ),
    );
  }
  if (shown.length < rows.length && lines.length < space.rows) {
    const text = `${theme.glyphs.ellipsis} and ${more(rows.slice(shown.length))}`;
    lines.push([{ text, paint: theme.palette.dim }]);
  }
  return lines;
}

function placeColumns<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  room: number,
  gap: number,
): Placed<Row>[] {
  const placed = columns.map((column) => ({ column, width: naturalWidth(rows, column) }));
  const shrinking = placed.find(({ column }) => column.shrinkTo !== undefined);
  const least = shrinking === undefined
    ? 0
    : Math.min(shrinking.width, Math.max(4, Math.floor(room * shrinking.column.shrinkTo!)));
  const needed = () =>
    placed.reduce((sum, one) => sum + (one === shrinking ? least : one.width), 0) +
    gap * (placed.length - 1);
  while (needed() > room && placed.length > 1) {
    const dropped = placed.slice(1).reduce((low, one) =>
      one.column.keep < low.column.keep ? one : low
    );
    placed.splice(placed.indexOf(dropped), 1);
  }
  let left = room - needed();
  if (shrinking !== undefined && placed.includes(shrinking)) {
    const wanted = shrinking.width - least;
    shrinking.width = Math.min(room, least + Math.max(0, Math.min(wanted, left)));
    left -= shrinking.width - least;
  }
  const growing = placed.find(({ column }) => column.growTo !== undefined);
  if (growing !== undefined && left > 0) {
    growing.width = Math.max(growing.width, Math.min(growing.column.growTo!, growing.width + left));
  }
  return placed;
}

function naturalWidth<Row>(rows: readonly Row[], column: Column<Row>): number {
  const least = Math.max(column.width ?? 0, measure(column.title));
  if (column.growTo !== undefined) return least;
  return rows.reduce(
    (width, row) => Math.max(width, spansWidth([column.cell(row, 0)].flat())),
    least,
  );
}

function padCell<Row>(
  cell: Span | Span[],
  width: number,
  column: Column<Row>,
  theme: Theme,
): Span[] {
  const spans: Span[] = [];
  const shorten = column.middle === true ? cutMiddle : cut;
  let left = width;
  for (const span of [cell].flat()) {
    const text = shorten(span.text, left, theme.glyphs.ellipsis);
    spans.push(text === span.text ? span : { ...span, text });
    left -= measure(text);
    if (text !== span.text) break;
  }
  const fill = { text: " ".repeat(Math.max(0, left)) };
  return column.align === "left" ? [...spans, fill] : [fill, ...spans];
}

function withGap(cell: Span[], index: number, gap: number): Span[] {
  return index === 0 ? cell : [{ text: " ".repeat(gap) }, ...cell];
}
