// Who is at the other end of a mutual TLS connection, from the DER of its certificate.
// The chain was verified before; what is decided here is whether the name is the one we want.
import type { TLSSocket } from "node:tls";
import { readSoleUriName } from "../../mesh/certificate.ts";
import { MeshError } from "../../mesh/errors.ts";
import { parseIdentity } from "../../mesh/identity.ts";

/**
 * The SPIFFE id of a caller. Throws CERTIFICATE_INVALID or IDENTITY_INVALID unless its certificate carries exactly one
 * URI, a service of our trust domain.
 */
export function readCallerUri(socket: TLSSocket, trustDomain: string): string {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) {
    throw new MeshError("CERTIFICATE_INVALID", "expected a client certificate, found none");
  }
  const uri = readSoleUriName(certificate.raw);
  const identity = parseIdentity(uri);
  if (identity.trustDomain !== trustDomain) {
    throw new MeshError(
      "IDENTITY_INVALID",
      `expected a service of trust domain ${trustDomain}, found ${uri}`,
    );
  }
  return uri;
}

/** The error to refuse a callee with, or undefined when its certificate carries `expected` and no other URI. */
export function refuseCallee(der: Uint8Array, expected: string): MeshError | undefined {
  try {
    const uri = readSoleUriName(der);
    if (uri === expected) return undefined;
    return new MeshError("IDENTITY_INVALID", `expected ${expected}, found ${uri}`);
  } catch (error) {
    if (error instanceof MeshError) return error;
    throw error;
  }
}
