// Compose v2 for machines that have Docker without it: Debian's package, unpacked and linked as a CLI plugin.
import { chmod, copyFile, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { attempt, run, SetupError } from "../command.ts";
import { makeLink } from "../links.ts";
import { fetchPackages, type SuiteName } from "../packages/fetch.ts";
import type { Settings } from "../settings.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";

const IN_PACKAGE = "usr/libexec/docker/cli-plugins/docker-compose";

/** Makes sure `docker compose` works and returns its version. */
export async function ensureCompose(settings: Settings): Promise<string> {
  const present = await composeVersion();
  if (present !== undefined) return present;
  const binary = join(settings.state, "docker-compose");
  await unpackCompose(settings.cache, "trixie", binary);
  await makeLink(
    settings.state,
    join(settings.dockerConfiguration, "cli-plugins/docker-compose"),
    binary,
  );
  const version = await composeVersion();
  if (version !== undefined) return version;
  throw new SetupError(
    "expected `docker compose version` to work after installing Debian's docker-compose as a plugin, but it fails; " +
      "install Docker's Compose plugin v2 yourself and try again",
  );
}

/** The releases that tests try: one that knows no providers of services, and one that does. Afterwards they need no network. */
export async function fetchTestedReleases(cache: string): Promise<void> {
  for (const suite of ["trixie", "sid"] as const)
    await fetchPackages(cache, { suite, packages: ["docker-compose"], libraries: false });
}

async function composeVersion(): Promise<string | undefined> {
  const { code, stdout } = await attempt("docker", ["compose", "version", "--short"]);
  const version = stdout.trim();
  return code === 0 && /^v?[2-9]/.test(version) ? version : undefined;
}

/** Puts the Compose of a release there, as one file that needs nothing else. */
export async function unpackCompose(
  cache: string,
  suite: SuiteName,
  binary: string,
): Promise<void> {
  const files = await fetchPackages(cache, {
    suite,
    packages: ["docker-compose"],
    libraries: false,
  });
  await mkdir(dirname(binary), { recursive: true });
  await withTemporaryFolder(cache, async (folder) => {
    for (const file of files) await run("dpkg-deb", ["-x", file, folder]);
    const temporary = `${binary}.${process.pid}`;
    await copyFile(join(folder, IN_PACKAGE), temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, binary);
  });
}
