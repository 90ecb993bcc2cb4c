// A value as one line of JSON, fit for a terminal.

/** What a terminal might obey is in escapes, which JSON itself asks for only in part. Ends with a newline. */
export function jsonLine(value: object): string {
  const text = JSON.stringify(value).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (found) =>
    [...Array(found.length).keys()]
      .map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, "0")}`)
      .join(""),
  );
  return `${text}\n`;
}
