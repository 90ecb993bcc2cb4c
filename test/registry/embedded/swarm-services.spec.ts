import { EmbeddedSwarmServices } from "../../../registry/embedded/swarm-services.ts";
import { swarmServicesConformance } from "../swarm-services-conformance.ts";

swarmServicesConformance("the agent's memory", async () => {
  const store = new EmbeddedSwarmServices();
  return { store, peer: store, [Symbol.asyncDispose]: async () => undefined };
});
