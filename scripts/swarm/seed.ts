// Images on every node within a blink: one engine loads them once, and each node's engine gets hard links to what that
// one stored. An engine never writes into a layer that it has, so nodes share them as processes share a program.
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { attempt, run, SetupError } from "../command.ts";
import { removeCgroup } from "../engine/cgroup.ts";
import { daemonPaths } from "../engine/daemon-paths.ts";
import { writeWhole } from "../packages/fetch.ts";
import { engineSocket, nodeCgroup, startEngine, stopEngine } from "./engine.ts";
import { endMachine, startMachine } from "./machine.ts";
import { nodeDirectory, type Site } from "./site.ts";

const LOADER = "loader";
const MANIFEST = "manifest.json";
/** Links where the file system allows, copies where the nodes lie on another one than the seed. */
const LINK_OR_COPY = 'cp -al "$1" "$2" 2>/dev/null || { rm -rf "$2" && cp -a "$1" "$2"; }';

/** Names of images with their ids. */
type Manifest = Readonly<Record<string, string>>;

/**
 * Makes sure the seed holds these images as the engine at `socket` has them. What it held besides stays, so that runs
 * with fewer images do not make the next one load them again.
 */
export async function ensureSeed(
  site: Site,
  images: readonly string[],
  socket: string,
): Promise<void> {
  const wanted = await identify(images, socket);
  const present = await readManifest(site);
  const missing = images.filter((image) => present[image] !== wanted[image]);
  if (missing.length === 0) return;
  try {
    await plantSeed(site, LOADER);
    await startMachine(nodeDirectory(site, LOADER), LOADER);
    await startEngine(site, LOADER);
    await transfer(missing, socket, engineSocket(site, LOADER));
    await stopEngine(site, LOADER);
    await keep(site, { ...present, ...wanted });
  } finally {
    await stopEngine(site, LOADER);
    await endMachine(nodeDirectory(site, LOADER));
    await removeCgroup(nodeCgroup(site, LOADER));
    await rm(nodeDirectory(site, LOADER), { recursive: true, force: true });
  }
}

/** Gives a node that has no images yet those of the seed. */
export async function plantSeed(site: Site, name: string): Promise<void> {
  const { data } = daemonPaths(nodeDirectory(site, name));
  if (existsSync(join(data, "image")) || !existsSync(join(site.seed, MANIFEST))) return;
  await mkdir(data, { recursive: true, mode: 0o711 });
  await copyStore(site.seed, data);
}

async function readManifest(site: Site): Promise<Manifest> {
  const text = await readFile(join(site.seed, MANIFEST), "utf8").catch(() => "{}");
  return JSON.parse(text) as Manifest;
}

async function identify(images: readonly string[], socket: string): Promise<Manifest> {
  if (images.length === 0) return {};
  const engine = ["--host", `unix://${socket}`];
  const format = ["--format", "{{.Id}}"];
  const ids = await run("docker", [...engine, "image", "inspect", ...format, ...images]);
  return Object.fromEntries(ids.split("\n").map((id, index) => [images[index], id]));
}

async function transfer(images: readonly string[], from: string, to: string): Promise<void> {
  const pipe = 'from=$1 to=$2; shift 2; docker -H "$from" save "$@" | docker -H "$to" load';
  const hosts = [`unix://${from}`, `unix://${to}`];
  await run("sh", ["-c", pipe, "sh", ...hosts, ...images]);
  const target = ["--host", `unix://${to}`];
  const { code } = await attempt("docker", [...target, "image", "inspect", ...images]);
  if (code !== 0) {
    throw new SetupError(
      `expected ${images.join(", ")} on the swarm's engines, but loading failed`,
    );
  }
  await run("docker", [...target, "image", "prune", "--force"]);
}

/** The manifest comes last: without it the seed counts as none. */
async function keep(site: Site, manifest: Manifest): Promise<void> {
  const { data } = daemonPaths(nodeDirectory(site, LOADER));
  const fresh = `${site.seed}.new`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  await copyStore(data, fresh);
  await rm(site.seed, { recursive: true, force: true });
  await rename(fresh, site.seed);
  await writeWhole(join(site.seed, MANIFEST), JSON.stringify(manifest));
}

/** Records are copied, since an engine changes them; layers are linked. */
async function copyStore(from: string, to: string): Promise<void> {
  await run("cp", ["-a", join(from, "image"), join(to, "image")]);
  await run("sh", ["-c", LINK_OR_COPY, "sh", join(from, "overlay2"), join(to, "overlay2")]);
}
