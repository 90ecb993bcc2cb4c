// `node test/bench/policy/publish.ts <results.json>`: puts the results of a run into docs/policy.md, between its markers,
// and draws the chart beside it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../../../scripts/command.ts";
import { main } from "../../../scripts/main.ts";
import { asMarkdown } from "../table.ts";
import { policyTables } from "./policy-tables.ts";
import { drawRecovery } from "./recovery-chart.ts";
import type { PolicyResults } from "./results.ts";

const DOCS = join(import.meta.dirname, "..", "..", "..", "docs");
const PAGE = join(DOCS, "policy.md");
const CHARTS = join(DOCS, "policy");
const BEGIN = "<!-- results: begin -->";
const END = "<!-- results: end -->";

function describe(results: PolicyResults): string {
  const heading = `${results.date.slice(0, 10)}, ${results.machine}.`;
  return [heading, ...policyTables(results).map(asMarkdown)].join("\n\n");
}

await main(async () => {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new SetupError("expected the path of a run's JSON");
  const results = JSON.parse(await readFile(path, "utf8")) as PolicyResults;
  if (results.recovery !== undefined) {
    await mkdir(CHARTS, { recursive: true });
    await writeFile(join(CHARTS, "recovery.svg"), drawRecovery(results.recovery));
  }
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new SetupError(`expected ${BEGIN} and ${END} in ${PAGE}`);
  }
  await writeFile(PAGE, `${before}${BEGIN}\n${describe(results)}\n${END}${after}`);
});
