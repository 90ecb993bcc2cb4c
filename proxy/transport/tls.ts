// What a sidecar presents and trusts on mutual TLS, built once per certificates and never per connection.
import { constants, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext, type SecureContextOptions } from "node:tls";
import { readSoleUriName } from "../../mesh/certificate.ts";
import { MeshError } from "../../mesh/errors.ts";
import type { Certificates } from "../configuration/snapshot.ts";

/** A sidecar's certificates, ready for use. */
export interface TlsIdentity {
  /** The SPIFFE id this sidecar presents. */
  readonly uri: string;
  readonly trustDomain: string;
  /** For dialing. */
  readonly context: SecureContext;
  /** For listening: Node's servers build their context themselves. */
  readonly options: SecureContextOptions;
  /** PEM, what a peer's chain must lead to. */
  readonly roots: readonly string[];
  /** Grows with each change of the certificates: a connection pool never survives one. */
  readonly generation: number;
}

/** Throws CERTIFICATE_INVALID when key, chain and roots cannot be used, or the leaf does not carry `uri`. */
export function createTlsIdentity(certificates: Certificates, generation: number): TlsIdentity {
  const options: SecureContextOptions = {
    cert: certificates.certificateChain,
    key: certificates.privateKey,
    ca: [...certificates.roots],
    minVersion: "TLSv1.3",
    // No resumption: a session ticket would outlive the roots that its handshake was judged by.
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
  return {
    uri: requireLeafUri(certificates),
    trustDomain: certificates.trustDomain,
    context: tryCreateContext(options),
    options,
    roots: certificates.roots,
    generation,
  };
}

function tryCreateContext(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options);
  } catch (cause) {
    throw new MeshError(
      "CERTIFICATE_INVALID",
      "expected a certificate chain with its private key and roots in PEM",
      { cause },
    );
  }
}

function requireLeafUri(certificates: Certificates): string {
  const uri = readSoleUriName(readLeaf(certificates.certificateChain));
  if (uri !== certificates.uri) {
    throw new MeshError(
      "CERTIFICATE_INVALID",
      `expected a leaf certificate for ${certificates.uri}, found one for ${uri}`,
    );
  }
  return uri;
}

function readLeaf(chain: string): Uint8Array {
  try {
    return new X509Certificate(chain).raw;
  } catch (cause) {
    throw new MeshError("CERTIFICATE_INVALID", "expected a certificate chain in PEM, leaf first", {
      cause,
    });
  }
}
