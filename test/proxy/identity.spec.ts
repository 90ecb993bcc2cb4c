// Who may talk to whom: both sides of a connection prove their SPIFFE id, and nothing reaches an application before.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type ConnectionOptions, connect, createServer, type TLSSocket } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import {
  type AlternativeName,
  TestAuthority,
  TRUST_DOMAIN,
  uriOf,
} from "../helpers/certificates.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n\r\n";

const uriName = (value: string): AlternativeName => ({ type: 6, value });

describe("mutual TLS", () => {
  let rig: SidecarRig;
  let requests: number;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    requests = 0;
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const application = (): Promise<number> =>
    rig.httpApplication((_, response) => {
      requests += 1;
      response.end("hello");
    });

  /** A sidecar before the application, and its mutual TLS port. */
  const startCallee = async (
    certificates?: TestSidecar["snapshot"]["certificates"],
  ): Promise<{ callee: TestSidecar; port: number }> => {
    const inbound = await inboundPort(await application());
    const callee = await rig.sidecar("shop-orders", certificates ? { certificates } : {});
    await callee.configure({ inbound: [inbound] });
    return { callee, port: inbound.tlsPort };
  };

  /** All that a peer gets for a request. */
  const knock = async (port: number, options: ConnectionOptions): Promise<string> => {
    const socket = connect({
      ...{ host: "127.0.0.1", port, ca: rig.authority.root },
      checkServerIdentity: () => undefined,
      ...options,
    });
    let received = "";
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    socket.on("error", () => undefined);
    socket.on("data", (data: Buffer) => {
      received += data.toString();
    });
    socket.once("secureConnect", () => socket.write(REQUEST));
    await closed;
    return received;
  };

  const leafOf = async (
    authority: TestAuthority,
    names: readonly AlternativeName[],
  ): Promise<{ cert: string; key: string }> => {
    const { certificate, privateKey } = await authority.issue(names);
    return { cert: certificate, key: privateKey };
  };

  describe("towards callers", () => {
    it("serves a caller of the trust domain, whatever it is made of", async () => {
      const { port, callee } = await startCallee();
      const leaf = await leafOf(rig.authority, [uriName(uriOf("foreign"))]);
      assert.match(await knock(port, leaf), /^HTTP\/1\.1 200 OK[\s\S]*hello/);
      assert.equal(callee.sidecar.report().counters.refusedPeers, 0);
    });

    const refused: readonly (readonly [string, () => Promise<ConnectionOptions>])[] = [
      ["without a certificate", async () => ({})],
      [
        "with a certificate of another authority",
        async () => leafOf(await TestAuthority.create(), [uriName(uriOf("shop-web"))]),
      ],
      [
        "of another trust domain",
        () => leafOf(rig.authority, [uriName(uriOf("shop-web", "other.consul"))]),
      ],
      ["with no URI", () => leafOf(rig.authority, [{ type: 2, value: "shop-web" }])],
      [
        "with two URIs",
        () => leafOf(rig.authority, [uriName(uriOf("shop-web")), uriName(uriOf("shop-b"))]),
      ],
      [
        "with its id in a name of another kind",
        () => leafOf(rig.authority, [{ type: 1, value: uriOf("shop-web") }]),
      ],
      [
        "with a URI that is no service",
        () => leafOf(rig.authority, [uriName(`spiffe://${TRUST_DOMAIN}/agent`)]),
      ],
    ];
    for (const [who, options] of refused) {
      it(`refuses one ${who}`, async () => {
        const { port, callee } = await startCallee();
        assert.equal(await knock(port, await options()), "");
        assert.equal(requests, 0);
        await eventually(() => assert.equal(callee.sidecar.report().counters.refusedPeers, 1));
      });
    }

    it("refuses TLS 1.2, and plaintext", async () => {
      const { port } = await startCallee();
      const leaf = await leafOf(rig.authority, [uriName(uriOf("shop-web"))]);
      assert.equal(await knock(port, { ...leaf, maxVersion: "TLSv1.2" }), "");
      await assert.rejects(call({ port }));
      assert.equal(requests, 0);
    });

    it("echoes any protocol that is offered and infers nothing from it", async () => {
      const { port } = await startCallee();
      const leaf = await leafOf(rig.authority, [uriName(uriOf("foreign"))]);
      const answer = await knock(port, { ...leaf, ALPNProtocols: ["h2"] });
      assert.match(answer, /^HTTP\/1\.1 200 OK/);
    });
  });

  describe("towards callees", () => {
    const startCaller = async (
      port: number,
    ): Promise<[TestSidecar, { host: string; port: number }]> => {
      const caller = await rig.sidecar("shop-web");
      const outbound = await outboundService("shop-orders", [port]);
      await caller.configure({ outbound: [outbound] });
      return [caller, dialOf(outbound)];
    };

    const expectRefused = async (port: number): Promise<void> => {
      const [caller, at] = await startCaller(port);
      const answer = await call(at);
      assert.equal(answer.status, 503);
      assert.equal(answer.headers["x-mesh-failure"], "ENDPOINTS_UNREACHABLE");
      assert.equal(answer.body, "docker-mesh: no endpoint of shop-orders could be reached\n");
      const { counters } = caller.sidecar.report();
      assert.deepEqual([counters.refusedPeers, counters.outboundFailed], [1, 1]);
      assert.equal(requests, 0);
    };

    it("refuses another service of the mesh in its place", async () => {
      const { port } = await startCallee(await rig.authority.certificatesFor("shop-impostor"));
      await expectRefused(port);
    });

    it("refuses one of another authority that has the right name", async () => {
      const other = await TestAuthority.create();
      const { port } = await startCallee(
        await other.certificatesFor("shop-orders", [rig.authority]),
      );
      await expectRefused(port);
    });

    it("refuses one that has the right name and another", async () => {
      const names = [uriName(uriOf("shop-orders")), uriName(uriOf("shop-web"))];
      const server = createServer(
        {
          ...(await leafOf(rig.authority, names)),
          ...{ ca: rig.authority.root, requestCert: true },
        },
        (socket: TLSSocket) => {
          socket.on("error", () => undefined).on("data", () => assert.fail("expected no request"));
        },
      ).listen(0, "127.0.0.1");
      rig.defer(() => void server.close());
      await once(server, "listening");
      await expectRefused((server.address() as AddressInfo).port);
    });

    it("goes on to an endpoint with the right name", async () => {
      const impostor = await startCallee(await rig.authority.certificatesFor("shop-impostor"));
      const right = await startCallee();
      const caller = await rig.sidecar("shop-web");
      const outbound = await outboundService("shop-orders", [impostor.port, right.port]);
      await caller.configure({ outbound: [outbound] });
      for (let round = 0; round < 4; round += 1) {
        assert.equal((await call(dialOf(outbound))).status, 200);
      }
      assert.equal(impostor.callee.sidecar.report().counters.inboundTls, 0);
      assert.equal(right.callee.sidecar.report().counters.inboundTls, 4);
    });
  });

  it("carries nothing in the clear between sidecars", async () => {
    const { at, inbound, callee } = await connectPair(rig, await application());
    await call({ ...at, path: "/secret" });
    await assert.rejects(call({ port: inbound.tlsPort }));
    assert.equal(callee.sidecar.report().counters.inboundTls, 1);
  });
});
