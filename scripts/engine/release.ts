// Engines of particular releases from Debian's packages, unpacked beside each other and run without being installed.
import { access, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "../command.ts";
import { fetchPackages, type SuiteName } from "../packages/fetch.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";

export interface EngineRelease {
  /** Major and minor version that the suite is expected to carry. */
  readonly version: string;
  readonly suite: SuiteName;
}

/** The oldest engine that the mesh supports and a current one. */
export const ENGINE_RELEASES: readonly EngineRelease[] = [
  { version: "20.10", suite: "bookworm" },
  { version: "28.5", suite: "sid" },
];

/** Unpacks a release's dockerd and containerd; returns the folders that hold the programs. */
export async function unpackRelease(
  cache: string,
  { version, suite }: EngineRelease,
): Promise<readonly string[]> {
  const folder = join(cache, "engines", version);
  const binaries = [join(folder, "usr/sbin"), join(folder, "usr/bin")];
  const files = await fetchPackages(cache, {
    suite,
    packages: ["docker.io", "containerd"],
    libraries: false,
  });
  const present = await access(folder).then(
    () => true,
    () => false,
  );
  if (present) return binaries;
  await mkdir(dirname(folder), { recursive: true });
  await withTemporaryFolder(cache, async (temporary) => {
    for (const file of files) await run("dpkg-deb", ["-x", file, join(temporary, "root")]);
    await rm(folder, { recursive: true, force: true });
    await rename(join(temporary, "root"), folder);
  });
  return binaries;
}
