import { EmbeddedAgents } from "../../../registry/embedded/agents.ts";
import { agentsConformance } from "../agents-conformance.ts";

agentsConformance("the agent's memory", async () => {
  const registry = new EmbeddedAgents();
  return { registry, peer: registry, [Symbol.asyncDispose]: async () => undefined };
});
