// Aligned columns as Docker prints them: upper-case headers, three blanks between columns, nothing cut.
import { escapeControls } from "../../mesh/printable.ts";

const GAP = "   ";

/** Rows under their headers, each line ending with a newline. Control characters in cells are escaped. */
export function renderTable(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const lines = [headers, ...rows.map((row) => row.map(escapeControls))];
  const widths = headers.map((_, column) => Math.max(...lines.map((line) => width(line[column]))));
  return lines.map((line) => `${renderLine(line, widths)}\n`).join("");
}

function renderLine(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - width(cell)))
    .join(GAP)
    .trimEnd();
}

/** In characters, not in UTF-16 units. */
function width(cell: string | undefined): number {
  return [...(cell ?? "")].length;
}
