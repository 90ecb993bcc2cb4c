// What `npm run swarm -- up` puts on its swarm: the mesh, and the demo that uses it.
import { setTimeout as delay } from "node:timers/promises";
import { SetupError } from "../command.ts";
import type { Images } from "../images/prepare.ts";
import { DEMO_STACK, DEMO_STACK_FILE, deployMesh, deployStack } from "./stacks.ts";
import type { Step, Swarm } from "./swarm.ts";

/** Where the demo's page is at every node, and Consul at every manager. */
export const DEMO_PORT = 8080;
export const CONSUL_PORT = 8500;

const MESH_MS = 120_000;
const DEMO_MS = 90_000;
const POLL_MS = 500;

/** Deploys both and resolves when the demo answers at every node. */
export async function deployPlayground(
  swarm: Swarm,
  images: Images,
  signal: AbortSignal,
  step: Step,
): Promise<void> {
  const { mesh, consul, redis, demo } = images;
  if (consul === undefined || redis === undefined || demo === undefined) {
    throw new SetupError("expected images of Consul, Redis and the demo for the swarm, found less");
  }
  await step("mesh", async () => {
    const environment = { MESH_IMAGE: mesh, MESH_CONSUL_IMAGE: consul };
    const within = AbortSignal.any([signal, AbortSignal.timeout(MESH_MS)]);
    await deployMesh(swarm, { ...environment, MESH_CONSUL_PORT: String(CONSUL_PORT) }, within);
  });
  await step("demo", async () => {
    const environment = { MESH_DEMO_IMAGE: demo, MESH_REDIS_IMAGE: redis };
    const file = { file: DEMO_STACK_FILE };
    await deployStack(swarm, DEMO_STACK, file, {
      ...environment,
      MESH_DEMO_PORT: String(DEMO_PORT),
    });
    const within = AbortSignal.any([signal, AbortSignal.timeout(DEMO_MS)]);
    for (const { address } of swarm.nodes)
      await untilServed(`http://${address}:${DEMO_PORT}/`, within);
  });
}

async function untilServed(url: string, signal: AbortSignal): Promise<void> {
  let found = "no answer";
  while (!signal.aborted) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    const response = await fetch(url, { signal: limit }).catch((error: unknown) => String(error));
    if (typeof response !== "string") {
      await response.text();
      if (response.ok) return;
    }
    found = typeof response === "string" ? response : `status ${response.status}`;
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  throw new SetupError(`expected the demo at ${url}, found ${found}`);
}
