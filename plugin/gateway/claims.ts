// Who claims which host and path, from what all services say of themselves. Pure.
import type { ServicePort } from "../../mesh/model.ts";
import type { GatewayPolicy } from "../../mesh/policy/policy.ts";
import type { DirectoryService } from "../sidecars/directory.ts";
import type { Problem } from "../status.ts";

/** A service that is to be found under a host and a path. */
export interface Claim {
  readonly host: string;
  /** Without a slash at the end, but for `/`. */
  readonly path: string;
  readonly service: string;
  readonly port: number;
  /** As policies have it. */
  readonly tls: string;
}

export interface Claims {
  /** Sorted by host, path and service. */
  readonly claims: readonly Claim[];
  readonly problems: readonly Problem[];
}

export function claimsOf(
  services: readonly Pick<DirectoryService, "service" | "ports">[],
  policyOf: (service: string) => GatewayPolicy,
): Claims {
  const claims: Claim[] = [];
  const problems: Problem[] = [];
  for (const { service, ports } of services) {
    const { hosts, path, tls, port: wanted } = policyOf(service);
    if (hosts.length === 0) continue;
    const port = choosePort(ports, wanted);
    if (port === undefined) problems.push(noPort(service, ports, wanted));
    else {
      const prefix = path === "/" ? path : path.replace(/\/$/, "");
      claims.push(...hosts.map((host) => ({ host, path: prefix, service, port, tls })));
    }
  }
  claims.sort((a, b) => (claimKey(a) + a.service < claimKey(b) + b.service ? -1 : 1));
  return { claims, problems: [...problems, ...disputes(claims)] };
}

/** Equal for claims that exclude each other. */
export function claimKey({ host, path }: Pick<Claim, "host" | "path">): string {
  return `${host}${path} `;
}

function choosePort(ports: readonly ServicePort[], wanted: number | undefined): number | undefined {
  const spoken = ports.filter(({ protocol }) => protocol !== "tcp");
  return spoken.find(({ port }) => wanted === undefined || port === wanted)?.port;
}

function noPort(
  service: string,
  ports: readonly ServicePort[],
  wanted: number | undefined,
): Problem {
  const found = ports.map(({ port, protocol }) => `${port}/${protocol}`).join(", ") || "none";
  const expected =
    wanted === undefined ? "a port that speaks HTTP" : `a port ${wanted} that speaks HTTP`;
  const cure =
    wanted === undefined
      ? "say its protocol, or remove mesh.gateway.host"
      : "correct mesh.gateway.port";
  const message = `cannot be published by a gateway: expected ${expected}, found ${found}: ${cure}`;
  return { subject: service, code: "GATEWAY_PROBLEM", message };
}

function disputes(claims: readonly Claim[]): Problem[] {
  const groups = Map.groupBy(claims, claimKey);
  return [...groups.values()].flatMap((rivals) => {
    const [first] = rivals;
    if (first === undefined || rivals.length === 1) return [];
    const names = rivals.map(({ service }) => service).join(" and ");
    const message = `is claimed by ${names}, and leads to none of them: expected one service for each host and path: change mesh.gateway.host or mesh.gateway.path of the others`;
    return [{ subject: `${first.host}${first.path}`, code: "HOST_CONFLICT", message }];
  });
}
