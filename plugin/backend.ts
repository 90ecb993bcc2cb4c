// Chooses the catalog and, with it, who signs certificates: one setting, two pairs.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../mesh/clock.ts";
import { MeshError } from "../mesh/errors.ts";
import type { AgentRegistry } from "../registry/agents.ts";
import type { Catalog } from "../registry/catalog.ts";
import { ConsulAgents } from "../registry/consul/agents.ts";
import { ConsulClient } from "../registry/consul/client.ts";
import { ConsulCatalog } from "../registry/consul/consul-catalog.ts";
import { type ConsulFacts, consulFacts } from "../registry/consul/facts.ts";
import { ConsulIntentions } from "../registry/consul/intentions.ts";
import { ConsulPolicyStore } from "../registry/consul/policy-store.ts";
import { ConsulSwarmServices } from "../registry/consul/swarm-services.ts";
import { EmbeddedAgents } from "../registry/embedded/agents.ts";
import { EmbeddedCatalog } from "../registry/embedded/embedded-catalog.ts";
import { EmbeddedIntentions } from "../registry/embedded/intentions.ts";
import { EmbeddedPolicyStore } from "../registry/embedded/policy-store.ts";
import { EmbeddedSwarmServices } from "../registry/embedded/swarm-services.ts";
import type { IntentionSource } from "../registry/intentions.ts";
import type { PolicyStore } from "../registry/policy-store.ts";
import type { SwarmServices } from "../registry/swarm-services.ts";
import type { CertificateAuthority } from "./certificates/authority.ts";
import { ConsulAuthority } from "./certificates/consul-authority.ts";
import { EmbeddedAuthority } from "./certificates/embedded-authority.ts";
import { STATE_DIRECTORY } from "./places.ts";
import type { Settings } from "./settings.ts";

/** Beside the authority of the same catalog: an agent's successor finds both. */
const POLICY_FILE = join(STATE_DIRECTORY, "policies.json");

export interface Backend extends Disposable {
  readonly catalog: Catalog;
  readonly policyStore: PolicyStore;
  readonly intentions: IntentionSource;
  readonly swarmServices: SwarmServices;
  readonly agents: AgentRegistry;
  readonly authority: CertificateAuthority;
  /** What Consul says of itself; undefined where there is none. */
  readonly consulFacts: ((signal: AbortSignal) => Promise<ConsulFacts>) | undefined;
}

/**
 * Neither asks anybody yet; `node` is the engine's node name. Throws CONFIGURATION_INVALID for a damaged authority file and
 * for a token's file that cannot be read.
 */
export async function connectBackend(
  settings: Settings,
  node: string,
  clock: Clock,
): Promise<Backend> {
  if (settings.catalog === "embedded") {
    const { leafLifetime, rootAge } = settings;
    const directory = STATE_DIRECTORY;
    return {
      catalog: new EmbeddedCatalog({ node, clock }),
      policyStore: await EmbeddedPolicyStore.open({ file: POLICY_FILE, clock }),
      intentions: new EmbeddedIntentions(),
      swarmServices: new EmbeddedSwarmServices(),
      agents: new EmbeddedAgents(),
      authority: await EmbeddedAuthority.open({ directory, leafLifetime, rootAge, clock }),
      consulFacts: undefined,
      [Symbol.dispose]: () => undefined,
    };
  }
  const token = await readConsulToken(settings);
  const client = new ConsulClient({ address: settings.consulAddress, token });
  return {
    catalog: new ConsulCatalog({ client, node, clock }),
    policyStore: new ConsulPolicyStore({ client, clock }),
    intentions: new ConsulIntentions({ client, clock }),
    swarmServices: new ConsulSwarmServices({ client, clock }),
    agents: new ConsulAgents({ client, clock }),
    authority: new ConsulAuthority({ client, clock }),
    consulFacts: async (signal) => await consulFacts(client, () => clock.wall(), signal),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

/** Undefined without one. Throws CONFIGURATION_INVALID for a file that cannot be read. */
export async function readConsulToken(settings: Settings): Promise<string | undefined> {
  const { consulToken, consulTokenFile: path } = settings;
  if (path === undefined) return consulToken;
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (cause) {
    const message = `MESH_CONSUL_TOKEN_FILE: expected a file that can be read at ${path}`;
    throw new MeshError("CONFIGURATION_INVALID", message, { cause });
  }
}
