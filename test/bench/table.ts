// Tables of text, for a terminal and for a page.

export interface Table {
  readonly title: string;
  /** The first row holds the headings, the first column the names. */
  readonly rows: readonly (readonly string[])[];
  /** Said below it; empty for nothing. */
  readonly note: string;
}

/** Columns as wide as their widest cell, the names to the left, everything else to the right. */
export function asText({ title, rows, note }: Table): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const lines = rows.map((row) =>
    widths
      .map((width, column) => {
        const cell = row[column] ?? "";
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
  return [title, ...lines, note].filter(Boolean).join("\n");
}

export function asMarkdown({ title, rows: [headings = [], ...rows], note }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = headings.map((_, column) => (column === 0 ? "---" : "--:"));
  const table = [headings, rule, ...rows].map(line).join("\n");
  return [title === "" ? "" : `**${title}**`, table, note].filter(Boolean).join("\n\n");
}
