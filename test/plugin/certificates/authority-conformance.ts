// The promises of plugin/certificates/authority.ts as a suite that every authority passes.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { afterEach, beforeEach, describe, it } from "mocha";
import { readSoleUriName } from "../../../mesh/certificate.ts";
import type { MeshError } from "../../../mesh/errors.ts";
import { formatIdentity } from "../../../mesh/identity.ts";
import type {
  CertificateAuthority,
  Leaf,
  TrustBundle,
} from "../../../plugin/certificates/authority.ts";
import { checkLeaf } from "../../../plugin/certificates/leaf-check.ts";
import { first } from "./first.ts";
import { handshake } from "./handshake.ts";

export interface AuthorityRig extends AsyncDisposable {
  readonly authority: CertificateAuthority;
}

const CLIENT_AND_SERVER = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

/** Runs the suite against authorities that `makeAuthority` gives; the two of one test are strangers to each other. */
export function authorityConformance(
  name: string,
  makeAuthority: () => Promise<AuthorityRig>,
  makeStranger: () => Promise<AuthorityRig>,
): void {
  describe(`${name} keeps the authority's promises`, function () {
    this.timeout(20_000);
    let used: AsyncDisposableStack;
    let authority: CertificateAuthority;
    let bundle: TrustBundle;

    beforeEach(async () => {
      used = new AsyncDisposableStack();
      ({ authority } = used.use(await makeAuthority()));
      bundle = await first((signal) => authority.bundles(signal));
    });
    afterEach(() => used.disposeAsync());

    const leafOf = (service: string): Promise<Leaf> =>
      first((signal) => authority.leaves(service, signal));

    it("gives a bundle of self-signed roots, sorted, each with its newline", () => {
      assert.match(bundle.trustDomain, /^[0-9a-f-]{36}\.(consul|mesh)$/);
      assert.match(bundle.datacenter, /^[a-z0-9]+$/);
      assert.notEqual(bundle.roots.length, 0);
      assert.deepEqual(bundle.roots, bundle.roots.toSorted());
      for (const pem of bundle.roots) {
        assert.match(pem, /^-----BEGIN CERTIFICATE-----\n[^-]*\n-----END CERTIFICATE-----\n$/);
        const root = new X509Certificate(pem);
        assert.ok(root.ca && root.verify(root.publicKey));
        assert.equal(readSoleUriName(root.raw), `spiffe://${bundle.trustDomain}`);
      }
    });

    it("gives every reader the same bundle", async () => {
      assert.deepEqual(await first((signal) => authority.bundles(signal)), bundle);
    });

    it("gives a leaf that carries exactly the identity of its service", async () => {
      const { trustDomain, datacenter } = bundle;
      const leaf = await leafOf("shop-orders");
      const uri = formatIdentity({ trustDomain, datacenter, service: "shop-orders" });
      const certificate = new X509Certificate(leaf.certificateChain);
      assert.equal(leaf.uri, uri);
      assert.equal(readSoleUriName(certificate.raw), uri);
      assert.equal(certificate.subjectAltName, `URI:${uri}`);
      assert.deepEqual(checkLeaf(leaf, { uri, roots: bundle.roots, now: Date.now() }), leaf);
    });

    it("gives a leaf of P-256 for clients and servers that is valid now, and was a minute ago", async () => {
      const leaf = await leafOf("web");
      const certificate = new X509Certificate(leaf.certificateChain);
      const key = createPrivateKey(leaf.privateKey);
      assert.equal(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
      assert.ok(certificate.checkPrivateKey(key));
      assert.deepEqual(certificate.keyUsage?.toSorted(), CLIENT_AND_SERVER);
      assert.equal(certificate.ca, false);
      const now = Date.now();
      assert.ok(leaf.notBefore <= now - 50_000 && leaf.notAfter > now, "valid now");
      assert.equal(leaf.notAfter, certificate.validToDate.getTime());
      assert.match(leaf.certificateChain, /-----\n$/);
    });

    it("gives different services different keys", async () => {
      const [web, orders] = [await leafOf("web"), await leafOf("orders")];
      assert.notEqual(web.privateKey, orders.privateKey);
      assert.notEqual(web.uri, orders.uri);
    });

    it("lets two of its leaves know each other over TLS 1.3", async () => {
      const [web, orders] = [await leafOf("web"), await leafOf("orders")];
      const { roots } = bundle;
      assert.deepEqual(await handshake({ leaf: web, roots }, { leaf: orders, roots }), {
        protocol: "TLSv1.3",
        clientSaw: orders.uri,
        serverSaw: web.uri,
      });
    });

    it("has nothing to do with leaves of a stranger", async () => {
      const stranger = used.use(await makeStranger()).authority;
      const theirs = await first((signal) => stranger.leaves("web", signal));
      const strangers = await first((signal) => stranger.bundles(signal));
      const ours = { leaf: await leafOf("orders"), roots: bundle.roots };
      const both = [...bundle.roots, ...strangers.roots];
      const asClient = handshake({ leaf: theirs, roots: both }, ours);
      // Node's server just hangs up on a client whose certificate does not verify.
      await assert.rejects(asClient, /socket hang up/);
      const asServer = handshake(ours, { leaf: theirs, roots: both });
      await assert.rejects(asServer, /self-signed certificate|unable to verify/);
    });

    for (const service of [
      "",
      ".",
      "..",
      "a/b",
      "a b",
      "a,O=admin",
      "a%2fb",
      "käse",
      "a\n",
      "a\0b",
    ]) {
      it(`refuses ${JSON.stringify(service)} at once, as no SPIFFE id can hold it`, async () => {
        await assert.rejects(
          leafOf(service),
          (error: MeshError) => error.code === "IDENTITY_INVALID",
        );
      });
    }

    it("issues for the longest name that a SPIFFE id can hold", async () => {
      const service = "s".repeat(255);
      assert.ok((await leafOf(service)).uri.endsWith(`/svc/${service}`));
    });

    it("ends with the signal: before the first, and while waiting for the next", async () => {
      const aborted = AbortSignal.abort();
      for await (const _ of authority.bundles(aborted)) assert.fail("a bundle");
      for await (const _ of authority.leaves("web", aborted)) assert.fail("a leaf");
      for (const follow of [
        (signal: AbortSignal) => authority.bundles(signal),
        (signal: AbortSignal) => authority.leaves("web", signal),
      ] as const) {
        const stop = new AbortController();
        const iterator: AsyncIterator<unknown> = follow(stop.signal)[Symbol.asyncIterator]();
        await iterator.next();
        const next = iterator.next();
        stop.abort();
        assert.equal((await next).done, true);
      }
    });

    it("knows of no problem when there is none", async () => {
      await leafOf("web");
      assert.equal(authority.problem(), undefined);
    });
  });
}
