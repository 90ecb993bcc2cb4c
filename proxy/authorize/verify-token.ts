// Whether a token was signed by one of the issuer's keys and is for us, now. The only file of the sidecar with a package
// (jose), and a bundle of its own: it is loaded when the first token has to be verified.
import { createLocalJWKSet, errors, type JWK, type JWTVerifyOptions, jwtVerify } from "jose";
import type { JwtPolicy } from "../../mesh/policy/policy.ts";
import type { Claims } from "./claims.ts";

/** Signatures of key pairs alone: `none` and the algorithms of shared secrets are never accepted, whatever a key says. */
const ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
];
/** Seconds by which the issuer's clock may be wrong. */
export const LEEWAY = 30;
/** Keys that are looked at. */
const MAX_KEYS = 64;

/** A public key of the issuer. */
export interface IssuerKey {
  /** The key itself, as text: what tells it from others, whatever its name. */
  readonly text: string;
  readonly find: ReturnType<typeof createLocalJWKSet>;
}

export interface Verified {
  readonly claims: Claims;
  /** {@link IssuerKey.text} of the key that signed it. */
  readonly key: string;
}

/** The keys of a key set (RFC 7517 §5) that can be used; none when it is no key set. */
export function readKeys(jwks: string): readonly IssuerKey[] {
  return listKeys(jwks).flatMap((key) => {
    // An `oct` key is a secret: in a set of public keys it is one that everybody knows.
    if (key.kty === "oct" || key.use === "enc") return [];
    try {
      return [{ text: JSON.stringify(key), find: createLocalJWKSet({ keys: [key] }) }];
    } catch {
      // What is no key is not one of the issuer's; the others are.
      return [];
    }
  });
}

function listKeys(jwks: string): readonly JWK[] {
  try {
    const { keys } = JSON.parse(jwks) as { keys?: unknown };
    if (!Array.isArray(keys)) return [];
    return keys.slice(0, MAX_KEYS).filter((key) => typeof key === "object" && key !== null);
  } catch {
    return [];
  }
}

/** Rejects, with a reason for the log, unless all holds. `now`: wall clock, ms. Required claims are the caller's to check. */
export async function verifyToken(
  token: string,
  keys: readonly IssuerKey[],
  { issuer, audiences }: JwtPolicy,
  now: number,
): Promise<Verified> {
  const options: JWTVerifyOptions = {
    algorithms: ALGORITHMS,
    issuer,
    ...(audiences.length === 0 ? {} : { audience: [...audiences] }),
    clockTolerance: LEEWAY,
    currentDate: new Date(now),
    // A token that never expires could never be got rid of.
    requiredClaims: ["exp"],
  };
  let reason: unknown = new Error("none of the issuer's keys is the token's");
  for (const key of keys) {
    try {
      const { payload } = await jwtVerify(token, key.find, options);
      return { claims: payload, key: key.text };
    } catch (error) {
      if (isAboutToken(error)) throw error;
      if (error instanceof errors.JWSSignatureVerificationFailed) reason = error;
    }
  }
  throw reason;
}

/**
 * Whether no other key would do better. All other errors may be about the key: it is another one, malformed, too short for
 * its algorithm, or of a kind that is not supported.
 */
function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWSInvalid ||
    error instanceof errors.JWTInvalid ||
    error instanceof errors.JWTExpired ||
    error instanceof errors.JWTClaimValidationFailed ||
    error instanceof errors.JOSEAlgNotAllowed
  );
}
