import assert from "node:assert/strict";
import { generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { fetchKeySet, publicKeys } from "../../../plugin/policy/key-set.ts";
import { type ServedApp, serveApp } from "../../helpers/served-app.ts";

const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi"];

function jwk(curve: string, extra: JsonWebKey = {}): JsonWebKey {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: curve });
  return { ...privateKey.export({ format: "jwk" }), ...extra };
}

function keysOf(text: string): readonly JsonWebKey[] {
  return (JSON.parse(text) as { readonly keys: readonly JsonWebKey[] }).keys;
}

function withoutPrivateParts(key: JsonWebKey): JsonWebKey {
  return Object.fromEntries(
    Object.entries(key).filter(([member]) => !PRIVATE_MEMBERS.includes(member)),
  );
}

/** In one order, of keys and of what they hold. */
function inOrder(keys: readonly JsonWebKey[]): readonly string[] {
  return keys.map((key) => JSON.stringify(Object.entries(key).sort())).sort();
}

const P256 = jwk("P-256", { kid: "a", use: "sig", alg: "ES256" });
const SET = JSON.stringify({ keys: [P256] });

describe("a set of keys", () => {
  it("is passed on without private parts, and without what says nothing about a key", () => {
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({
      format: "jwk",
    });
    const edwards = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
    const all = [P256, rsa, edwards];
    const text = JSON.stringify({ keys: all.map((key) => ({ ...key, x5u: "http://x" })) });
    assert.deepEqual(inOrder(keysOf(publicKeys(text))), inOrder(all.map(withoutPrivateParts)));
  });

  it("is the same in whatever order the issuer names its keys", () => {
    const [first, second] = [P256, jwk("P-384")];
    const texts = [
      [first, second],
      [second, first],
    ].map((keys) => JSON.stringify({ keys }));
    assert.equal(publicKeys(texts[0] ?? ""), publicKeys(texts[1] ?? ""));
  });

  it("is passed on without keys that are not for signatures, or no keys at all", () => {
    const others = [
      ...[{ kty: "oct", k: "c2VjcmV0" }, jwk("P-256", { use: "enc" }), { kty: "EC", crv: "P-256" }],
      ...[null, "key", [], {}, { kty: "EC", crv: "P-0", x: "AA", y: "AA" }, { kty: "XY" }],
    ];
    const text = JSON.stringify({ keys: [...others, P256] });
    assert.deepEqual(keysOf(publicKeys(text)), [withoutPrivateParts(P256)]);
  });

  for (const [what, text, message] of [
    ["no JSON", "<html>", 'expected a JSON object with "keys"'],
    ["nothing", "null", 'expected a JSON object with "keys"'],
    ["no list", '{"keys": {}}', 'expected a JSON object with "keys"'],
    ["an empty list", '{"keys": []}', "expected a public key for signatures, got none"],
    [
      "secrets alone",
      '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
      "expected a public key for signatures, got none",
    ],
    [
      "too many keys",
      JSON.stringify({ keys: Array.from({ length: 33 }, () => P256) }),
      "expected at most 32 keys, got 33",
    ],
  ] as const) {
    it(`is refused when it is ${what}, without a word of it`, () => {
      assert.throws(() => publicKeys(text), { message });
    });
  }
});

describe("fetching a set of keys", () => {
  let directory: string;
  let server: ServedApp | undefined;
  const { signal } = new AbortController();

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "docker-mesh-"));
  });

  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    server = undefined;
    await rm(directory, { recursive: true });
  });

  const fetchFrom = async (app: RequestListener): Promise<string> => {
    server = await serveApp(app);
    return await fetchKeySet(`${server.origin}/keys`, signal);
  };

  it("works over HTTP", async () => {
    const text = await fetchFrom((_request, response) => response.end(SET));
    assert.deepEqual(keysOf(text), [withoutPrivateParts(P256)]);
  });

  it("works from a file of the agent's", async () => {
    const file = join(directory, "keys.json");
    await writeFile(file, SET);
    assert.deepEqual(keysOf(await fetchKeySet(pathToFileURL(file).href, signal)), [
      withoutPrivateParts(P256),
    ]);
  });

  for (const [what, app, message] of [
    [
      "an answer that is none",
      (_request, response) => response.writeHead(404).end(SET),
      "expected status 200, got 404",
    ],
    [
      "a redirect, wherever it leads",
      (request, response) =>
        request.url === "/keys"
          ? response.writeHead(302, { location: "/" }).end()
          : response.end(SET),
      "expected status 200, got 302",
    ],
    [
      "an answer without end",
      (_request, response) => {
        const more = setInterval(() => response.write(" ".repeat(16_384)), 1);
        response.once("close", () => clearInterval(more));
      },
      "expected at most 64 KiB",
    ],
  ] as const satisfies readonly (readonly [string, RequestListener, string])[]) {
    it(`refuses ${what}`, async () => {
      await assert.rejects(fetchFrom(app), { message });
    });
  }

  it("refuses a file that is too large, one that is none, and one that is not there", async () => {
    const file = join(directory, "keys.json");
    await writeFile(file, SET + " ".repeat(65_536));
    const at = (path: string): Promise<string> => fetchKeySet(pathToFileURL(path).href, signal);
    await assert.rejects(at(file), { message: "expected at most 64 KiB" });
    await assert.rejects(at("/dev/zero"), { message: "expected a regular file" });
    await assert.rejects(at(directory), { message: "expected a regular file" });
    await assert.rejects(at(join(directory, "none")), { code: "ENOENT" });
  });

  it("ends when nobody wants it any more", async () => {
    const stop = new AbortController();
    server = await serveApp(() => stop.abort(new Error("no longer wanted")));
    await assert.rejects(fetchKeySet(server.origin, stop.signal), { message: "no longer wanted" });
  });
});
