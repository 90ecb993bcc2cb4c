// Following the agent: each snapshot is put in force in one step, under traffic, or refused as a whole.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { Agent, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import { TestAuthority } from "../helpers/certificates.ts";
import { eventually } from "../helpers/eventually.ts";
import { call, readAnswer } from "../helpers/http-call.ts";
import { endpoint } from "../helpers/plans.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
} from "../helpers/sidecar-rig.ts";

describe("the configuration of a sidecar", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const hello = (word: string): Promise<number> =>
    rig.httpApplication((_, response) => void response.end(word));

  /** An application that answers when the test says so. */
  const slow = async (): Promise<{ port: number; asked: Promise<ServerResponse> }> => {
    const asked = Promise.withResolvers<ServerResponse>();
    const port = await rig.httpApplication((_, response) => {
      response.write("begun ");
      asked.resolve(response);
    });
    return { port, asked: asked.promise };
  };

  it("changes under a kept connection, from one request to the next", async () => {
    const [first, second] = [await rig.sidecar("shop-orders"), await rig.sidecar("shop-orders")];
    const ports = [await inboundPort(await hello("one")), await inboundPort(await hello("two"))];
    await first.configure({ inbound: ports.slice(0, 1) });
    await second.configure({ inbound: ports.slice(1) });
    const [toFirst, toSecond] = ports.map(({ tlsPort }) => tlsPort);
    const outbound = await outboundService("shop-orders", [toFirst ?? 0]);
    const caller = await rig.sidecar("shop-web");
    await caller.configure({ outbound: [outbound] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    rig.defer(() => agent.destroy());
    const ask = async (): Promise<[string, boolean]> => {
      const outgoing = request({ ...dialOf(outbound), agent }).end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      return [(await readAnswer(response)).body, outgoing.reusedSocket];
    };
    assert.deepEqual(await ask(), ["one", false]);
    const [port] = outbound.ports;
    assert.ok(port);
    const endpoints = [
      endpoint({ id: "shop-orders-2", address: "127.0.0.1", port: toSecond ?? 0 }),
    ];
    await caller.configure({ outbound: [{ ...outbound, ports: [{ ...port, endpoints }] }] });
    assert.deepEqual(await ask(), ["two", true]);
    await caller.configure({ outbound: [{ ...outbound, ports: [{ ...port, endpoints: [] }] }] });
    assert.deepEqual(await ask(), ["docker-mesh: no healthy endpoint for shop-orders\n", true]);
  });

  it("lets requests in flight finish when their service goes away", async () => {
    const { port, asked } = await slow();
    const { at, caller } = await connectPair(rig, port);
    const answer = call(at);
    const response = await asked;
    await caller.configure({ outbound: [] });
    await assert.rejects(call(at), { code: "ECONNREFUSED" });
    response.end("and finished");
    assert.equal((await answer).body, "begun and finished");
  });

  it("is kept when the next one is malformed, and the agent is told", async () => {
    const { at, caller } = await connectPair(rig, await hello("hello"));
    const good = caller.snapshot;
    const wrong = [
      "this is not JSON",
      JSON.stringify({ ...good, version: "x", outbound: [{ service: "shop-orders" }] }),
      JSON.stringify({ ...good, version: "x", certificates: { ...good.certificates, roots: 7 } }),
      JSON.stringify({
        ...good,
        version: "x",
        certificates: { ...good.certificates, privateKey: "no key" },
      }),
    ];
    for (const line of wrong) {
      caller.agent.publishLine(line);
      await eventually(() =>
        assert.match(
          caller.agent.lastReport?.problems[0] ?? "",
          /^a configuration .* was refused: /,
        ),
      );
      assert.equal(caller.agent.lastReport?.version, good.version);
      assert.equal((await call(at)).body, "hello");
      caller.agent.publish(good);
      await eventually(() => assert.deepEqual(caller.agent.lastReport?.problems, []));
    }
  });

  it("is refused when key and certificate do not belong together, or are another service's", async () => {
    const caller = await rig.sidecar("shop-web");
    const [own, other] = [
      await rig.authority.certificatesFor("shop-web"),
      await rig.authority.certificatesFor("shop-other"),
    ];
    for (const [certificates, reason] of [
      [
        { ...own, privateKey: other.privateKey },
        /expected a certificate chain with its private key/,
      ],
      [
        { ...other, uri: own.uri },
        /expected a leaf certificate for .*shop-web, found one for .*shop-other/,
      ],
    ] as const) {
      caller.publish({ certificates });
      await eventually(() => assert.match(caller.agent.lastReport?.problems[0] ?? "", reason));
      assert.equal(caller.agent.lastReport?.version, undefined);
      assert.equal(caller.agent.lastReport?.ready, false);
    }
  });

  it("stays in force while the agent is away, and is renewed when it is back", async () => {
    const { at, caller, outbound } = await connectPair(rig, await hello("hello"));
    await caller.agent.stop();
    assert.equal((await call(at)).body, "hello");
    const moved = await outboundService("shop-users", [], { address: "127.64.0.20" });
    await caller.agent.start();
    const reports = caller.agent.reports.length;
    await eventually(() => assert.ok(caller.agent.reports.length > reports));
    assert.equal((await call(at)).body, "hello");
    await caller.configure({ outbound: [outbound, moved] });
    assert.equal((await call(dialOf(moved))).status, 503);
  });

  it("says to close connections once the workload drains, and serves what still comes", async () => {
    const { port, asked } = await slow();
    const { callee, inbound } = await connectPair(rig, port);
    const before = call({ port: inbound.plaintextPort ?? 0 });
    const response = await asked;
    await callee.configure({ draining: true });
    response.end("finished");
    assert.equal((await before).body, "begun finished");
    const agent = new Agent({ keepAlive: true });
    rig.defer(() => agent.destroy());
    const outgoing = request({ port: inbound.plaintextPort, host: "127.0.0.1", agent }).end();
    const [late] = (await once(outgoing, "response")) as [IncomingMessage];
    assert.deepEqual([late.statusCode, late.headers.connection], [200, "close"]);
  });

  it("is reported with its effects, and repeated while nothing changes", async () => {
    const { at, caller, callee } = await connectPair(rig, await hello("hello"));
    await call(at);
    await eventually(() => {
      const report = caller.agent.lastReport;
      const times = report?.counters.outboundTimes;
      assert.deepEqual(report, {
        ...{ version: caller.snapshot.version, ready: true, problems: [] },
        ...{ application: "passing", applicationNote: "all ports answer" },
        counters: {
          ...{
            inboundTls: 0,
            inboundPlaintext: 0,
            outboundFailed: 0,
            refusedPeers: 0,
            retries: 0,
            auditedDenials: 0,
          },
          ...{ outbound: { "shop-orders": 1 }, linkViolations: 0, failures: {} },
          connections: report?.counters.connections,
          ...{ inboundTimes: { count: 0, p50: 0, p99: 0 }, outboundTimes: times },
        },
        endpoints: report?.endpoints,
        residentBytes: report?.residentBytes,
      });
      assert.equal(times?.count, 1);
      assert.ok(times.p50 > 0 && times.p99 >= times.p50);
      assert.ok((report?.residentBytes ?? 0) > 1_000_000);
      assert.equal(callee.agent.lastReport?.counters.inboundTls, 1);
    });
    const { length } = caller.agent.reports;
    await eventually(() => assert.ok(caller.agent.reports.length >= length + 2));
    assert.equal(caller.agent.refused, 0);
  });

  describe("when its certificates change", () => {
    it("drops neither a stream nor a response, and uses the new ones for new connections", async () => {
      const application = await slow();
      const { at, caller, callee, inbound } = await connectPair(rig, application.port);
      const echo = await rig.tcpApplication((socket) => void socket.pipe(socket));
      const stream = await inboundPort(echo, { name: "tcp", protocol: "tcp" });
      const streamed = await outboundService("shop-orders", [stream.tlsPort], {
        ...{ service: "shop-orders-stream", protocol: "tcp", address: "127.64.0.11" },
      });
      await callee.configure({ inbound: [inbound, stream] });
      await caller.configure({ outbound: [...caller.snapshot.outbound, streamed] });

      const answer = call(at);
      const response = await application.asked;
      const socket = connect(dialOf(streamed)).setEncoding("utf8");
      socket.write("before");
      assert.deepEqual(await once(socket, "data"), ["before"]);

      const [oldCaller, oldCallee] = [caller, callee].map((it) => it.snapshot.certificates);
      await callee.configure({ certificates: await rig.authority.certificatesFor("shop-orders") });
      await caller.configure({ certificates: await rig.authority.certificatesFor("shop-web") });
      assert.notEqual(oldCaller?.certificateChain, caller.snapshot.certificates.certificateChain);
      assert.notEqual(oldCallee?.certificateChain, callee.snapshot.certificates.certificateChain);

      socket.write("after");
      assert.deepEqual(await once(socket, "data"), ["after"]);
      socket.destroy();
      response.end("and finished");
      assert.equal((await answer).body, "begun and finished");
      const seen = await presentedBy(inbound.tlsPort, rig);
      assert.equal(
        seen,
        new X509Certificate(callee.snapshot.certificates.certificateChain).fingerprint256,
      );
    });

    it("serves callers of the old and of the new root as long as both are trusted", async () => {
      const next = await TestAuthority.create();
      const { at, caller, callee } = await connectPair(rig, await hello("hello"));
      const ask = async (): Promise<number> => (await call(at)).status;
      assert.equal(await ask(), 200);
      // Both roots everywhere, then a new leaf on the one side, then on the other.
      await callee.configure({
        certificates: await rig.authority.certificatesFor("shop-orders", [next]),
      });
      await caller.configure({
        certificates: await rig.authority.certificatesFor("shop-web", [next]),
      });
      assert.equal(await ask(), 200);
      await callee.configure({
        certificates: await next.certificatesFor("shop-orders", [rig.authority]),
      });
      assert.equal(await ask(), 200);
      await caller.configure({
        certificates: await next.certificatesFor("shop-web", [rig.authority]),
      });
      assert.equal(await ask(), 200);
      // The old root is dropped; whoever still comes from it is refused.
      await callee.configure({ certificates: await next.certificatesFor("shop-orders") });
      assert.equal(await ask(), 200);
      await caller.configure({
        certificates: await rig.authority.certificatesFor("shop-web", [next]),
      });
      assert.notEqual(await ask(), 200);
      await eventually(() => assert.ok(callee.sidecar.report().counters.refusedPeers > 0));
    });
  });
});

/** The fingerprint of the certificate that a listener presents to a new connection. */
async function presentedBy(port: number, rig: SidecarRig): Promise<string | undefined> {
  const { certificate, privateKey } = await rig.authority.issue([]);
  const socket = connectTls({
    ...{ host: "127.0.0.1", port, ca: rig.authority.root, cert: certificate, key: privateKey },
    checkServerIdentity: () => undefined,
  });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  const presented = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  return presented;
}
