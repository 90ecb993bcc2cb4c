// Tokens and keys of an issuer that exists in the test run alone.
import {
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signBytes,
} from "node:crypto";

export const ISSUER = "https://login.test/";

export interface TestKey {
  readonly kid: string;
  readonly alg: "RS256" | "ES256" | "EdDSA";
  readonly privateKey: KeyObject;
  readonly jwk: JsonWebKey;
}

/** A new key pair. */
export function createKey(kid: string, alg: TestKey["alg"] = "ES256"): TestKey {
  const { publicKey, privateKey } = pairFor(alg);
  const jwk = { ...publicKey.export({ format: "jwk" }), kid, alg, use: "sig" };
  return { kid, alg, privateKey, jwk };
}

function pairFor(alg: TestKey["alg"]): { publicKey: KeyObject; privateKey: KeyObject } {
  if (alg === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2_048 });
  if (alg === "EdDSA") return generateKeyPairSync("ed25519");
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

export function keySet(...keys: readonly { readonly jwk: JsonWebKey }[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** Seconds, wall clock. */
export function inAnHour(now: number = Date.now()): number {
  return Math.floor(now / 1_000) + 3_600;
}

/** A token signed by the key. */
export function tokenBy(
  key: TestKey,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): string {
  const input = signingInput({ alg: key.alg, kid: key.kid, ...header }, claims);
  const dsaEncoding = "ieee-p1363";
  const digest = key.alg === "EdDSA" ? null : "sha256";
  const signature = signBytes(digest, Buffer.from(input), { key: key.privateKey, dsaEncoding });
  return `${input}.${signature.toString("base64url")}`;
}

/** What an attacker makes of a public key: a secret that both sides know. */
export function tokenBySecret(secret: string, claims: Readonly<Record<string, unknown>>): string {
  const input = signingInput({ alg: "HS256" }, claims);
  return `${input}.${createHmac("sha256", secret).update(input).digest("base64url")}`;
}

/** Header and claims without a signature. */
export function signingInput(
  header: Readonly<Record<string, unknown>>,
  claims: Readonly<Record<string, unknown>>,
): string {
  const all = { iss: ISSUER, sub: "user-1", exp: inAnHour(), ...claims };
  return `${encode(header)}.${encode(all)}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
