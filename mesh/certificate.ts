// What the extensions of an X.509 certificate say, read from its DER (X.690) and from nothing else: a library's text form
// of subjectAltName has been fooled before (injected separators, NUL bytes, mixed-up name types).
// Verifying the chain is the TLS stack's business or its caller's, and what a URI means is `identity.ts`'s.
import { Elements, malformed, TAG } from "./der.ts";
import { MeshError } from "./errors.ts";

/** tbsCertificate: [0] version, [1] and [2] unique identifiers, [3] extensions (RFC 5280 §4.1). */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** GeneralName: [6] uniformResourceIdentifier, an implicitly tagged IA5String (RFC 5280 §4.2.1.6). */
const URI_NAME = 0x86;
/** Extensions by the content octets of their identifiers, beneath 2.5.29 (RFC 5280 §4.2.1). */
const KEY_USAGE = "551d0f";
const SUBJECT_ALT_NAME = "551d11";
const BASIC_CONSTRAINTS = "551d13";
const NAME_CONSTRAINTS = "551d1e";
const EXTENDED_KEY_USAGE = "551d25";
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ...[KEY_USAGE, SUBJECT_ALT_NAME, BASIC_CONSTRAINTS, EXTENDED_KEY_USAGE],
]);

interface Extension {
  readonly critical: boolean;
  readonly value: Uint8Array;
}

/** Certificate → tbsCertificate → the content of its Extensions, or undefined where there are none. */
function readExtensions(der: Uint8Array): Uint8Array | undefined {
  const outer = new Elements(der);
  const certificate = new Elements(outer.take(TAG.sequence));
  outer.end();
  const fields = new Elements(certificate.take(TAG.sequence));
  if (fields.tag === VERSION) fields.skip();
  fields.take(TAG.integer);
  // signature algorithm, issuer, validity, subject, public key
  for (let field = 0; field < 5; field += 1) fields.take(TAG.sequence);
  while (!fields.done && fields.tag !== EXTENSIONS) fields.skip();
  if (fields.done) return undefined;
  const tagged = new Elements(fields.take(EXTENSIONS));
  fields.end();
  const extensions = tagged.take(TAG.sequence);
  tagged.end();
  return extensions;
}

/** By identifier; none may be there twice (RFC 5280 §4.2). */
function listExtensions(der: Uint8Array): ReadonlyMap<string, Extension> {
  const found = new Map<string, Extension>();
  const content = readExtensions(der);
  if (content === undefined) return found;
  const list = new Elements(content);
  while (!list.done) {
    const extension = new Elements(list.take(TAG.sequence));
    const identifier = Buffer.from(extension.take(TAG.objectIdentifier)).toString("hex");
    const critical = extension.tag === TAG.boolean && extension.skip()[0] !== 0;
    const value = extension.take(TAG.octetString);
    extension.end();
    if (found.has(identifier)) throw malformed(`two extensions ${identifier}`);
    found.set(identifier, { critical, value });
  }
  return found;
}

function readUri(content: Uint8Array): string {
  for (const byte of content) {
    if (byte <= 0x20 || byte >= 0x7f) throw malformed(`byte ${byte} in a URI name`);
  }
  return Buffer.from(content).toString("latin1");
}

/**
 * Every URI in a certificate's subjectAltName, in order; empty when it has none.
 * Throws CERTIFICATE_INVALID for malformed DER, for a URI with anything but visible ASCII, and for an extension that is there twice.
 */
export function readUriNames(der: Uint8Array): readonly string[] {
  const extension = listExtensions(der).get(SUBJECT_ALT_NAME);
  if (extension === undefined) return [];
  const value = new Elements(extension.value);
  const names = new Elements(value.take(TAG.sequence));
  value.end();
  const uris: string[] = [];
  while (!names.done) {
    const isUri = names.tag === URI_NAME;
    const name = names.skip();
    if (isUri) uris.push(readUri(name));
  }
  return uris;
}

/** The one URI of a certificate. Throws CERTIFICATE_INVALID when it has none or several (X509-SVID §2). */
export function readSoleUriName(der: Uint8Array): string {
  const [uri, ...others] = readUriNames(der);
  if (uri === undefined || others.length > 0) {
    throw new MeshError(
      "CERTIFICATE_INVALID",
      `expected a certificate with exactly one URI name, found ${uri === undefined ? "none" : others.length + 1}`,
    );
  }
  return uri;
}

/** What a certificate demands of a chain that it is part of. */
export interface ChainDemands {
  /** How many authorities there may be between it and the leaf; infinite where it does not say. */
  readonly pathLength: number;
  /** Whether it has demands besides that only a complete verifier of chains could meet (RFC 5280 §6). */
  readonly others: boolean;
}

/** Throws CERTIFICATE_INVALID for malformed DER. */
export function readChainDemands(der: Uint8Array): ChainDemands {
  const extensions = listExtensions(der);
  const basic = extensions.get(BASIC_CONSTRAINTS);
  const unknown = [...extensions].some(([name, { critical }]) => critical && !UNDERSTOOD.has(name));
  return {
    pathLength: basic === undefined ? Number.POSITIVE_INFINITY : readPathLength(basic.value),
    others: unknown || extensions.has(NAME_CONSTRAINTS),
  };
}

/** BasicConstraints (RFC 5280 §4.2.1.9). */
function readPathLength(value: Uint8Array): number {
  const outer = new Elements(value);
  const fields = new Elements(outer.take(TAG.sequence));
  outer.end();
  if (fields.tag === TAG.boolean) fields.skip();
  if (fields.done) return Number.POSITIVE_INFINITY;
  const octets = fields.take(TAG.integer);
  fields.end();
  if (octets.length > 4) throw malformed("a path length that no chain could have");
  return octets.reduce((length, octet) => length * 256 + octet, 0);
}
