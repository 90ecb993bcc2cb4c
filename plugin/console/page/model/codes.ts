// What the codes mean, read from the text of docs/errors.md, which is bundled with the page. Pure.

export interface CodeText {
  readonly code: string;
  readonly meaning: string;
  readonly cause: string;
  readonly cure: string;
}

export type Codes = ReadonlyMap<string, CodeText>;

/** Every row of a table whose first cell is a code and whose last three say what it means, whence it comes and what helps. */
export function parseCodes(markdown: string): Codes {
  const codes = new Map<string, CodeText>();
  for (const line of markdown.split("\n")) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [, code = ""] = /^`([A-Z][A-Z_0-9]+)`$/.exec(cells[1] ?? "") ?? [];
    if (code === "" || cells.length < 6) continue;
    const [meaning = "", cause = "", cure = ""] = cells.slice(-4, -1);
    codes.set(code, { code, meaning, cause, cure });
  }
  return codes;
}

export interface TextPart {
  readonly kind: "text" | "code";
  readonly text: string;
}

/** Text with `code` in it. Links become their text: where they lead is in the documentation, not here. */
export function parseInline(markdown: string): readonly TextPart[] {
  const plain = markdown.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("\\|", "|");
  return plain
    .split("`")
    .map((text, index): TextPart => ({ kind: index % 2 === 1 ? "code" : "text", text }))
    .filter(({ text }) => text !== "");
}
