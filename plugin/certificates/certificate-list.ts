// The certificates of a node's workloads for people: what they say, never their keys. Pure.
import { X509Certificate } from "node:crypto";
import type { LocalWorkload } from "../reconcile/reconciler.ts";
import type { Leaf } from "./authority.ts";

export interface CertificateView {
  readonly service: string;
  /** The container whose sidecar presents it; what follows is absent until that has taken one. */
  readonly container: string;
  /** The SPIFFE id. */
  readonly identity?: string;
  readonly trustDomain?: string;
  /** The common name of who signed it, or all of the name where it has none. */
  readonly issuer?: string;
  /** In hexadecimal, lower case. */
  readonly serial?: string;
  /** Wall clock, ms. */
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** One for each workload, sorted by service and container. */
export function listCertificates(
  workloads: readonly Pick<LocalWorkload, "workload" | "sidecar">[],
  leafOf: (service: string) => Leaf | undefined,
): readonly CertificateView[] {
  const read = new Map<string, Omit<CertificateView, "service" | "container">>();
  const views = workloads.map(({ workload, sidecar }) => {
    const { service, containerName: container } = workload;
    const isCertified = sidecar?.report?.version !== undefined;
    const known = read.get(service) ?? describeLeaf(leafOf(service));
    read.set(service, known);
    return { service, container, ...(isCertified ? known : {}) };
  });
  const orderOf = ({ service, container }: CertificateView): string => `${service} ${container}`;
  return views.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

function describeLeaf(leaf: Leaf | undefined): Omit<CertificateView, "service" | "container"> {
  if (leaf === undefined) return {};
  const { serialNumber, issuer } = new X509Certificate(leaf.certificateChain);
  return {
    identity: leaf.uri,
    trustDomain: new URL(leaf.uri).host,
    issuer: /^CN=(.+)$/m.exec(issuer)?.[1] ?? issuer.replaceAll("\n", ", "),
    serial: serialNumber.toLowerCase(),
    notBefore: leaf.notBefore,
    notAfter: leaf.notAfter,
  };
}
