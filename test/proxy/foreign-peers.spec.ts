// Our sidecars and Consul's own proxy, with certificates that Consul's authority issued: each as the other's caller.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { after, afterEach, before, beforeEach, describe, it } from "mocha";
import type { Protocol } from "../../mesh/model.ts";
import { ConsulAuthority } from "../../plugin/certificates/consul-authority.ts";
import type { Certificates } from "../../proxy/configuration/snapshot.ts";
import { ConsulClient } from "../../registry/consul/client.ts";
import { toRegistration } from "../../registry/consul/registration.ts";
import { startConnectProxy } from "../helpers/connect-proxy.ts";
import { type ConsulServer, startConsul } from "../helpers/consul.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { call, readAnswer } from "../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";
import { first } from "../plugin/certificates/first.ts";
import { instanceOf } from "../registry/instances.ts";

const MEGABYTE = 1_048_576;
const soon = (): AbortSignal => AbortSignal.timeout(10_000);

describe("Consul's own proxy", function () {
  this.timeout(30_000);
  let consul: ConsulServer;
  let client: ConsulClient;
  let rig: SidecarRig;

  before(async function () {
    this.timeout(60_000);
    consul = await startConsul();
    client = new ConsulClient({ address: consul.address });
  });
  after(async () => {
    client[Symbol.dispose]();
    await consul[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(() => rig[Symbol.asyncDispose]());

  const certificatesOf = async (service: string): Promise<Certificates> => {
    const authority = new ConsulAuthority({ client });
    const leaf = await first((signal) => authority.leaves(service, signal));
    const { roots, trustDomain } = await first((signal) => authority.bundles(signal));
    return { ...leaf, roots, trustDomain };
  };

  const dial = (at: { host: string; port: number }): Socket => {
    const socket = connect(at);
    socket.on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    return socket;
  };

  /** An HTTP application that says what it was asked and by whom. */
  const httpApplication = (): Promise<number> =>
    rig.httpApplication(async (incoming, response) => {
      let length = 0;
      for await (const chunk of incoming) length += (chunk as Buffer).length;
      const caller = incoming.headers["x-forwarded-client-cert"];
      response.end(JSON.stringify({ method: incoming.method, url: incoming.url, length, caller }));
    });

  /** A stream application that speaks first and then repeats what it hears. */
  const tcpApplication = (): Promise<number> =>
    rig.tcpApplication((socket) => {
      socket.write("220 ready\r\n");
      socket.pipe(socket);
    });

  const speakFirstThenEcho = async (at: { host: string; port: number }): Promise<void> => {
    await eventually(async () => {
      const socket = dial(at);
      const [greeting] = await Promise.race([
        once(socket, "data"),
        once(socket, "close").then(() => ["nothing"]),
      ]);
      assert.equal(String(greeting), "220 ready\r\n");
      const bytes = Buffer.alloc(4 * MEGABYTE, "0123456789");
      socket.write(bytes);
      const received: Buffer[] = [];
      while (received.reduce((sum, { length }) => sum + length, 0) < bytes.length) {
        const [chunk] = (await once(socket, "data")) as [Buffer];
        received.push(chunk);
      }
      assert.ok(Buffer.concat(received).equals(bytes));
      socket.destroy();
    });
  };

  /** Several requests at once over connections that are used again. */
  const askManyTimes = async (at: { host: string; port: number }): Promise<unknown[]> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 4 });
    rig.defer(() => agent.destroy());
    const body = Buffer.alloc(MEGABYTE / 4);
    const asked = Array.from({ length: 40 }, async (_, index) => {
      const outgoing = request({ ...at, agent, method: "POST", path: `/orders/${index}` });
      outgoing.end(body);
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      assert.equal(response.statusCode, 200);
      return JSON.parse((await readAnswer(response)).body);
    });
    return await Promise.all(asked);
  };

  describe("calls our sidecar", () => {
    let orders: TestSidecar;

    /** Our sidecar before the application, in Consul's catalog, and where Consul's proxy of `web` takes calls to it. */
    const begin = async (
      applicationPort: number,
      protocol: Protocol,
    ): Promise<{ host: string; port: number }> => {
      orders = await rig.sidecar("orders", { certificates: await certificatesOf("orders") });
      const inbound = await inboundPort(applicationPort, { protocol });
      await orders.configure({ inbound: [inbound] });
      const { service, sidecar } = toRegistration(
        instanceOf("orders", "a", {
          networks: [{ networkId: "n", networkName: "shop", address: "127.0.0.1" }],
          ports: [
            { name: protocol, port: applicationPort, protocol, sidecarPort: inbound.tlsPort },
          ],
        }),
        { timeToLive: 60_000, deregisterAfter: 60_000 },
        "passing",
      );
      for (const definition of [service, sidecar]) {
        await client.registerService(definition, soon());
        rig.defer(() => client.deregisterService(definition.ID, soon()));
      }
      const port = await freePort();
      const proxy = await startConnectProxy(consul, {
        service: "web",
        upstream: { service: "orders", port },
      });
      rig.defer(async () => await proxy[Symbol.asyncDispose]());
      return { host: "127.0.0.1", port };
    };

    for (const protocol of ["http", "auto"] as const) {
      it(`on a port of protocol ${protocol}, by HTTP/1.1 whatever it says it speaks`, async () => {
        const at = await begin(await httpApplication(), protocol);
        await eventually(async () => assert.equal((await call(at)).status, 200));
        const answers = await askManyTimes(at);
        const { trustDomain } = orders.snapshot.certificates;
        const idOf = (name: string): string =>
          `spiffe://${trustDomain}/ns/default/dc/dc1/svc/${name}`;
        assert.deepEqual(
          answers,
          Array.from({ length: 40 }, (_, index) => ({
            ...{ method: "POST", url: `/orders/${index}`, length: MEGABYTE / 4 },
            caller: `By=${idOf("orders")};URI=${idOf("web")}`,
          })),
        );
        assert.equal(orders.sidecar.report().counters.inboundTls, 41);
      });
    }

    for (const protocol of ["tcp", "auto"] as const) {
      it(`on a port of protocol ${protocol}, where the application speaks first`, async () => {
        await speakFirstThenEcho(await begin(await tcpApplication(), protocol));
      });
    }
  });

  describe("is called by our sidecar", () => {
    let web: TestSidecar;

    /** Consul's proxy of `orders` before the application, and where the application of `web` calls it through ours. */
    const begin = async (
      applicationPort: number,
      protocol: Protocol,
      expected = "orders",
    ): Promise<{ host: string; port: number }> => {
      const certificates = await certificatesOf("web");
      web = await rig.sidecar("web", { certificates });
      const port = await freePort();
      const proxy = await startConnectProxy(consul, {
        service: "orders",
        before: { port, applicationPort },
      });
      rig.defer(async () => await proxy[Symbol.asyncDispose]());
      const uri = `spiffe://${certificates.trustDomain}/ns/default/dc/dc1/svc/${expected}`;
      const outbound = await outboundService(expected, [port], { protocol, uri });
      await web.configure({ outbound: [outbound] });
      return dialOf(outbound);
    };

    for (const protocol of ["http", "auto"] as const) {
      it(`on a port of protocol ${protocol}, by HTTP/1.1 whatever it says it speaks`, async () => {
        const at = await begin(await httpApplication(), protocol);
        await eventually(async () => assert.equal((await call(at)).status, 200));
        const answers = await askManyTimes(at);
        assert.deepEqual(
          answers,
          Array.from({ length: 40 }, (_, index) => ({
            ...{ method: "POST", url: `/orders/${index}`, length: MEGABYTE / 4 },
          })),
        );
      });
    }

    for (const protocol of ["tcp", "auto"] as const) {
      it(`on a port of protocol ${protocol}, where the application speaks first`, async () => {
        await speakFirstThenEcho(await begin(await tcpApplication(), protocol));
      });
    }

    it("and refused when it is another service than the one that is meant", async () => {
      const at = await begin(await httpApplication(), "http", "payments");
      await eventually(async () => {
        assert.equal((await call(at)).status, 503);
        assert.notEqual(web.sidecar.report().counters.refusedPeers, 0);
      });
    });
  });
});
