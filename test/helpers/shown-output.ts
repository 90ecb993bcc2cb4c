// Commands as pages show them, and whether what they print is what the page shows below them.
//
// A block ```console has lines that begin with `$ `, each a command (with `\` at its end, or a heredoc's lines behind `> `, it
// goes on), and below it what it prints; nothing below means that nobody looks. `# fails` at the end: it is to fail.
// In what is shown `…` stands for the rest of a word or line, and a line of `…` alone for any lines. Blanks between columns,
// times, sizes, addresses, identifiers and hashes are compared by their form, since they differ each time.

export interface Step {
  readonly command: string;
  /** What the page shows below it. */
  readonly shown: readonly string[];
  readonly fails: boolean;
}

const PROMPT = "$ ";
const CONTINUED = "> ";
const FAILS = /\s+# fails$/;

/** The steps of a ```console block. */
export function readSteps(text: string): readonly Step[] {
  const steps: { command: string; shown: string[]; fails: boolean }[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const last = steps.at(-1);
    if (line.startsWith(PROMPT)) {
      const command = line.slice(PROMPT.length);
      const fails = FAILS.test(command);
      steps.push({ command: command.replace(FAILS, ""), shown: [], fails });
    } else if (last === undefined) {
      throw new Error(`expected a line that begins with "$ ", found "${line}"`);
    } else if (last.shown.length === 0 && last.command.endsWith("\\")) {
      last.command += `\n${line.trimStart()}`;
    } else if (last.shown.length === 0 && line.startsWith(CONTINUED)) {
      last.command += `\n${line.slice(CONTINUED.length)}`;
    } else last.shown.push(line);
  }
  return steps;
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  [/…/y, ".*"],
  [/[ \t]+/y, "[ \\t]+"],
  [/\d{4}-\d\d-\d\dT[\d:.]+Z?/y, "\\d{4}-\\d\\d-\\d\\dT[\\d:.]+Z?"],
  [/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/y, "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"],
  [/\b[0-9a-f]{12,}\b/y, "[0-9a-f]{12,}"],
  [/\d\d:\d\d:\d\d(?:\.\d+)?/y, "\\d\\d:\\d\\d:\\d\\d(?:\\.\\d+)?"],
  [/\b(?:\d{1,3}\.){3}\d{1,3}(?!\d)/y, "(?:\\d{1,3}\\.){3}\\d{1,3}"],
  [/\b(?:\d+(?:\.\d+)?(?:ms|s|m|h|d|[KMG]i?B|B)\b|\d+[hms](?=\d))+/y, "[\\d.]+[a-zA-Z][\\w.]*"],
];

/** Whether a command printed what the page shows. */
export function isAsShown(shown: readonly string[], printed: string): boolean {
  const lines = dropBlankEnds(shown).map((line) =>
    line.trim() === "…" ? "(?:.*\\n)*?" : `${lineForm(line.trimEnd())}[ \\t]*\\n`,
  );
  const text = dropBlankEnds(printed.split("\n"))
    .map((line) => `${line}\n`)
    .join("");
  return new RegExp(`^${lines.join("")}$`).test(text);
}

function lineForm(line: string): string {
  let form = "";
  for (let at = 0; at < line.length; ) {
    const found = VARYING.map(([pattern, stands]) => {
      pattern.lastIndex = at;
      return { length: pattern.exec(line)?.[0].length ?? 0, stands };
    }).find(({ length }) => length > 0);
    form += found?.stands ?? RegExp.escape(line[at] ?? "");
    at += found?.length ?? 1;
  }
  return form;
}

function dropBlankEnds(lines: readonly string[]): readonly string[] {
  const filled = (line: string): boolean => line.trim() !== "";
  const first = lines.findIndex(filled);
  return first < 0 ? [] : lines.slice(first, lines.findLastIndex(filled) + 1);
}
