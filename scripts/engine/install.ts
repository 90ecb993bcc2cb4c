// Programs that a machine without Docker lacks: the engine from Debian's docker.io, or only its command line.
import { chmod, copyFile, mkdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { attempt, isInstalled, run, SetupError } from "../command.ts";
import { fetchPackages } from "../packages/fetch.ts";
import type { Settings } from "../settings.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";

/** Installs Debian's engine with apt. It stays when the mesh goes. Throws SetupError without root or apt. */
export async function installEngine(): Promise<void> {
  if (process.getuid?.() !== 0 || !(await isInstalled("apt-get"))) {
    throw new SetupError(
      "expected a Docker Engine that answers, or root and apt to install one, found neither; " +
        "install Docker and start it, or run this as root on Debian",
    );
  }
  const packages = ["docker.io"];
  // Where the kernel enforces AppArmor, the engine refuses to start containers without the parser.
  if (await isAppArmorOn()) packages.push("apparmor");
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  const install = ["install", "--yes", "--quiet", "--no-install-recommends", ...packages];
  if ((await attempt("apt-get", install, { environment })).code === 0) return;
  await run("apt-get", ["update", "--quiet"], { environment });
  await run("apt-get", install, { environment });
}

/** Makes sure that `docker` is in PATH; where an engine is there without it, Debian's is unpacked for us alone. */
export async function ensureDockerCommand(settings: Settings): Promise<void> {
  const folder = join(settings.state, "bin");
  process.env["PATH"] = `${process.env["PATH"]}:${folder}`;
  if (await isInstalled("docker")) return;
  const files = await fetchPackages(settings.cache, {
    suite: "bookworm",
    packages: ["docker.io"],
    libraries: false,
  });
  await mkdir(folder, { recursive: true });
  await withTemporaryFolder(settings.cache, async (unpacked) => {
    for (const file of files) await run("dpkg-deb", ["-x", file, unpacked]);
    const temporary = join(folder, `docker.${process.pid}`);
    await copyFile(join(unpacked, "usr/bin/docker"), temporary);
    await chmod(temporary, 0o755);
    await rename(temporary, join(folder, "docker"));
  });
}

async function isAppArmorOn(): Promise<boolean> {
  const flag = await readFile("/sys/module/apparmor/parameters/enabled", "utf8").catch(() => "N");
  return flag.startsWith("Y");
}
