// The part of a snapshot that only gateways have: what their sidecars publish to clients outside the mesh. Contract and
// reading; like all of a snapshot it is taken whole or not at all.
import type { Reader } from "./reader.ts";

export interface Gateway {
  readonly ports: GatewayPorts;
  /** Addresses and networks of proxies before the gateway, whose word about clients counts. */
  readonly trustedProxies: readonly string[];
  readonly publications: readonly Publication[];
  readonly certificates: readonly GatewayCertificate[];
}

/** Where clients come in, which is also where the ports are published; at least one of the two. */
export interface GatewayPorts {
  readonly http: number | undefined;
  readonly https: number | undefined;
}

/** A path of a host, and where it leads. Each pair of the two once. */
export interface Publication {
  /** In lower case; `*.` stands for one label. */
  readonly host: string;
  /** It and all below it; without a slash at the end, but for `/`. */
  readonly path: string;
  /** A service among the outbound ones. Undefined: claimed by several, and so nobody's. */
  readonly target: { readonly service: string; readonly port: number } | undefined;
  /** Whether clients in plain HTTP are sent to HTTPS. */
  readonly redirects: boolean;
}

export interface GatewayCertificate {
  /** The hosts for which it is presented, written as in {@link Publication}. */
  readonly hosts: readonly string[];
  /** PEM, leaf first. */
  readonly certificateChain: string;
  readonly privateKey: string;
}

const HOST = /^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;
const PATH = /^\/[\x21-\x7e]*$/;

export function readGateway(reader: Reader): Gateway {
  const ports = reader.object("ports");
  const readPort = (name: string): number | undefined =>
    ports.has(name) ? ports.port(name) : undefined;
  return {
    ports: { http: readPort("http"), https: readPort("https") },
    trustedProxies: reader.texts("trustedProxies"),
    publications: reader.list("publications").map(readPublication),
    certificates: reader.list("certificates").map((certificate) => ({
      hosts: certificate.texts("hosts"),
      certificateChain: certificate.text("certificateChain"),
      privateKey: certificate.text("privateKey"),
    })),
  };
}

function readPublication(reader: Reader): Publication {
  const target = reader.has("target") ? reader.object("target") : undefined;
  return {
    host: reader.matching("host", HOST),
    path: reader.matching("path", PATH),
    target: target && { service: target.text("service"), port: target.port("port") },
    redirects: reader.boolean("redirects"),
  };
}
