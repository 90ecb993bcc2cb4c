// What every certificate must satisfy before the mesh uses it, whoever signed it: nothing in here trusts the authority.
// The same file puts PEM texts into one form, since authorities differ in the newline at the end.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readSoleUriName } from "../../mesh/certificate.ts";
import { CLOCK_TOLERANCE } from "../../mesh/clock.ts";
import { describeError, MeshError } from "../../mesh/errors.ts";
import type { Leaf } from "./authority.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** The certificates of a PEM text in order, each ending with a newline. */
export function splitPem(text: string): readonly string[] {
  return [...text.matchAll(CERTIFICATE)].map(([certificate]) => `${certificate}\n`);
}

/** One set of trusted roots: each once, sorted, each ending with a newline. */
export function normalizeRoots(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.flatMap(splitPem))].toSorted();
}

export interface IssuedLeaf {
  /** PEM, leaf first. */
  readonly certificateChain: string;
  /** PEM. */
  readonly privateKey: string;
}

export interface LeafExpectation {
  /** The SPIFFE id it must carry. */
  readonly uri: string;
  /** PEM; it must verify under one of them. */
  readonly roots: readonly string[];
  /** Wall clock, ms; it must be valid then, give or take what clocks may differ by. */
  readonly now: number;
}

/** The leaf, when all of it is as expected; throws CERTIFICATE_INVALID saying what is not. */
export function checkLeaf(issued: IssuedLeaf, expected: LeafExpectation): Leaf {
  const chain = splitPem(issued.certificateChain);
  try {
    const [leaf, ...intermediates] = chain.map((pem) => new X509Certificate(pem));
    if (leaf === undefined) throw new Error("expected a certificate, got none");
    checkName(leaf, expected.uri);
    checkKey(leaf, issued.privateKey);
    for (const certificate of [leaf, ...intermediates]) checkDates(certificate, expected.now);
    checkChain(leaf, intermediates, expected);
    return {
      certificateChain: chain.join(""),
      privateKey: `${issued.privateKey.trimEnd()}\n`,
      uri: expected.uri,
      notBefore: leaf.validFromDate.getTime(),
      notAfter: leaf.validToDate.getTime(),
    };
  } catch (error) {
    throw new MeshError(
      "CERTIFICATE_INVALID",
      `the authority issued an unusable certificate for ${expected.uri}: ${describeError(error)}`,
      { cause: error },
    );
  }
}

function checkName(leaf: X509Certificate, uri: string): void {
  const name = readSoleUriName(leaf.raw);
  if (name !== uri) throw new Error(`expected the name ${uri}, got ${name}`);
  if (leaf.ca) throw new Error("expected a leaf, got a certificate authority");
}

function checkKey(leaf: X509Certificate, privateKey: string): void {
  if (!leaf.checkPrivateKey(createPrivateKey(privateKey)))
    throw new Error("expected the private key of the certificate, got another one");
}

function checkDates(certificate: X509Certificate, now: number): void {
  const { validFromDate, validToDate } = certificate;
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  if (now < from - CLOCK_TOLERANCE || now >= to + CLOCK_TOLERANCE)
    throw new Error(
      `expected a certificate that is valid at ${new Date(now).toISOString()}, ` +
        `got one from ${validFromDate.toISOString()} to ${validToDate.toISOString()}`,
    );
}

// Each certificate must be issued by a root, or by the next of the chain, which must be an authority.
function checkChain(
  leaf: X509Certificate,
  intermediates: readonly X509Certificate[],
  { roots, now }: LeafExpectation,
): void {
  const trusted = roots
    .map((pem) => new X509Certificate(pem))
    .filter((root) => now < root.validToDate.getTime() + CLOCK_TOLERANCE);
  let certificate = leaf;
  for (const issuer of intermediates) {
    if (trusted.some((root) => isIssuedBy(certificate, root))) return;
    if (!issuer.ca || !isIssuedBy(certificate, issuer))
      throw new Error("expected a chain in which each certificate issued the one before it");
    certificate = issuer;
  }
  if (!trusted.some((root) => isIssuedBy(certificate, root)))
    throw new Error("expected a certificate that verifies under a current root");
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}
