import assert from "node:assert/strict";
import { before, describe, it } from "mocha";
import selfsigned from "selfsigned";
import type { MeshError } from "../../../mesh/errors.ts";
import {
  checkLeaf,
  type IssuedLeaf,
  type LeafExpectation,
  normalizeRoots,
  splitPem,
} from "../../../plugin/certificates/leaf-check.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const URI = "spiffe://here.mesh/ns/default/dc/embedded/svc/web";

interface Pair {
  readonly cert: string;
  readonly private: string;
}

interface Making {
  readonly uris?: readonly string[];
  readonly isAuthority?: boolean;
  readonly issuer?: Pair;
  readonly from?: number;
  readonly to?: number;
}

function make({ uris = [URI], isAuthority = false, issuer, from, to }: Making): Promise<Pair> {
  return selfsigned.generate([{ name: "commonName", value: isAuthority ? "a CA" : "web" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    notBeforeDate: new Date(from ?? Date.now() - HOUR),
    notAfterDate: new Date(to ?? Date.now() + HOUR),
    ...(issuer === undefined ? {} : { ca: { key: issuer.private, cert: issuer.cert } }),
    extensions: [
      { name: "basicConstraints", cA: isAuthority, critical: true },
      { name: "keyUsage", digitalSignature: true, keyCertSign: isAuthority, critical: true },
      ...(uris.length === 0
        ? []
        : [
            {
              name: "subjectAltName" as const,
              altNames: uris.map((value) => ({ type: 6 as const, value })),
            },
          ]),
    ],
  });
}

describe("checking a leaf", () => {
  let root: Pair;
  let other: Pair;
  before(async () => {
    root = await make({ isAuthority: true });
    other = await make({ isAuthority: true });
  });

  const expected = (changes: Partial<LeafExpectation> = {}): LeafExpectation => ({
    uri: URI,
    roots: [root.cert],
    now: Date.now(),
    ...changes,
  });
  const issued = (...chain: readonly Pair[]): IssuedLeaf => ({
    certificateChain: chain.map(({ cert }) => cert).join("\n"),
    privateKey: chain[0]?.private ?? "",
  });

  it("gives back a good one with its times, in one form of PEM", async () => {
    const from = Date.UTC(2026, 0, 1);
    const leaf = await make({ issuer: root, from, to: from + 10 * HOUR });
    const checked = checkLeaf(issued(leaf), expected({ now: from + HOUR }));
    assert.deepEqual([checked.notBefore, checked.notAfter], [from, from + 10 * HOUR]);
    assert.equal(checked.certificateChain, `${leaf.cert.trim()}\n`);
    assert.equal(checked.privateKey, `${leaf.private.trim()}\n`);
  });

  it("accepts one that verifies under any of several roots", async () => {
    const leaf = await make({ issuer: root });
    const roots = [other.cert, root.cert];
    assert.equal(checkLeaf(issued(leaf), expected({ roots })).uri, URI);
  });

  it("accepts a chain over an intermediate", async () => {
    const intermediate = await make({ isAuthority: true, issuer: root, uris: [] });
    const leaf = await make({ issuer: intermediate });
    const checked = checkLeaf(issued(leaf, intermediate), expected());
    assert.equal(splitPem(checked.certificateChain).length, 2);
  });

  for (const [when, making] of [
    ["begins in nine minutes", (now: number) => ({ from: now + 9 * MINUTE })],
    ["ended nine minutes ago", (now: number) => ({ to: now - 9 * MINUTE })],
  ] as const) {
    it(`accepts one that ${when}, since the authority's clock may be another`, async () => {
      const leaf = await make({ issuer: root, ...making(Date.now()) });
      assert.equal(checkLeaf(issued(leaf), expected()).uri, URI);
    });
  }

  const bad: readonly (readonly [string, () => Promise<readonly Pair[]>, RegExp])[] = [
    [
      "another service's name",
      async () => [await make({ issuer: root, uris: [`${URI}2`] })],
      /svc\/web2/,
    ],
    ["no name", async () => [await make({ issuer: root, uris: [] })], /exactly one URI/],
    ["two names", async () => [await make({ issuer: root, uris: [URI, URI] })], /exactly one URI/],
    [
      "an authority",
      async () => [await make({ issuer: root, isAuthority: true })],
      /expected a leaf/,
    ],
    ["a stranger's signature", async () => [await make({ issuer: other })], /verifies under/],
    ["its own signature", async () => [await make({})], /verifies under/],
    [
      "a leaf that signed it",
      async () => {
        const signer = await make({ issuer: root });
        return [await make({ issuer: signer }), signer];
      },
      /a chain in which/,
    ],
    [
      "an end in the past",
      async () => [await make({ issuer: root, to: Date.now() - 11 * MINUTE })],
      /is valid at/,
    ],
    [
      "a beginning in the future",
      async () => [await make({ issuer: root, from: Date.now() + 11 * MINUTE })],
      /is valid at/,
    ],
    ["nothing at all", async () => [{ cert: "", private: "" }], /got none/],
    [
      "another key",
      async () => [{ ...(await make({ issuer: root })), private: other.private }],
      /got another one/,
    ],
  ];
  for (const [name, build, message] of bad) {
    it(`refuses one with ${name}`, async () => {
      const chain = await build();
      assert.throws(
        () => checkLeaf(issued(...chain), expected()),
        (error: MeshError) => error.code === "CERTIFICATE_INVALID" && message.test(error.message),
      );
    });
  }

  it("does not count a root that has expired", async () => {
    const now = Date.now();
    const old = await make({ isAuthority: true, to: now + HOUR });
    const leaf = await make({ issuer: old, to: now + 3 * HOUR });
    const later = expected({ roots: [old.cert], now: now + 2 * HOUR });
    assert.throws(() => checkLeaf(issued(leaf), later), /verifies under a current root/);
  });

  it("puts roots into one form: each once, sorted, each with its newline", () => {
    const joined = `${other.cert.trim()}\n${root.cert.trim()}`;
    const roots = normalizeRoots([joined, root.cert, `${other.cert}\n\n`]);
    assert.deepEqual(roots, [`${root.cert.trim()}\n`, `${other.cert.trim()}\n`].toSorted());
  });
});
