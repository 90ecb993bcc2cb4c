// What may be asked of Consul through the console: what its UI asks for, in versions 1.8 to 1.22, and nothing else. Private keys
// of services (`/v1/agent/connect/ca/leaf`), tokens (`/v1/acl`), snapshots, the log and the agent's own settings are nowhere
// in it, so a path that a later Consul adds is closed until it stands here.
import type { Role } from "./view.ts";

interface Opening {
  readonly path: RegExp;
  /** Besides GET and HEAD; admins only. */
  readonly changes?: readonly string[];
  /** Whether only admins may read it. */
  readonly isAdmins?: boolean;
}

const NAME = "[^/]+";
const path = (pattern: string): RegExp => new RegExp(`^/v1/${pattern}$`);

const OPENINGS: readonly Opening[] = [
  { path: path("catalog/(?:datacenters|services|nodes)") },
  { path: path(`catalog/(?:connect|service|node|gateway-services)/${NAME}`) },
  { path: path(`health/(?:service|connect|ingress|node|checks|state)/${NAME}`) },
  { path: path("coordinate/nodes") },
  { path: path("status/(?:leader|peers)") },
  { path: path("operator/autopilot/state") },
  { path: path("connect/ca/roots") },
  { path: path(`discovery-chain/${NAME}`), changes: ["POST"] },
  {
    path: path(
      `internal/ui/(?:nodes|services|catalog-overview|oidc-auth-methods|exported-services|imported-services)`,
    ),
  },
  {
    path: path(
      `internal/ui/(?:node|service-topology|gateway-services-nodes|gateway-intentions)/${NAME}`,
    ),
  },
  { path: path("internal/ui/metrics-proxy/.+") },
  { path: path("internal/acl/authorize"), changes: ["POST"] },
  { path: path("connect/intentions(?:/.+)?"), changes: ["POST", "PUT", "DELETE"] },
  { path: path(`(?:peerings|peering/${NAME})`) },
  // Names of keys, and the mesh's own; what others keep there may be secret.
  { path: path("kv/docker-mesh/.*"), changes: ["PUT", "DELETE"] },
  { path: path("kv/.*"), changes: ["PUT", "DELETE"], isAdmins: true },
  { path: path(`session/(?:info|node)/${NAME}`), isAdmins: true },
  { path: path(`session/destroy/${NAME}`), changes: ["PUT"], isAdmins: true },
];

/** Where keys are listed without what stands in them, if `keys` says so and Consul understands it as we do. */
const KEY_LIST = "/v1/kv/";
const KEYS_ALONE = /^keys=?$/;
const HARMLESS =
  /^(?:dc|separator|index|wait|ns|partition|stale|consistent)(?:=(?:[A-Za-z0-9._~/*-]|%2[Ff])*)?$/;

/** Whether a role may ask Consul this. `path` is a plain one (target.ts), `query` what stands behind the first question mark. */
export function mayAskConsul(role: Role, method: string, path: string, query: string): boolean {
  const isReading = method === "GET" || method === "HEAD";
  if (isReading && path === KEY_LIST && isKeyList(query)) return true;
  return OPENINGS.some((opening) => {
    if (!opening.path.test(path) || (opening.isAdmins === true && role !== "admin")) return false;
    return isReading || opening.changes?.includes(method) === true;
  });
}

/** Go leaves out pairs that it cannot decode, and takes more separators than we do: so only what is plain counts. */
function isKeyList(query: string): boolean {
  const pairs = query.split("&");
  const isPlain = pairs.every((pair) => KEYS_ALONE.test(pair) || HARMLESS.test(pair));
  return isPlain && pairs.some((pair) => KEYS_ALONE.test(pair));
}
