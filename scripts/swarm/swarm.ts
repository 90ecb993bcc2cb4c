// A real Docker swarm on this machine: some machines on a switch, an engine on each, joined to one swarm.
import { existsSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { attempt, SetupError } from "../command.ts";
import { writeWhole } from "../packages/fetch.ts";
import { removeCgroup } from "./cgroup.ts";
import { endMachine } from "./machine.ts";
import { SwarmNode } from "./node.ts";
import { ensureSeed } from "./seed.ts";
import { MOST_NODES, nodeDirectory, nodeName, OVERLAY_POOL, type Site } from "./site.ts";
import { startSwitch, switchDirectory } from "./switch.ts";

const RECORD = "swarm.json";
const READY_MS = 60_000;
const POLL_MS = 100;

export interface SwarmPlan {
  /** How many nodes, 1 to 20; they are called node-1, node-2, … */
  readonly nodes: number;
  /** How many of them, from the first on, are managers: an odd number. */
  readonly managers: number;
  /** Images that every node has from the start, by their names on the engine at `imageSource`. */
  readonly images: readonly string[];
  /** The unix socket of the engine that has the images. */
  readonly imageSource: string;
  /** Node labels in the swarm, by node name. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** What outlives the process that started a swarm. */
interface SwarmRecord {
  readonly nodes: number;
  readonly managers: number;
}

export interface Swarm {
  readonly nodes: readonly SwarmNode[];
}

/** Told what is being done, and which part of the work it is. */
export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>;

const silently: Step = async (_title, work) => await work();

/** Starts a swarm, in place of what an earlier one may have left at that site; resolves when all nodes are ready. */
export async function startSwarm(
  site: Site,
  plan: SwarmPlan,
  step: Step = silently,
): Promise<Swarm> {
  checkPlan(plan);
  await removeSwarm(site);
  await mkdir(site.directory, { recursive: true, mode: 0o711 });
  const { nodes: count, managers } = plan;
  await writeWhole(join(site.directory, RECORD), JSON.stringify({ nodes: count, managers }));
  await step("images", async () => await ensureSeed(site, plan.images, plan.imageSource));
  const nodes = makeNodes(site, plan);
  await step("engines", async () => {
    await startSwitch(site);
    await Promise.all(nodes.map(async (node) => await node.start()));
  });
  await step("swarm", async () => await form(nodes, plan));
  return { nodes };
}

/** The swarm that a process started here earlier and left; undefined when there is none. */
export async function openSwarm(site: Site): Promise<Swarm | undefined> {
  const text = await readFile(join(site.directory, RECORD), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  return { nodes: makeNodes(site, JSON.parse(text) as SwarmRecord) };
}

/** Ends and removes everything of the swarm at that site: whatever state it is in, however it came to be. */
export async function removeSwarm(site: Site): Promise<void> {
  if (!existsSync(site.directory)) return;
  const names = Array.from({ length: MOST_NODES }, (_, index) => nodeName(index + 1));
  const machines = [...names, "loader"].map((name) => nodeDirectory(site, name));
  for (const directory of [switchDirectory(site), ...machines]) await endMachine(directory);
  await attempt("ip", ["link", "delete", site.name]);
  await removeCgroup(`/${site.name}`);
  await rm(site.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function checkPlan({ nodes, managers }: SwarmPlan): void {
  const fits = Number.isInteger(nodes) && nodes >= 1 && nodes <= MOST_NODES;
  if (!fits || managers < 1 || managers > nodes || managers % 2 === 0) {
    throw new SetupError(
      `expected 1 to ${MOST_NODES} nodes, an odd number of them managers, found ${nodes} with ${managers}`,
    );
  }
}

function makeNodes(site: Site, { nodes, managers }: SwarmRecord): readonly SwarmNode[] {
  return Array.from({ length: nodes }, (_, index) => {
    return new SwarmNode(site, index + 1, index < managers ? "manager" : "worker");
  });
}

async function form(nodes: readonly SwarmNode[], { labels = {} }: SwarmPlan): Promise<void> {
  const [first, ...others] = nodes;
  if (first === undefined) return;
  const { base, mask } = OVERLAY_POOL;
  await first.docker([
    ...["swarm", "init", "--advertise-addr", first.address, "--listen-addr", first.address],
    ...["--default-addr-pool", base, "--default-addr-pool-mask-length", String(mask)],
  ]);
  await Promise.all(others.map(async (node) => await joinSwarm(node, first)));
  await untilReady(first, nodes.length);
  for (const [name, pairs] of Object.entries(labels)) {
    const options = Object.entries(pairs).flatMap(([key, value]) => [
      "--label-add",
      `${key}=${value}`,
    ]);
    await first.docker(["node", "update", ...options, name]);
  }
}

async function joinSwarm(node: SwarmNode, first: SwarmNode): Promise<void> {
  const token = await first.docker(["swarm", "join-token", "--quiet", node.role]);
  await node.docker([
    ...["swarm", "join", "--token", token, "--advertise-addr", node.address],
    ...["--listen-addr", node.address, `${first.address}:2377`],
  ]);
}

async function untilReady(first: SwarmNode, count: number): Promise<void> {
  const deadline = performance.now() + READY_MS;
  let states = "";
  while (performance.now() < deadline) {
    states = await first.docker(["node", "ls", "--format", "{{.Hostname}} {{.Status}}"]);
    if (states.split("\n").filter((line) => line.endsWith(" Ready")).length === count) return;
    await delay(POLL_MS);
  }
  throw new SetupError(`expected ${count} nodes to be ready, found:\n${states}`);
}
