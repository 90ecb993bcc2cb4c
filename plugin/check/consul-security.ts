// How well the catalog is guarded. Pure.
import { type Check, fine, warning } from "./check.ts";
import type { SecurityFindings } from "./security-findings.ts";
import { exposedPorts } from "./security-words.ts";

const API_PORT = 8500;

export function consulChecks({ catalog, containers }: SecurityFindings): Check[] {
  if (catalog === "embedded")
    return [fine("catalog", "embedded: in the agent's memory, nobody else asks it")];
  const environment = containers.find(({ role }) => role === "agent")?.environment ?? {};
  const hasToken = Boolean(
    environment["MESH_CONSUL_TOKEN"] || environment["MESH_CONSUL_TOKEN_FILE"],
  );
  const address = environment["MESH_CONSUL_ADDRESS"] ?? "";
  const others = containers.filter(({ role }) => role === "other");
  return [
    acl(hasToken, address),
    ...secret(Boolean(environment["MESH_CONSUL_TOKEN"])),
    reach(exposedPorts(others, API_PORT), address),
  ];
}

function acl(hasToken: boolean, address: string): Check {
  if (hasToken) return fine("acl", "the agent shows Consul a token");
  const who = address.startsWith("unix:") ? "the socket" : "its address";
  return warning(
    "acl",
    `the agent shows Consul no token: whoever reaches ${who} may register services, change policies and have certificates signed`,
    "turn on Consul's ACLs, and give the agent a token: MESH_CONSUL_TOKEN_FILE",
  );
}

function secret(isInEnvironment: boolean): Check[] {
  if (!isInEnvironment) return [];
  const found = "Consul's token stands in the agent's environment, which `docker inspect` shows";
  return [warning("token", found, "keep it in a file or a secret: MESH_CONSUL_TOKEN_FILE")];
}

function reach(exposed: readonly string[], address: string): Check {
  if (exposed.length > 0)
    return warning(
      "consul",
      `its API is published beyond this machine, in plaintext, on ${exposed.join(", ")}`,
      "publish it on 127.0.0.1, or close the port to others; its UI is behind the console's login, too",
    );
  if (address.startsWith("https:")) return fine("consul", "is asked over TLS");
  if (address.startsWith("unix:")) return fine("consul", "is asked at a socket of the node");
  return fine("consul", "published for this machine alone; on the mesh's own network in plaintext");
}
