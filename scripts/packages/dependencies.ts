// Which libraries a Debian package needs at run time. Only libraries are followed: what maintainer scripts need
// (debconf, adduser, init scripts) has no use in an image that is never configured.

const LIBRARY = /^(?:lib|zlib1g$|lua-)/;
/** Libraries only in name: their packages exist for maintainer scripts or bring data that nothing here reads. */
const NOT_NEEDED = /^(?:libc-bin|libpam-.*|libdebconf.*)$/;

/**
 * The libraries in the output of `apt-cache depends --no-…`, for all the packages it lists.
 * Of alternatives (`|Depends: a`, `Depends: b`) the first is taken, as apt does.
 */
export function parseDependencies(output: string): readonly string[] {
  const names = new Set<string>();
  let alternative = false;
  for (const line of output.split("\n")) {
    const match = /^ {1,2}(?<more>\|)?(?:Pre)?Depends: (?<name>[^<\s]+)$/.exec(line);
    if (match?.groups === undefined) {
      alternative = false;
      continue;
    }
    const name = match.groups["name"] ?? "";
    if (!alternative && LIBRARY.test(name) && !NOT_NEEDED.test(name)) names.add(name);
    alternative = match.groups["more"] !== undefined;
  }
  return [...names];
}

/** The packages and, transitively, the libraries they need, sorted. `ask` returns the output for several packages. */
export async function closure(
  packages: readonly string[],
  ask: (packages: readonly string[]) => Promise<string>,
): Promise<readonly string[]> {
  const known = new Set(packages);
  let fresh = [...known];
  while (fresh.length > 0) {
    const needed = parseDependencies(await ask(fresh));
    fresh = needed.filter((name) => !known.has(name));
    for (const name of fresh) known.add(name);
  }
  return [...known].toSorted();
}
