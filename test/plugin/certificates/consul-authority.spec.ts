import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import selfsigned from "selfsigned";
import type { Leaf, TrustBundle } from "../../../plugin/certificates/authority.ts";
import { ConsulAuthority } from "../../../plugin/certificates/consul-authority.ts";
import { ConsulClient } from "../../../registry/consul/client.ts";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type AuthorityRig, authorityConformance } from "./authority-conformance.ts";

function open(consul: ConsulServer): AuthorityRig {
  const client = new ConsulClient({ address: consul.address, timeout: 2_000 });
  return {
    authority: new ConsulAuthority({ client }),
    async [Symbol.asyncDispose]() {
      client[Symbol.dispose]();
    },
  };
}

describe("with a real Consul", () => {
  let consul: ConsulServer;
  let stranger: ConsulServer;
  before(async function () {
    this.timeout(60_000);
    [consul, stranger] = await Promise.all([startConsul(), startConsul()]);
  });
  after(() => Promise.all([consul, stranger].map((each) => each[Symbol.asyncDispose]())));

  authorityConformance(
    "Consul's authority",
    async () => open(consul),
    async () => open(stranger),
  );
});

/** Collects what an iteration gives; disposing ends it. */
class Collector<T> implements AsyncDisposable {
  readonly values: T[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;

  constructor(start: (signal: AbortSignal) => AsyncIterable<T>) {
    this.#done = this.#collect(start);
  }

  get newest(): T | undefined {
    return this.values.at(-1);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }

  async #collect(start: (signal: AbortSignal) => AsyncIterable<T>): Promise<void> {
    for await (const value of start(this.#stop.signal)) this.values.push(value);
  }
}

describe("Consul's authority", function () {
  this.timeout(90_000);
  let used: AsyncDisposableStack;
  let consul: ConsulServer;
  let authority: AuthorityRig["authority"];
  let bundles: Collector<TrustBundle>;
  let leaves: Collector<Leaf>;

  beforeEach(() => {
    used = new AsyncDisposableStack();
  });
  afterEach(() => used.disposeAsync());

  async function begin(forgetful: boolean): Promise<void> {
    consul = used.use(await startConsul({ forgetful }));
    authority = used.use(open(consul)).authority;
    bundles = used.use(new Collector((signal) => authority.bundles(signal)));
    leaves = used.use(new Collector((signal) => authority.leaves("web", signal)));
    await eventually(() => assert.ok(bundles.newest && leaves.newest, authority.problem()));
  }
  const verifies = (leaf: Leaf | undefined, roots: readonly string[]): boolean =>
    roots.some((root) =>
      new X509Certificate(leaf?.certificateChain ?? "").verify(new X509Certificate(root).publicKey),
    );

  it("follows a change of root: both are trusted, and the leaf gets a successor", async () => {
    await begin(false);
    const [before] = bundles.values;
    assert.ok(before);
    const root = await makeRoot(before.trustDomain);
    await configure(consul, root);
    await eventually(() => assert.equal(bundles.newest?.roots.length, 2));
    assert.ok(before.roots.every((old) => bundles.newest?.roots.includes(old)));
    const added = bundles.newest?.roots.filter((each) => !before.roots.includes(each)) ?? [];
    // Consul spreads the renewal over half a minute.
    await eventually(() => assert.ok(verifies(leaves.newest, added)), { timeout: 60_000 });
    assert.equal(leaves.newest?.uri, leaves.values[0]?.uri);
    assert.equal(authority.problem(), undefined);
  });

  it("waits through an outage, says so, and gives nothing twice", async () => {
    await begin(false);
    await consul.stop();
    await eventually(() => assert.match(authority.problem() ?? "", /cannot be had: consul/));
    await consul.start();
    await eventually(() => assert.equal(authority.problem(), undefined), { timeout: 10_000 });
    assert.equal(bundles.values.length, 1);
    for (const leaf of leaves.values) assert.ok(verifies(leaf, bundles.newest?.roots ?? []));
  });

  it("follows a Consul that lost its authority to the new one", async () => {
    await begin(true);
    const trusted = bundles.newest?.trustDomain;
    await consul.kill();
    await consul.start();
    await eventually(() => assert.notEqual(bundles.newest?.trustDomain, trusted), {
      timeout: 10_000,
    });
    await eventually(() => assert.ok(verifies(leaves.newest, bundles.newest?.roots ?? [])), {
      timeout: 10_000,
    });
    assert.match(leaves.newest?.uri ?? "", new RegExp(`^spiffe://${bundles.newest?.trustDomain}/`));
  });
});

interface RootPair {
  readonly cert: string;
  readonly private: string;
}

function makeRoot(trustDomain: string): Promise<RootPair> {
  return selfsigned.generate([{ name: "commonName", value: "the next root" }], {
    keyType: "ec",
    curve: "P-256",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      {
        name: "keyUsage",
        keyCertSign: true,
        cRLSign: true,
        digitalSignature: true,
        critical: true,
      },
      { name: "subjectAltName", altNames: [{ type: 6, value: `spiffe://${trustDomain}` }] },
    ],
  });
}

async function configure(consul: ConsulServer, root: RootPair): Promise<void> {
  const response = await fetch(`${consul.address}/v1/connect/ca/configuration`, {
    method: "PUT",
    body: JSON.stringify({
      Provider: "consul",
      Config: { PrivateKey: root.private, RootCert: root.cert, LeafCertTTL: "24h" },
    }),
  });
  assert.equal(response.status, 200, await response.text());
}

describe("a Consul whose answers cannot be part of an identity", () => {
  for (const [what, trustDomain, datacenter] of [
    ["trust domain", "evil/ns/default", "dc1"],
    ["datacenter", "mesh.consul", "dc 1"],
  ] as const) {
    it(`is not believed about its ${what}, and that is a problem and no more`, async () => {
      await using server = createServer((request, response) => {
        response.setHeader("x-consul-index", "1");
        const isRoots = request.url?.includes("/ca/roots") === true;
        const roots = { TrustDomain: trustDomain, Roots: [] };
        response.end(JSON.stringify(isRoots ? roots : { Config: { Datacenter: datacenter } }));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      using client = new ConsulClient({ address: `http://127.0.0.1:${port}` });
      const authority = new ConsulAuthority({ client });
      await using bundles = new Collector((signal) => authority.bundles(signal));
      await eventually(() =>
        assert.match(authority.problem() ?? "", /trusted roots cannot be had/),
      );
      assert.deepEqual(bundles.values, []);
    });
  }
});
