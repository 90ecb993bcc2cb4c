// Aligned columns as Docker prints them: upper-case headers, three blanks between columns, ten characters for each at least.
import { escapeControls } from "../../mesh/printable.ts";

const GAP = "   ";
/** Together with the gap these are Docker's ten. */
const NARROWEST = 7;

/** Rows under their headers, each line ending with a newline. Control characters in cells are escaped. */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return alignColumns([headers, ...rows.map((row) => row.map(escapeControls))]);
}

/** Lines of cells, of which some may have fewer than others. */
export function alignColumns(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const line of lines)
    for (const [column, cell] of line.entries())
      widths[column] = Math.max(widths[column] ?? NARROWEST, width(cell));
  return lines.map((line) => `${renderLine(line, widths)}\n`).join("");
}

function renderLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
    .join(GAP)
    .trimEnd();
}

/** In characters, not in UTF-16 units. */
function width(cell: string): number {
  return [...cell].length;
}
