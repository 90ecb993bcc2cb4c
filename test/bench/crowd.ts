// What sidecars hold when many of them run on one machine: they share the program and its libraries.
import { setTimeout as delay } from "node:timers/promises";
import { inboundPort, outboundService, prepareSidecar, ready } from "./peers/mesh.ts";
import { type Memory, memoryOf } from "./processes.ts";
import { Site, type Surroundings } from "./site.ts";

const SIDECARS = 20;
const SETTLE_MS = 3_000;

/** The memory of each of them, idle, while all run. */
export async function measureCrowd(surroundings: Surroundings): Promise<readonly Memory[]> {
  await using site = await Site.create(surroundings, "crowd");
  const inbounds = await Promise.all(Array.from({ length: SIDECARS }, () => inboundPort(site)));
  const sidecars = await Promise.all(
    inbounds.map(async (inbound, index) => {
      const next = inbounds[(index + 1) % SIDECARS]?.tlsPort ?? inbound.tlsPort;
      const outbound = await outboundService(site, next);
      const parts = { inbound: [inbound], outbound: [outbound] };
      return await prepareSidecar(site, `shop-${index}`, parts);
    }),
  );
  for (const { command, environment } of sidecars) site.start(command, environment);
  await Promise.all(sidecars.map(ready));
  await delay(SETTLE_MS);
  return await Promise.all((await site.processes()).map(memoryOf));
}
