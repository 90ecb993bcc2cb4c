/** Of what a process printed, the line that says most likely why it ended: behind it come a stack and a farewell. */
export function tellingLine(printed: string): string | undefined {
  const lines = printed.split("\n").filter((line) => line.trim() !== "");
  return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1))?.trim();
}
