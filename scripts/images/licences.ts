// Under which licences packages come, and which of these are right: they let anybody use, change and pass on, and ask for no
// more than to be named.
import { readFileSync } from "node:fs";
import { join } from "node:path";

export interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
}

const ALLOWED: readonly string[] = [
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "PSF-2.0",
  "Python-2.0",
  "Unlicense",
  "Zlib",
];

/** The packages of the lockfile, by folder; not the project itself. */
export function readLock(project: string): ReadonlyMap<string, LockedPackage> {
  const { packages } = JSON.parse(readFileSync(join(project, "package-lock.json"), "utf8")) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return new Map(Object.entries(packages).filter(([folder]) => folder !== ""));
}

/** An SPDX expression; from the package itself where the lockfile does not say, undefined where it does not either. */
export function licenceOf(
  project: string,
  folder: string,
  { license }: LockedPackage,
): string | undefined {
  if (license !== undefined) return license;
  try {
    const manifest = JSON.parse(
      readFileSync(join(project, folder, "package.json"), "utf8"),
    ) as OldManifest;
    const { license: own = manifest.licenses?.map(({ type }) => type).join(" OR ") } = manifest;
    return own === "" ? undefined : own;
  } catch {
    return undefined;
  }
}

/** As packages said it before there was one field for it. */
interface OldManifest {
  readonly license?: string;
  readonly licenses?: readonly { readonly type: string }[];
}

/** Whether one may choose among the alternatives so that all that remains is allowed. */
export function isAllowed(expression: string): boolean {
  const alternatives = expression.replace(/^\((.*)\)$/, "$1").split(" OR ");
  return alternatives.some((each) => each.split(" AND ").every((name) => ALLOWED.includes(name)));
}
