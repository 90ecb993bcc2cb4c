// Puts the results of a run into docs/reliability.md, each place between its own markers.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SetupError } from "../../scripts/command.ts";
import { asPage, type Results } from "./results.ts";

const PAGE = join(import.meta.dirname, "..", "..", "docs", "reliability.md");

export async function publish(results: Results): Promise<void> {
  let page = await readFile(PAGE, "utf8");
  for (const place of results.places) {
    page = replaceBetween(page, place.place, asPage(results, place));
  }
  await writeFile(PAGE, page);
}

/** The page with another text between the markers of that name. Throws SetupError when it has none. */
export function replaceBetween(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  if (before === undefined || after === undefined) {
    throw new SetupError(`expected ${begin} and ${end} in ${PAGE}`);
  }
  return `${before}${begin}\n${text}\n${end}${after}`;
}
