// Text of unknown origin made fit for a terminal or a log line: what the eye cannot tell apart or cannot see is escaped.

const SHOWN = 64;

/** Printable ASCII stays; anything else, look-alike letters and control characters included, becomes `\n` or `\u{…}`. */
export function escapeUnprintable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/gu, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

/** The first 64 characters, escaped as by {@link escapeUnprintable}, with an ellipsis where there were more. */
export function shorten(text: string): string {
  const shown = [...text.slice(0, 2 * SHOWN)].slice(0, SHOWN).join("");
  return `${escapeUnprintable(shown)}${shown.length < text.length ? "…" : ""}`;
}

/** The text between quotation marks, shortened and escaped, with its full length where it was cut. */
export function quote(text: string): string {
  const shown = shorten(text.replaceAll(/["\\]/g, "\\$&"));
  return shown.endsWith("…") ? `"${shown}" (${text.length} characters)` : `"${shown}"`;
}

/** Control characters escaped, all other text as it is: for messages and names shown in a table. */
export function escapeControls(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) => escapeUnprintable(found));
}
