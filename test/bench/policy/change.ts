// A policy changes while requests flow: how long until each of three callers' sidecars follows it. From the moment at which
// their agent says it; what comes before, the catalog and the agent, is not in this rig.
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { Surroundings } from "../site.ts";
import { type Caller, Cluster } from "./cluster.ts";
import { KeptConnection } from "./kept-connection.ts";
import { type Quantiles, quantilesOf } from "./quantiles.ts";

const CHANGES = 100;
const CALLERS = 3;
const FIELD = "x-policy";
const GIVE_UP_MS = 5_000;

/** From saying it to the first answer under it, with the slowest of the callers. */
export async function measureChange(
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Quantiles> {
  const size = { callers: CALLERS, replicas: 3, policy: {} };
  await using cluster = await Cluster.start(surroundings, "c", size);
  await using connections = new AsyncDisposableStack();
  const askers = cluster.callers.map(({ port }) => connections.use(new KeptConnection(port)));
  const times: number[] = [];
  for (let change = 1; change <= CHANGES; change += 1) {
    signal.throwIfAborted();
    const policy = { "route.all.response-set": `${FIELD}=${change}` };
    const began = performance.now();
    for (const caller of cluster.callers) publish(caller, policy);
    await Promise.all(askers.map((asker) => untilInForce(asker, `${change}`)));
    times.push(performance.now() - began);
  }
  return quantilesOf(times);
}

function publish({ member }: Caller, policy: PolicyDocument): void {
  const outbound = member.snapshot.outbound.map((service) => ({ ...service, policy }));
  member.publish({ outbound });
}

async function untilInForce(asker: KeptConnection, expected: string): Promise<void> {
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { headers } = await asker.ask("/");
    if (headers[FIELD] === expected) return;
    if (performance.now() > deadline) {
      throw new Error(`expected ${FIELD}: ${expected}, got ${headers[FIELD]}`);
    }
  }
}
