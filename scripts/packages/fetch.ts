// Debian packages of any suite, fetched by apt with lists of its own: the machine's package lists, its installed
// packages and its configuration stay as they are, and root is not needed.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, SetupError } from "../command.ts";
import { withTemporaryFolder } from "../temporary-folder.ts";
import { debianMirror, formatStanza, readAptSources } from "./apt-sources.ts";
import { closure } from "./dependencies.ts";

export type SuiteName = "bullseye" | "bookworm" | "trixie" | "sid";

/** What to fetch: the named packages, with or without the libraries they need. */
export interface PackageRequest {
  readonly suite: SuiteName;
  readonly packages: readonly string[];
  readonly libraries: boolean;
}

const ONLY_HARD_DEPENDENCIES = [
  "--no-recommends",
  "--no-suggests",
  "--no-conflicts",
  "--no-breaks",
  "--no-replaces",
  "--no-enhances",
];

/**
 * The `.deb` files of a request, from the cache or, where missing there, from the machine's Debian mirror.
 * A request that was answered once is answered from the cache alone.
 */
export async function fetchPackages(
  cache: string,
  request: PackageRequest,
): Promise<readonly string[]> {
  const directory = join(cache, "packages", request.suite);
  await mkdir(directory, { recursive: true });
  const answer = join(directory, `${digest(request)}.json`);
  const cached = await readAnswer(directory, answer);
  if (cached !== undefined) return cached.map((file) => join(directory, file));
  const suite = await openSuite(cache, request.suite);
  const names = request.libraries
    ? await closure(request.packages, async (packages) => await suite.dependencies(packages))
    : request.packages;
  const files = await suite.download(names, directory);
  await writeWhole(answer, JSON.stringify(files));
  return files.map((file) => join(directory, file));
}

/** Writes a file so that a reader sees all of it or nothing. */
export async function writeWhole(file: string, content: string): Promise<void> {
  const temporary = `${file}.${process.pid}`;
  await writeFile(temporary, content);
  await rename(temporary, file);
}

interface OpenSuite {
  dependencies(packages: readonly string[]): Promise<string>;
  /** Downloads what the directory does not have yet; returns the names of all files. */
  download(packages: readonly string[], directory: string): Promise<readonly string[]>;
}

async function openSuite(cache: string, suite: SuiteName): Promise<OpenSuite> {
  const options = await privateApt(join(cache, "apt", suite), suite);
  await run("apt-get", [...options, "update", "-qq", "-o", "APT::Update::Error-Mode=any"]);
  return {
    dependencies: async (packages) =>
      await run("apt-cache", [...options, "depends", ...ONLY_HARD_DEPENDENCIES, ...packages]),
    download: async (packages, directory) => {
      const files = parseFileNames(
        await run("apt-get", [...options, "download", "--print-uris", ...packages]),
      );
      const present = new Set(await readdir(directory));
      const missing = files.filter((file) => !present.has(file));
      if (missing.length > 0) {
        await downloadInto(directory, options, missing.map(packageName));
      }
      return files;
    },
  };
}

/** Options that keep apt away from everything of the machine but its mirror and its keys. */
async function privateApt(directory: string, suite: SuiteName): Promise<readonly string[]> {
  const mirror = debianMirror(await readAptSources());
  if (mirror === undefined) {
    throw new SetupError(
      "expected a Debian archive (component main) in /etc/apt/sources.list or /etc/apt/sources.list.d, found none; " +
        "add one, or make a container registry reachable so that nothing has to be built from packages",
    );
  }
  await mkdir(join(directory, "lists", "partial"), { recursive: true });
  await mkdir(join(directory, "cache", "archives", "partial"), { recursive: true });
  const list = join(directory, "mirror.sources");
  const status = join(directory, "status");
  await writeWhole(list, formatStanza(mirror, suite));
  await writeWhole(status, "");
  return [
    ["Dir::Etc::SourceList", list],
    ["Dir::Etc::SourceParts", "-"],
    ["Dir::Etc::Preferences", "-"],
    ["Dir::Etc::PreferencesParts", "-"],
    ["Dir::State::Lists", join(directory, "lists")],
    ["Dir::State::Status", status],
    ["Dir::Cache", join(directory, "cache")],
    // The sandbox user cannot read a project under somebody's home directory.
    ["APT::Sandbox::User", "root"],
    ["Acquire::Retries", "3"],
    ["Acquire::Languages", "none"],
  ].flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

async function downloadInto(
  directory: string,
  options: readonly string[],
  packages: readonly string[],
): Promise<void> {
  await withTemporaryFolder(directory, async (incoming) => {
    await run("apt-get", [...options, "download", "-q", ...packages], { cwd: incoming });
    for (const file of await readdir(incoming)) {
      await rename(join(incoming, file), join(directory, file));
    }
  });
}

/** The file names in `'uri' file size hash` lines. */
export function parseFileNames(output: string): readonly string[] {
  return output.split("\n").flatMap((line) => /^'[^']+' (\S+\.deb) /.exec(line)?.[1] ?? []);
}

function packageName(file: string): string {
  return file.slice(0, file.indexOf("_"));
}

function digest(request: PackageRequest): string {
  const { suite, packages, libraries } = request;
  return createHash("sha256")
    .update(JSON.stringify([process.arch, suite, packages.toSorted(), libraries]))
    .digest("hex")
    .slice(0, 16);
}

async function readAnswer(
  directory: string,
  answer: string,
): Promise<readonly string[] | undefined> {
  const text = await readFile(answer, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  const files: unknown = JSON.parse(text);
  const present = new Set(await readdir(directory));
  if (!Array.isArray(files) || !files.every((file) => present.has(file))) return undefined;
  return files.map(String);
}
