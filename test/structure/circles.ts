// Files that import each other, directly or around some corners.

/** What each file imports, by path. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/** One circle for each file that can be reached from itself, as `a → b → a`, shortest first; none of them twice. */
export function circles(imports: Imports): readonly string[] {
  const found = new Map<string, string>();
  for (const start of [...imports.keys()].sort()) {
    const way = wayBack(start, imports);
    const key = way && [...new Set(way)].sort().join(" ");
    if (way !== undefined && key !== undefined && !found.has(key)) found.set(key, way.join(" → "));
  }
  return [...found.values()].sort((a, b) => a.length - b.length);
}

/** The shortest way from a file to itself. */
function wayBack(start: string, imports: Imports): readonly string[] | undefined {
  const from = new Map<string, string>();
  const open = [start];
  for (let file = open.shift(); file !== undefined; file = open.shift()) {
    for (const next of imports.get(file) ?? []) {
      if (next === start) return [...trace(file, start, from), start];
      if (from.has(next)) continue;
      from.set(next, file);
      open.push(next);
    }
  }
  return undefined;
}

function trace(file: string, start: string, from: ReadonlyMap<string, string>): readonly string[] {
  const way = [file];
  for (let at = file; at !== start; way.unshift(at)) at = from.get(at) as string;
  return way;
}
