// The public keys of those who issue tokens to end users (RFC 7517), as the agent fetches them for its sidecars. Whoever
// writes a policy chooses the address: nothing of an answer that is no set of public keys goes any further.
import { createPublicKey, type JsonWebKey } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";

/** Bytes of a set, and keys in it, at most. */
const SIZE_LIMIT = 64 * 1024;
const KEYS_MOST = 32;
/** For all of an answer, ms. */
const TIME_LIMIT = 5_000;

/** Members that describe a public key (RFC 7517 §4, RFC 7518 §6); those of private keys are not among them. */
const PUBLIC_MEMBERS = ["kty", "kid", "alg", "use", "key_ops", "crv", "x", "y", "n", "e"] as const;

/** The set at an address that begins with `https://`, `http://` or `file:///`, as JSON. Throws an Error that says what is wrong. */
export async function fetchKeySet(address: string, signal: AbortSignal): Promise<string> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIME_LIMIT)]);
  const url = new URL(address);
  const text = url.protocol === "file:" ? await readFile(url, limit) : await load(url, limit);
  return publicKeys(text);
}

async function readFile(url: URL, signal: AbortSignal): Promise<string> {
  // A pipe or a device may never end.
  if (!(await stat(url)).isFile()) throw new Error("expected a regular file");
  return await collect(createReadStream(url, { signal, end: SIZE_LIMIT }));
}

async function load(url: URL, signal: AbortSignal): Promise<string> {
  // Who is allowed to name one address has not thereby vouched for another.
  const response = await fetch(url, {
    ...{ signal, redirect: "manual", headers: { accept: "application/json" } },
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`expected status 200, got ${response.status}`);
  }
  return await collect(response.body ?? []);
}

async function collect(
  chunks: Readable | ReadableStream<Uint8Array> | readonly Uint8Array[],
): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += (chunk as Uint8Array).length;
    if (size > SIZE_LIMIT) throw new Error(`expected at most ${SIZE_LIMIT / 1024} KiB`);
    parts.push(chunk as Uint8Array);
  }
  return Buffer.concat(parts).toString("utf8");
}

/**
 * The same keys without private parts; those for encryption and those that nobody here understands are left out. In one
 * order, whichever the issuer answers with: that alone is no news for sidecars.
 */
export function publicKeys(text: string): string {
  const keys = parseKeys(text);
  if (keys.length > KEYS_MOST) {
    throw new Error(`expected at most ${KEYS_MOST} keys, got ${keys.length}`);
  }
  const usable = keys.map(publicPart).filter((key) => key !== undefined);
  if (usable.length === 0) throw new Error("expected a public key for signatures, got none");
  const sorted = usable.map((key) => JSON.stringify(key)).sort();
  return `{"keys":[${sorted.join(",")}]}`;
}

function parseKeys(text: string): readonly unknown[] {
  try {
    const { keys } = JSON.parse(text) as { readonly keys?: unknown };
    if (Array.isArray(keys)) return keys;
  } catch {
    // Not even JSON, or null: said below, without any of the text.
  }
  throw new Error('expected a JSON object with "keys"');
}

function publicPart(key: unknown): JsonWebKey | undefined {
  if (typeof key !== "object" || key === null || Array.isArray(key)) return undefined;
  const offered = key as Readonly<Record<string, unknown>>;
  const named = PUBLIC_MEMBERS.filter((name) => Object.hasOwn(offered, name));
  const found: JsonWebKey = Object.fromEntries(named.map((name) => [name, offered[name]]));
  if (found["use"] !== undefined && found["use"] !== "sig") return undefined;
  try {
    // Refuses symmetric keys, which have no public part.
    createPublicKey({ key: found, format: "jwk" });
    return found;
  } catch {
    return undefined;
  }
}
