// What a chain must be when it is judged here rather than by the TLS stack: certificates count ten minutes longer at both
// ends, and nothing else is let through.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { before, describe, it } from "mocha";
import selfsigned from "selfsigned";
import { findFault, PEER_PURPOSE } from "../../../proxy/transport/peer-chain.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

interface Pair {
  readonly cert: string;
  readonly private: string;
  readonly public: string;
}

interface Making {
  readonly issuer?: Pair;
  /** Has this one's name and key. */
  readonly like?: Pair;
  readonly authority?: boolean;
  readonly pathLength?: number;
  readonly clientOnly?: boolean;
  /** May sign certificates; by default as an authority may. */
  readonly signs?: boolean;
  /** Of now, ms. */
  readonly from?: number;
  readonly to?: number;
}

let made = 0;

async function make(making: Making): Promise<Pair> {
  const { issuer, like, authority = false, pathLength, clientOnly = false } = making;
  made += 1;
  const name =
    like === undefined
      ? `certificate ${made}`
      : new X509Certificate(like.cert).subject.replace("CN=", "");
  return await selfsigned.generate([{ name: "commonName", value: name }], {
    ...(like === undefined
      ? {}
      : { keyPair: { privateKey: like.private, publicKey: like.public } }),
    ...{ keyType: "ec", curve: "P-256", algorithm: "sha256" },
    notBeforeDate: new Date(Date.now() + (making.from ?? -HOUR)),
    notAfterDate: new Date(Date.now() + (making.to ?? HOUR)),
    ...(issuer === undefined ? {} : { ca: { key: issuer.private, cert: issuer.cert } }),
    extensions: [
      {
        ...{ name: "basicConstraints", cA: authority, critical: true },
        ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }),
      },
      {
        ...{ name: "keyUsage", digitalSignature: true, critical: true },
        keyCertSign: making.signs ?? authority,
      },
      ...(authority
        ? []
        : [{ name: "extKeyUsage" as const, clientAuth: true, serverAuth: !clientOnly }]),
    ],
  });
}

describe("a chain judged with tolerance", () => {
  let root: Pair;
  before(async () => {
    root = await make({ authority: true });
  });

  const judge = (chain: readonly Pair[], roots: readonly Pair[] = [root]): string | undefined =>
    findFault(
      chain.map(({ cert }) => new X509Certificate(cert)),
      PEER_PURPOSE.server,
      roots.map(({ cert }) => cert),
      Date.now(),
    );

  const good: readonly (readonly [string, () => Promise<readonly Pair[]>])[] = [
    ["whose leaf is valid", async () => [await make({ issuer: root })]],
    ["whose leaf will be valid soon", async () => [await make({ issuer: root, from: 9 * MINUTE })]],
    [
      "whose leaf has just expired",
      async () => [await make({ issuer: root, from: -HOUR, to: -9 * MINUTE })],
    ],
    [
      "over another authority that will be valid soon",
      async () => {
        const issuer = await make({ issuer: root, authority: true, from: 9 * MINUTE });
        return [await make({ issuer, from: 9 * MINUTE }), issuer];
      },
    ],
  ];
  for (const [which, chain] of good) {
    it(`is accepted ${which}`, async () => assert.equal(judge(await chain()), undefined));
  }

  it("is accepted under a root that will be valid soon, among others", async () => {
    const next = await make({ authority: true, from: 5 * MINUTE });
    const leaf = await make({ issuer: next, from: 4 * MINUTE });
    assert.equal(judge([leaf], [root, next]), undefined);
  });

  it("is accepted under an old root that has signed the new one, by whoever knows either", async () => {
    const next = await make({ authority: true });
    const crossSigned = await make({ issuer: root, like: next, authority: true });
    const leaf = await make({ issuer: next });
    for (const roots of [[root], [next], [root, next]]) {
      assert.equal(judge([leaf, crossSigned], roots), undefined);
    }
    assert.match(judge([leaf], [root]) ?? "", /none of the roots/);
  });

  const bad: readonly (readonly [string, () => Promise<readonly Pair[]>, RegExp])[] = [
    ["that is empty", async () => [], /there is none/],
    ["whose leaf is an authority", async () => [root], /an authority's/],
    [
      "whose leaf is far from valid",
      async () => [await make({ issuer: root, from: 11 * MINUTE })],
      /not valid before/,
    ],
    [
      "whose leaf expired some time ago",
      async () => [await make({ issuer: root, to: -11 * MINUTE })],
      /not valid after/,
    ],
    [
      "over an authority that expired some time ago",
      async () => {
        const issuer = await make({ issuer: root, authority: true, to: -11 * MINUTE });
        return [await make({ issuer }), issuer];
      },
      /not valid after/,
    ],
    [
      "of another authority",
      async () => [await make({ issuer: await make({ authority: true }) })],
      /none of the roots/,
    ],
    ["that signed itself", async () => [await make({})], /none of the roots/],
    [
      "over a leaf in an authority's place",
      async () => {
        const issuer = await make({ issuer: root });
        return [await make({ issuer }), issuer];
      },
      /none of the roots/,
    ],
    [
      "over an authority that may not sign certificates",
      async () => {
        const issuer = await make({ issuer: root, authority: true, signs: false });
        return [await make({ issuer }), issuer];
      },
      /none of the roots/,
    ],
    [
      "whose leaf is for callers alone",
      async () => [await make({ issuer: root, clientOnly: true })],
      /not meant for this/,
    ],
    [
      "with more authorities than one of them allows",
      async () => {
        const first = await make({ issuer: root, authority: true, pathLength: 0 });
        const second = await make({ issuer: first, authority: true });
        return [await make({ issuer: second }), second, first];
      },
      /more authorities/,
    ],
    [
      "that is too long",
      async () => {
        const chain = [root];
        for (let count = 0; count < 5; count += 1) {
          chain.unshift(await make({ issuer: chain[0] ?? root, authority: true }));
        }
        return [await make({ issuer: chain[0] ?? root }), ...chain];
      },
      /none of the roots/,
    ],
  ];
  for (const [which, chain, problem] of bad) {
    it(`is refused ${which}`, async () => assert.match(judge(await chain()) ?? "", problem));
  }
});
