// `node test/bench/publish.ts <results.json>`: puts the results of a run into docs/performance.md, between its markers, and
// draws the charts beside it.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../../scripts/command.ts";
import { main } from "../../scripts/main.ts";
import { judge } from "./bars.ts";
import { chartsOf, isPublic } from "./charts.ts";
import type { Results } from "./results.ts";
import { asMarkdown } from "./table.ts";
import { idleTable, judgementTable, loadTables } from "./tables.ts";

const DOCS = join(import.meta.dirname, "..", "..", "docs");
const PAGE = join(DOCS, "performance.md");
const CHARTS = join(DOCS, "performance");
const BEGIN = "<!-- results: begin -->";
const END = "<!-- results: end -->";

/** The tables, without what only we can run. */
function describe(all: Results): string {
  const results = { ...all, subjects: all.subjects.filter(({ name }) => isPublic(name)) };
  const { date, machine, rounds, seconds } = results;
  const tables = [judgementTable(judge(results)), ...loadTables(results), idleTable(results)];
  const heading = `${date.slice(0, 10)}, ${machine}; ${rounds} rounds of ${seconds} s, medians.`;
  return [heading, ...tables.map(asMarkdown)].join("\n\n");
}

await main(async () => {
  const [path] = process.argv.slice(2);
  if (path === undefined) throw new SetupError("expected the path of a run's JSON");
  const results = JSON.parse(await readFile(path, "utf8")) as Results;
  const charts = chartsOf(results);
  await mkdir(CHARTS, { recursive: true });
  for (const [file, svg] of charts) await writeFile(join(CHARTS, file), svg);
  const images = [...charts.keys()].map((file) => `![](performance/${file})`).join("\n\n");
  const page = await readFile(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) {
    throw new SetupError(`expected ${BEGIN} and ${END} in ${PAGE}`);
  }
  const text = `${describe(results)}\n\n${images}`;
  await writeFile(PAGE, `${before}${BEGIN}\n${text}\n${END}${after}`);
});
