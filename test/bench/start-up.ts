// How long a sidecar takes from exec to its first accepted connection, with an agent that already waits with a snapshot.
import { setTimeout as delay } from "node:timers/promises";
import { CALLEE } from "./certificate-files.ts";
import { inboundPort, prepareSidecar } from "./peers/mesh.ts";
import { Site, type Surroundings, tryConnect } from "./site.ts";

const STARTS = 10;
const LOOK_EVERY_MS = 1;
const GIVE_UP_MS = 10_000;

/** Milliseconds of each start. The proxies' core is all it has. */
export async function measureStarts(surroundings: Surroundings): Promise<readonly number[]> {
  const times: number[] = [];
  for (let start = 1; start <= STARTS; start += 1) {
    await using site = await Site.create(surroundings, `start ${start}`);
    const inbound = await inboundPort(site);
    const { command, environment } = await prepareSidecar(site, CALLEE, { inbound: [inbound] });
    const began = performance.now();
    site.start(command, environment);
    await untilAccepted(inbound.tlsPort, began + GIVE_UP_MS);
    times.push(performance.now() - began);
  }
  return times;
}

async function untilAccepted(port: number, deadline: number): Promise<void> {
  for (;;) {
    try {
      return await tryConnect(port);
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(LOOK_EVERY_MS);
  }
}
