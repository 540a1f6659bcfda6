/** Rows of text in columns, the first to the left and the others to the right. Pure. */

/** In a row that is shorter than the headings, the last cell goes over the columns that are left. */
export function layOutColumns(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
): string[] {
  const all = [headings, ...rows];
  // Such a cell widens no column.
  const widths = headings.map((_, column) =>
    Math.max(...all.map((row) => isOver(row, column, headings) ? 0 : row[column]?.length ?? 0))
  );
  return all.map((row) =>
    row.map((cell, column) =>
      isOver(row, column, headings)
        ? cell
        : column === 0
        ? cell.padEnd(widths[0]!)
        : cell.padStart(widths[column]!)
    ).join("   ").trimEnd()
  );
}

function isOver(row: readonly string[], column: number, headings: readonly string[]): boolean {
  return row.length < headings.length && column === row.length - 1;
}
