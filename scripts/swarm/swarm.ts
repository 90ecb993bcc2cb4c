// A real Docker swarm on this machine: some machines on a switch, an engine on each, joined to one swarm.
import { mkdir, rm } from "node:fs/promises";
import { attempt, SetupError } from "../command.ts";
import { removeCgroup } from "../engine/cgroup.ts";
import type { EngineKind } from "./engine.ts";
import { formSwarm } from "./form.ts";
import { endMachinesBeneath } from "./machine.ts";
import { SwarmNode } from "./node.ts";
import { identifyProcess, readRecord, refuseOwned, writeRecord } from "./record.ts";
import { ensureSeed } from "./seed.ts";
import { MOST_NODES, type Site } from "./site.ts";
import { startSwitch } from "./switch.ts";

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
  /** Engines on their own instead, joined to no swarm: with or without `live-restore`, which no swarm allows. */
  readonly alone?: EngineKind;
  /** Whether it ends with this process: the next start at the site takes away what is left of it. */
  readonly ends: boolean;
}

/** Does a part of the work, telling about it. */
export type Step = <T>(title: string, work: () => Promise<T>) => Promise<T>;

const silently: Step = async (_title, work) => await work();

export class Swarm {
  /** node-1 first; managers before workers. */
  readonly nodes: readonly SwarmNode[];
  readonly #site: Site;

  constructor(
    site: Site,
    { nodes, managers, alone }: Pick<SwarmPlan, "nodes" | "managers" | "alone">,
  ) {
    this.#site = site;
    this.nodes = Array.from({ length: nodes }, (_, index) => {
      return new SwarmNode(site, index + 1, index < managers ? "manager" : "worker", alone);
    });
  }

  /** The node of that name. Throws SetupError when there is none. */
  node(name: string): SwarmNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    throw new SetupError(`expected a node-1 to node-${this.nodes.length}, found ${name}`);
  }

  /** The first manager that is on and not cut off. Throws SetupError when there is none. */
  async manager(): Promise<SwarmNode> {
    for (const node of this.nodes) {
      if (node.role === "manager" && (await node.isConnected())) return node;
    }
    throw new SetupError("expected a manager that is on and connected, found none");
  }

  /** Runs `docker …` on {@link manager} and returns its standard output. Throws SetupError when it fails. */
  async docker(parameters: readonly string[]): Promise<string> {
    return await (await this.manager()).docker(parameters);
  }

  /** Ends and removes everything of it. */
  async remove(): Promise<void> {
    await removeSwarm(this.#site);
  }
}

/**
 * Starts a swarm, in place of what an earlier one may have left at that site; resolves when all nodes are ready. When
 * that fails, nothing of it stays.
 */
export async function startSwarm(
  site: Site,
  plan: SwarmPlan,
  signal: AbortSignal,
  step: Step = silently,
): Promise<Swarm> {
  checkPlan(plan);
  await refuseOwned(site);
  await removeSwarm(site);
  await mkdir(site.directory, { recursive: true, mode: 0o711 });
  const owner = plan.ends ? await identifyProcess(process.pid) : undefined;
  await writeRecord(site, { nodes: plan.nodes, managers: plan.managers, owner });
  const swarm = new Swarm(site, plan);
  try {
    await step("images for the nodes", async () => {
      await ensureSeed(site, plan.images, plan.imageSource);
    });
    signal.throwIfAborted();
    await step("nodes", async () => {
      await startSwitch(site);
      await all(swarm.nodes.map(async (node) => await node.start()));
    });
    signal.throwIfAborted();
    if (plan.alone !== undefined) return swarm;
    await step("swarm", async () => await formSwarm(swarm.nodes, plan.labels ?? {}, signal));
    return swarm;
  } catch (error) {
    await removeSwarm(site);
    throw error;
  }
}

/** The swarm that is up at that site, whoever started it; undefined when there is none. */
export async function openSwarm(site: Site): Promise<Swarm | undefined> {
  const record = await readRecord(site);
  return record === undefined ? undefined : new Swarm(site, record);
}

/** Ends and removes everything of the swarm at that site: whatever state it is in, however it came to be. */
export async function removeSwarm(site: Site): Promise<void> {
  await endMachinesBeneath(site.directory);
  await attempt("ip", ["link", "delete", site.name]);
  await removeCgroup(`/${site.name}`);
  await rm(site.directory, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

function checkPlan({ nodes, managers }: SwarmPlan): void {
  const fits = Number.isInteger(nodes) && nodes >= 1 && nodes <= MOST_NODES;
  if (fits && managers >= 1 && managers <= nodes && managers % 2 === 1) return;
  throw new SetupError(
    `expected 1 to ${MOST_NODES} nodes, an odd number of them managers, found ${nodes} with ${managers} managers`,
  );
}

/** Waits for all, and only then fails with the first that did: nothing goes on behind the back of whoever cleans up. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(works)) {
    if (result.status === "rejected") throw result.reason;
  }
}
