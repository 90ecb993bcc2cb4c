// The reference of all verbs as Markdown. docs/commands.md is this text; `node plugin/commands/write-reference.ts` writes it.
import type { Command, CommandGroup, Verb } from "./command.ts";
import { FUNCTION_NAMES } from "./template/functions.ts";
import { VERBS } from "./verbs.ts";

const OPENING = `# Commands

<!-- Rendered from the verbs in plugin/commands/ by \`node plugin/commands/write-reference.ts\`; do not edit by hand. -->
<!-- runs on: demo -->

\`docker mesh\` asks the agent of the engine that \`docker\` itself would use: \`-H\`, \`-c\` and \`DOCKER_HOST\` choose another. The exit code is 0
when what was asked is done, 130 or 143 when a signal ended it, and 1 for anything else; the reason is one line on standard error.

## Formats

\`--format\` is that of Docker's own commands:

- \`table\` is for people: columns, and what is too long is cut where there is \`--no-trunc\`.
- \`json\` is one object a line for lists. \`status\`, \`check\`, \`dashboard\`, \`explain\` and \`policy get\` give one object in all, \`endpoints\` and
  \`policy history\` one list.
- \`'{{.Name}} {{.Ports}}'\` is a Go template for each row, with the fields that the verb's help lists; \`\\t\` and \`\\n\` may be written so. An
  unknown field or function is an error, also when there is no row.
- \`'table {{.Name}}\\t{{.Ports}}'\` puts the columns in order under their headers.

Templates may use \`if\`, \`else\`, \`with\`, \`range\`, variables, pipelines and these functions, Docker's own and Go's: ${FUNCTION_NAMES.map((name) => `\`${name}\``).join(", ")}. A
list is printed with commas between its entries.

\`\`\`sh
docker mesh services --format 'table {{.Name}}\\t{{.Endpoints}}'
docker mesh services --format '{{.Name}}{{range .Ports}} {{.}}{{end}}'
docker mesh status --format '{{if ne .Health "passing"}}{{.Container}} {{.Health}}{{end}}'
\`\`\`

Colours are used by \`tap\` alone, on a terminal, unless \`NO_COLOR\` is set.
`;

/** The whole page, ending with a newline. */
export async function renderReference(): Promise<string> {
  const sections = await Promise.all(VERBS.map(async (verb) => await renderVerb(verb, [])));
  return [OPENING, ...sections.flat()].join("\n");
}

/** Nothing for a verb that is not listed. */
async function renderVerb(
  { name, summary, load }: Verb,
  group: readonly string[],
): Promise<readonly string[]> {
  if (summary === undefined) return [];
  const command: Command | CommandGroup = await load();
  const names = [...group, name];
  if (!("verbs" in command)) return [renderSection(names, command.help)];
  const within = await Promise.all(
    command.verbs.map(async (verb) => await renderVerb(verb, names)),
  );
  return within.flat();
}

function renderSection(names: readonly string[], help: string): string {
  const lines = help.trimEnd().split("\n");
  const shown = lines.map((line) => (line === "" ? "" : `    ${line}`));
  return `## docker mesh ${names.join(" ")}\n\n${shown.join("\n")}\n`;
}
