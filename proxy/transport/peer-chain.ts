// Whether a peer's certificate chains to our roots. The TLS stack judges by the clock of this machine, to the second; where
// that is all it finds fault with, the chain is judged here once more with some tolerance, since a machine whose clock is
// off by minutes would refuse every certificate that was just issued.
// Its word on the time cannot be taken for the only fault: it goes on after one, and names the last that it comes across.
// So everything else is checked anew, and what cannot be checked here is refused. docs/decisions/008-clocks.md says more.
import { X509Certificate } from "node:crypto";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import { readChainDemands } from "../../mesh/certificate.ts";
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";

/** What a peer's certificate must be good for (RFC 5280 §4.2.1.12). */
export const PEER_PURPOSE = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;

export type PeerPurpose = (typeof PEER_PURPOSE)[keyof typeof PEER_PURPOSE];

/** A leaf, two authorities, and the new root signed by the old one. */
const LONGEST_CHAIN = 4;
const ABOUT_TIME: ReadonlySet<string> = new Set(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"]);

/**
 * The error to refuse a peer with after the handshake, or undefined when its chain leads to one of the roots (PEM). The
 * socket must have been opened with `rejectUnauthorized: false`. `now`: wall clock, ms.
 */
export function refuseChain(
  socket: TLSSocket,
  purpose: PeerPurpose,
  roots: readonly string[],
  now: number,
): MeshError | undefined {
  if (socket.authorized) return undefined;
  const reason = String(socket.authorizationError);
  const problem = ABOUT_TIME.has(reason)
    ? findFault(readPresented(socket), purpose, roots, now)
    : reason;
  if (problem === undefined) return undefined;
  return new MeshError("CERTIFICATE_INVALID", `the peer's certificate is not accepted: ${problem}`);
}

/** What is wrong with a chain, leaf first, where certificates count {@link CLOCK_TOLERANCE} longer; undefined: nothing. */
export function findFault(
  [leaf, ...authorities]: readonly X509Certificate[],
  purpose: PeerPurpose,
  roots: readonly string[],
  now: number,
): string | undefined {
  if (leaf === undefined) return "there is none";
  if (leaf.ca) return "it is an authority's";
  const trusted = roots.map((root) => new X509Certificate(root));
  try {
    const path = findPath(leaf, authorities, trusted);
    return path === undefined ? "it leads to none of the roots" : findPathFault(path, purpose, now);
  } catch (error) {
    return describeError(error);
  }
}

/** From the leaf to a root, each issued by the next. At every step a root is preferred to going on. */
function findPath(
  leaf: X509Certificate,
  authorities: readonly X509Certificate[],
  roots: readonly X509Certificate[],
): readonly X509Certificate[] | undefined {
  const path = [leaf];
  for (let last = leaf; path.length <= LONGEST_CHAIN; path.push(last)) {
    const issued = (issuer: X509Certificate): boolean => isIssuedBy(last, issuer);
    const root = roots.find(issued);
    if (root !== undefined) return [...path, root];
    const next = authorities.find((each) => !path.includes(each) && issued(each));
    if (next === undefined) return undefined;
    last = next;
  }
  return undefined;
}

/** By name and by signature, of an authority that may sign certificates. */
function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function findPathFault(
  path: readonly X509Certificate[],
  purpose: PeerPurpose,
  now: number,
): string | undefined {
  for (const [index, certificate] of path.entries()) {
    const { validFromDate, validToDate, keyUsage: purposes } = certificate;
    if (now + CLOCK_TOLERANCE < validFromDate.getTime())
      return `not valid before ${validFromDate.toISOString()}`;
    if (now - CLOCK_TOLERANCE > validToDate.getTime())
      return `not valid after ${validToDate.toISOString()}`;
    if (purposes !== undefined && !purposes.includes(purpose)) return "it is not meant for this";
    const { pathLength, others } = readChainDemands(certificate.raw);
    if (index - 1 > pathLength) return "there are more authorities than one of them allows";
    if (others) return "it has extensions that are not understood";
  }
  return undefined;
}

/** What the peer sent, ordered by the TLS stack: leaf first, each followed by its issuer as far as that is known. */
function readPresented(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<DetailedPeerCertificate>();
  let next: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (next?.raw !== undefined && !seen.has(next) && chain.length <= LONGEST_CHAIN) {
    seen.add(next);
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate;
  }
  return chain;
}
