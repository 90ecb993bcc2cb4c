// What one gateway's sidecar is told: claims as publications, and a certificate for each host that wants one. Pure.
import type {
  Gateway,
  GatewayCertificate,
  Publication,
} from "../../proxy/configuration/gateway.ts";
import type { Problem } from "../status.ts";
import type { GatewayWorkload } from "../workload/workload.ts";
import { type Claim, claimKey } from "./claims.ts";

/** `self-made` in policies. */
export const SELF_MADE = "self-made";
const OFF = "off";

/** PEM, leaf first. */
export interface KeyPair {
  readonly certificateChain: string;
  readonly privateKey: string;
}

/** `pending`: it is known soon; `missing`: not unless somebody does something. */
export type CertificateLookup = (name: string, host: string) => KeyPair | "pending" | "missing";

export interface GatewaySection {
  /** Undefined while a certificate is on its way: a gateway keeps what it has until nothing is missing. */
  readonly gateway: Gateway | undefined;
  readonly problems: readonly Problem[];
}

export function gatewaySection(
  name: string,
  { ports, trustedProxies }: GatewayWorkload,
  claims: readonly Claim[],
  certificateOf: CertificateLookup,
): GatewaySection {
  const problems: Problem[] = [];
  const complain = (subject: string, message: string): void => {
    problems.push({ subject, code: "GATEWAY_PROBLEM", message });
  };
  const reachable = claims.filter(({ service, tls, host }) => {
    if (tls === OFF || ports.https !== undefined) return true;
    complain(
      service,
      `is not published as ${host} by ${name}: expected mesh.gateway of ${name} to name a port for https, which mesh.gateway.tls of ${service} wants`,
    );
    return false;
  });
  const certificates = hostCertificates(reachable, certificateOf, complain);
  return {
    gateway: certificates && {
      ...{ ports, trustedProxies, publications: publications(reachable), certificates },
    },
    problems,
  };
}

function publications(claims: readonly Claim[]): Publication[] {
  return [...Map.groupBy(claims, claimKey).values()].flatMap((rivals) => {
    const [first] = rivals;
    if (first === undefined) return [];
    const { host, path, service, port } = first;
    const target = rivals.length === 1 ? { service, port } : undefined;
    return [{ host, path, target, redirects: rivals.some(({ tls }) => tls !== OFF) }];
  });
}

/** Undefined while one is pending. */
function hostCertificates(
  claims: readonly Claim[],
  certificateOf: CertificateLookup,
  complain: (subject: string, message: string) => void,
): GatewayCertificate[] | undefined {
  const secured = claims.filter(({ tls }) => tls !== OFF);
  const found: GatewayCertificate[] = [];
  let isPending = false;
  for (const [host, group] of Map.groupBy(secured, (claim) => claim.host)) {
    const name = chooseName(host, group, complain);
    const pair = certificateOf(name, host);
    if (pair === "pending") isPending = true;
    else if (pair === "missing") {
      const message = `cannot be reached by https: expected a certificate named ${JSON.stringify(name)}, as mesh.gateway.tls of ${group[0]?.service} says, found none that can be used: put ${name}.crt and ${name}.key into the agent's folder of certificates, or correct the label`;
      complain(host, message);
    } else found.push({ hosts: [host], ...pair });
  }
  return isPending ? undefined : found;
}

/** A host has one certificate, whatever paths it has: of several names a given one is taken, the first of them. */
function chooseName(
  host: string,
  claims: readonly Claim[],
  complain: (subject: string, message: string) => void,
): string {
  const names = [...new Set(claims.map(({ tls }) => tls))].sort();
  const given = names.filter((name) => name !== SELF_MADE);
  const chosen = given[0] ?? SELF_MADE;
  if (names.length > 1) {
    const who = claims.map(({ service, tls }) => `${service}: ${tls}`).join(", ");
    const message = `has one certificate for all its paths: expected its services to name the same one, found ${who}: ${chosen} is taken`;
    complain(host, message);
  }
  return chosen;
}
