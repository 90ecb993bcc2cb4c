// A new root for Consul's certificate authority, as an operator makes one: `consul connect ca set-config` with a new key.
// Consul has the old root sign the new one, trusts both, and issues every leaf anew.
import { generateKeyPairSync } from "node:crypto";

interface Roots {
  readonly ActiveRootID: string;
}

/** Returns the id of the new root, once it signs. */
export async function replaceRoot(consul: string): Promise<string> {
  const { privateKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "sec1", format: "pem" },
  });
  const before = await activeRoot(consul);
  const current = (await (await ask(consul, "/v1/connect/ca/configuration")).json()) as {
    readonly Config: object;
  };
  const Config = { ...current.Config, PrivateKey: privateKey, RootCert: "" };
  await ask(consul, "/v1/connect/ca/configuration", {
    method: "PUT",
    body: JSON.stringify({ Provider: "consul", Config }),
  });
  const now = await activeRoot(consul);
  if (now === before) throw new Error("expected a new root, but the old one still signs");
  return now;
}

async function activeRoot(consul: string): Promise<string> {
  const roots = (await (await ask(consul, "/v1/connect/ca/roots")).json()) as Roots;
  return roots.ActiveRootID;
}

async function ask(consul: string, path: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(consul + path, { ...init, signal: AbortSignal.timeout(10_000) });
  if (response.ok) return response;
  throw new Error(`consul answered ${response.status} to ${path}: ${await response.text()}`);
}
