// The URI names of an X.509 certificate, read from its DER (X.690) and from nothing else: a library's text form of
// subjectAltName has been fooled before (injected separators, NUL bytes, mixed-up name types).
// Verifying the chain is the TLS stack's business, and what a URI means is `identity.ts`'s.
import { MeshError } from "./errors.ts";

const INTEGER = 0x02;
const OCTET_STRING = 0x04;
const BOOLEAN = 0x01;
const OBJECT_IDENTIFIER = 0x06;
const SEQUENCE = 0x30;
/** tbsCertificate: [0] version, [1] and [2] unique identifiers, [3] extensions (RFC 5280 §4.1). */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
/** GeneralName: [6] uniformResourceIdentifier, an implicitly tagged IA5String (RFC 5280 §4.2.1.6). */
const URI_NAME = 0x86;
/** 2.5.29.17, the content octets of the identifier. */
const SUBJECT_ALT_NAME: readonly number[] = [0x55, 0x1d, 0x11];

function malformed(what: string): MeshError {
  return new MeshError("CERTIFICATE_INVALID", `expected a DER certificate, found ${what}`);
}

/** Reads the elements of one constructed value, in order; every length is checked against what encloses it. */
class Elements {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** The tag of the next element, or undefined at the end. */
  get tag(): number | undefined {
    return this.#bytes[this.#at];
  }

  /** The content of the next element, which must carry this tag. */
  take(tag: number): Uint8Array {
    if (this.tag !== tag) {
      throw malformed(`tag ${this.tag ?? "nothing"} where tag ${tag} belongs`);
    }
    return this.skip();
  }

  /** The content of the next element, whatever it is. */
  skip(): Uint8Array {
    const tag = this.#byte();
    if ((tag & 0x1f) === 0x1f) throw malformed("a tag of several bytes");
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed("a length beyond the end of what encloses it");
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return content;
  }

  end(): void {
    if (!this.done) throw malformed("bytes after the last element");
  }

  /** X.690 §10.1: definite, and in the fewest octets. */
  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw malformed("an indefinite or oversized length");
    let length = 0;
    for (let index = 0; index < octets; index += 1) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 256 ** (octets - 1)) {
      throw malformed("a length that is longer than needed");
    }
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw malformed("the end of the data inside an element");
    this.#at += 1;
    return byte;
  }
}

/** Certificate → tbsCertificate → the content of its Extensions, or undefined where there are none. */
function readExtensions(der: Uint8Array): Uint8Array | undefined {
  const outer = new Elements(der);
  const certificate = new Elements(outer.take(SEQUENCE));
  outer.end();
  const fields = new Elements(certificate.take(SEQUENCE));
  if (fields.tag === VERSION) fields.skip();
  fields.take(INTEGER);
  // signature algorithm, issuer, validity, subject, public key
  for (let field = 0; field < 5; field += 1) fields.take(SEQUENCE);
  while (!fields.done && fields.tag !== EXTENSIONS) fields.skip();
  if (fields.done) return undefined;
  const tagged = new Elements(fields.take(EXTENSIONS));
  fields.end();
  const extensions = tagged.take(SEQUENCE);
  tagged.end();
  return extensions;
}

/** The content of the GeneralNames in subjectAltName, or undefined where the extension is absent. */
function readAlternativeNames(extensions: Uint8Array): Uint8Array | undefined {
  let names: Uint8Array | undefined;
  const list = new Elements(extensions);
  while (!list.done) {
    const extension = new Elements(list.take(SEQUENCE));
    const identifier = extension.take(OBJECT_IDENTIFIER);
    if (extension.tag === BOOLEAN) extension.skip();
    const value = new Elements(extension.take(OCTET_STRING));
    extension.end();
    if (!isSubjectAltName(identifier)) continue;
    if (names !== undefined) throw malformed("two subjectAltName extensions");
    names = value.take(SEQUENCE);
    value.end();
  }
  return names;
}

function isSubjectAltName(identifier: Uint8Array): boolean {
  return (
    identifier.length === SUBJECT_ALT_NAME.length &&
    SUBJECT_ALT_NAME.every((octet, index) => identifier[index] === octet)
  );
}

function readUri(content: Uint8Array): string {
  for (const byte of content) {
    if (byte <= 0x20 || byte >= 0x7f) throw malformed(`byte ${byte} in a URI name`);
  }
  return Buffer.from(content).toString("latin1");
}

/**
 * Every URI in a certificate's subjectAltName, in order; empty when it has none.
 * Throws CERTIFICATE_INVALID for malformed DER, for a URI with anything but visible ASCII, and for a second such extension.
 */
export function readUriNames(der: Uint8Array): readonly string[] {
  const extensions = readExtensions(der);
  const content = extensions === undefined ? undefined : readAlternativeNames(extensions);
  if (content === undefined) return [];
  const names = new Elements(content);
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
