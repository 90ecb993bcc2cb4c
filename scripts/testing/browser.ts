// A Chromium for the console's tests: the one on the machine, or Debian's, unpacked into the cache and run from there with its
// own libraries and fonts, without being installed.
import { access, chmod, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { run } from "../command.ts";
import { fetchPackages } from "../packages/fetch.ts";
import type { Progress } from "../progress.ts";
import type { Settings } from "../settings.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";

/** Names under which distributions install it. */
const COMMANDS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/** Goes with the dynamic linker, which is the machine's: a program whose C library is of another version does not start. */
const MACHINES_OWN = /^libc6_/;

/**
 * A program that can be started as Chromium; undefined, and said, when none can be had: then the tests that need it fail, and
 * nothing else does.
 */
export async function ensureBrowser(
  settings: Settings,
  progress: Progress,
): Promise<string | undefined> {
  try {
    return await progress.step(
      "Chromium",
      async ({ note }) => {
        const present = await findBrowser();
        if (present !== undefined) return present;
        note("fetching Debian's");
        return await unpackBrowser(settings.cache);
      },
      (path) => path,
    );
  } catch (error) {
    progress.say(`Chromium cannot be had, install it: ${String(error)}`);
    return undefined;
  }
}

async function findBrowser(): Promise<string | undefined> {
  const folders = (process.env["PATH"] ?? "").split(":");
  for (const path of COMMANDS.flatMap((name) => folders.map((folder) => join(folder, name))))
    if (await isThere(path)) return path;
  return undefined;
}

/** Unpacks Debian's Chromium and returns a script that starts it. */
export async function unpackBrowser(cache: string): Promise<string> {
  const folder = join(cache, "chromium");
  const program = join(folder, "start");
  if (await isThere(program)) return program;
  const files = await fetchPackages(cache, {
    suite: "bookworm",
    packages: ["chromium", "chromium-common", "fonts-dejavu-core"],
    libraries: true,
  });
  await mkdir(cache, { recursive: true });
  await withTemporaryFolder(cache, async (temporary) => {
    const own = files.filter((file) => !MACHINES_OWN.test(basename(file)));
    for (const file of own) await run("dpkg-deb", ["-x", file, temporary]);
    await writeFile(join(temporary, "fonts.conf"), fontSettings(folder));
    await writeFile(join(temporary, "start"), startScript(folder));
    await chmod(join(temporary, "start"), 0o755);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    await mkdir(temporary);
  });
  return program;
}

function startScript(folder: string): string {
  const architecture = process.arch === "arm64" ? "aarch64" : "x86_64";
  const triple = `${architecture}-linux-gnu`;
  const libraries = [`lib/${triple}`, `usr/lib/${triple}`, `usr/lib/${triple}/pulseaudio`]
    .map((path) => join(folder, path))
    .join(":");
  return [
    "#!/bin/sh",
    `export LD_LIBRARY_PATH='${libraries}' FONTCONFIG_FILE='${join(folder, "fonts.conf")}'`,
    `exec '${join(folder, "usr/lib/chromium/chromium")}' "$@"`,
    "",
  ].join("\n");
}

function fontSettings(folder: string): string {
  return [
    '<?xml version="1.0"?>',
    "<fontconfig>",
    `<dir>${join(folder, "usr/share/fonts")}</dir>`,
    `<cachedir>${join(folder, "font-cache")}</cachedir>`,
    "</fontconfig>",
    "",
  ].join("\n");
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}
