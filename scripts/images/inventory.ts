// Which npm packages are really in the programs: esbuild knows of how many bytes of each file came through.
import { basename } from "node:path";
import type { Metafile } from "esbuild";

/** Folder of a package, as the lockfile names it → names of the programs that hold something of it. */
export type Inventory = ReadonlyMap<string, readonly string[]>;

export function takeInventory(metafiles: readonly Metafile[]): Inventory {
  const found = new Map<string, Set<string>>();
  for (const [output, { inputs }] of metafiles.flatMap(({ outputs }) => Object.entries(outputs))) {
    // Files of the page have a hash in their names.
    const program = basename(output).replace(/-[A-Z0-9]{8}(?=\.)/, "");
    for (const [input, { bytesInOutput }] of Object.entries(inputs)) {
      const folder = packageFolder(input);
      if (folder === undefined || bytesInOutput === 0) continue;
      found.set(folder, (found.get(folder) ?? new Set()).add(program));
    }
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([folder, programs]) => [folder, [...programs].sort()]));
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` is of `node_modules/a/node_modules/@b/c`. */
function packageFolder(input: string): string | undefined {
  return /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
}
