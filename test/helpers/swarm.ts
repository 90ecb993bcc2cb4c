// A real swarm for a spec, with the images that `npm test` provides on every node.
import { readSettings } from "../../scripts/settings.ts";
import type { EngineKind } from "../../scripts/swarm/engine.ts";
import { type Site, siteOf } from "../../scripts/swarm/site.ts";
import { type Swarm, startSwarm } from "../../scripts/swarm/swarm.ts";
import { provided } from "./docker.ts";

/** Where the swarms of tests lie; there is one at a time. */
export const TEST_SITE: Site = siteOf(readSettings("test"), "test");

const START_MS = 100_000;

export interface TestSwarm {
  readonly nodes: number;
  /** From the first node on; one when left out. */
  readonly managers?: number;
  /** All that the set-up provides when left out. */
  readonly images?: readonly string[];
  /** Node labels in the swarm, by node name. */
  readonly labels?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Starts a swarm in place of one that a killed test left; whoever starts it calls its `remove`. Throws SetupError while
 * another process tests with one.
 */
export async function startTestSwarm(wanted: TestSwarm): Promise<Swarm> {
  const { nodes, managers = 1, images = allImages(), labels } = wanted;
  const imageSource = provided("DOCKER_HOST").replace(/^unix:\/\//, "");
  const plan = { nodes, managers, images, imageSource, labels: labels ?? {}, ends: true };
  return await startSwarm(TEST_SITE, plan, AbortSignal.timeout(START_MS));
}

/** Starts one machine whose engine is in no swarm; all else as {@link startTestSwarm} does. */
export async function startTestEngine(alone: EngineKind): Promise<Swarm> {
  const imageSource = provided("DOCKER_HOST").replace(/^unix:\/\//, "");
  const plan = { nodes: 1, managers: 1, images: allImages(), imageSource, alone, ends: true };
  return await startSwarm(TEST_SITE, plan, AbortSignal.timeout(START_MS));
}

function allImages(): readonly string[] {
  const names = ["MESH", "MESH_CONSUL", "MESH_REDIS", "MESH_DEMO", "MESH_TEST_TOOLS"];
  return names.map((name) => provided(`${name}_IMAGE`));
}
