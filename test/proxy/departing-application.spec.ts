// An application that ends takes its network with it within milliseconds: its sidecar sends callers away before.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import {
  createServer as createHttp2Server,
  type Http2Server,
  type ServerHttp2Session,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { connect as connectTls } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Protocol } from "../../mesh/model.ts";
import { DEPARTING, FLAG, FRAME } from "../../proxy/link/frames.ts";
import { LINK_PROTOCOL } from "../../proxy/link/protocol.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import { dialOf, inboundPort, outboundService, SidecarRig } from "../helpers/sidecar-rig.ts";
import { FramePeer, frame, settings } from "./link/connections.ts";

const REQUEST = "GET / HTTP/1.1\r\nhost: orders\r\n\r\n";
const answer: RequestListener = (_, response) => void response.end("here");

/** A caller's end of a link. */
class LinkCaller {
  readonly peer: FramePeer;
  #last = -1;

  constructor(peer: FramePeer) {
    this.peer = peer;
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
  }

  /** Why its callee wants no more requests, each time that it has said so. */
  get sentAway(): readonly string[] {
    return this.peer.of(FRAME.GOAWAY).map(({ payload }) => payload.toString("latin1", 4));
  }

  async call(): Promise<string> {
    this.#last += 2;
    const stream = this.#last;
    this.peer.say(frame(FRAME.REQUEST, FLAG.END, stream, REQUEST));
    return await eventually(() => {
      const answers = [...this.peer.of(FRAME.RESPONSE), ...this.peer.of(FRAME.RESET)];
      const found = answers.find((each) => each.stream === stream);
      assert.ok(found);
      return found.payload.toString("latin1");
    });
  }
}

describe("an application that ends", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** A sidecar before the application, and how callers come to have links to it. */
  const calleeBefore = async (
    applicationPort: number,
    protocol: Protocol,
  ): Promise<() => Promise<LinkCaller>> => {
    const callee = await rig.sidecar("shop-orders");
    const inbound = await inboundPort(applicationPort, { protocol });
    await callee.configure({ inbound: [inbound] });
    const { certificateChain, privateKey, roots } = await rig.authority.certificatesFor("shop-web");
    return async () => {
      const socket = connectTls({
        ...{ host: "127.0.0.1", port: inbound.tlsPort, cert: certificateChain, key: privateKey },
        ...{ ca: [...roots], checkServerIdentity: () => undefined },
        ALPNProtocols: [LINK_PROTOCOL],
      });
      await once(socket, "secureConnect");
      rig.defer(() => void socket.destroy());
      return new LinkCaller(new FramePeer(socket));
    };
  };

  const listen = async (server: Server | Http2Server, port = 0): Promise<number> => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    rig.defer(() => void server.close());
    return (server.address() as AddressInfo).port;
  };

  it("is told of to all callers as soon as it closes what it had open, though nobody asks for anything", async () => {
    const server = createServer(answer);
    const connect = await calleeBefore(await listen(server), "http");
    const callers = [await connect(), await connect()];
    for (const caller of callers) assert.match(await caller.call(), /here$/);
    server.close();
    await eventually(() => {
      for (const { sentAway } of callers) assert.deepEqual(sentAway, [DEPARTING]);
    });
  });

  it("is told of so when it speaks HTTP/2 and sends its own callers away", async () => {
    const sessions: ServerHttp2Session[] = [];
    const server = createHttp2Server((_, response) => void response.end("here"));
    server.on("session", (session) => sessions.push(session));
    const connect = await calleeBefore(await listen(server), "http2");
    const caller = await connect();
    assert.match(await caller.call(), /^HTTP\/1\.1 200 /);
    server.close();
    for (const session of sessions) session.close();
    await eventually(() => assert.deepEqual(caller.sentAway, [DEPARTING]));
  });

  it("is told of so when it dies with a request that it has", async () => {
    const server = createServer((request) => {
      server.close();
      request.socket.resetAndDestroy();
    });
    const caller = await (await calleeBefore(await listen(server), "http"))();
    assert.match(await caller.call(), /^(?:CONNECTION_LOST|APPLICATION_UNREACHABLE)$/);
    await eventually(() => assert.deepEqual(caller.sentAway, [DEPARTING]));
  });

  it("is told of once, and serves whoever calls when it has come back", async () => {
    const first = createServer(answer);
    const port = await listen(first);
    const connect = await calleeBefore(port, "http");
    const early = await connect();
    assert.match(await early.call(), /here$/);
    first.close();
    await eventually(() => assert.deepEqual(early.sentAway, [DEPARTING]));
    const late = await connect();
    assert.equal(await late.call(), "APPLICATION_UNREACHABLE");
    assert.equal(await late.call(), "APPLICATION_UNREACHABLE");
    await listen(createServer(answer), port);
    assert.match(await late.call(), /here$/);
    assert.match(await early.call(), /here$/);
    assert.deepEqual([early.sentAway, late.sentAway], [[DEPARTING], []]);
  });

  it("is asked nothing more by its callers as long as there is another, until it is back", async () => {
    const [first, second] = ["first", "second"].map((name) =>
      createServer((_, response) => void response.end(name)),
    ) as [Server, Server];
    const ports = [await listen(first), await listen(second)];
    const inbounds = await Promise.all(ports.map((port) => inboundPort(port)));
    const callees = await Promise.all(inbounds.map(() => rig.sidecar("shop-orders")));
    for (const [index, inbound] of inbounds.entries())
      await callees[index]?.configure({ inbound: [inbound] });
    const caller = await rig.sidecar("shop-web");
    const tlsPorts = inbounds.map(({ tlsPort }) => tlsPort);
    const outbound = await outboundService("shop-orders", tlsPorts);
    await caller.configure({ outbound: [outbound] });
    const post = async (): Promise<string> =>
      (await call({ ...dialOf(outbound), method: "POST" })).body;
    const asked = (): number => callees[0]?.sidecar.report().counters.inboundTls ?? 0;
    await eventually(async () => assert.equal(await post(), "first"));
    first.close();
    await eventually(async () => {
      const before = asked();
      for (let count = 0; count < 20; count += 1) assert.equal(await post(), "second");
      assert.equal(asked(), before);
      // It is its own word, and no verdict after failures.
      assert.ok(caller.sidecar.report().endpoints.every(({ state }) => state === "healthy"));
    });
    await listen(
      createServer((_, response) => void response.end("first")),
      ports[0],
    );
    await eventually(async () => assert.equal(await post(), "first"));
  });

  it("is told from one that only closes connections", async () => {
    let connections = 0;
    const server = createTcpServer((socket) => {
      connections += 1;
      socket.on("error", () => undefined);
      socket.once("data", () => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nhere");
        setImmediate(() => socket.end());
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    rig.defer(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const caller = await (await calleeBefore(port, "http"))();
    assert.match(await caller.call(), /here$/);
    // The one that the request needed, and the one that was to find out.
    await eventually(() => assert.equal(connections, 2));
    assert.match(await caller.call(), /here$/);
    assert.deepEqual(caller.sentAway, []);
  });
});
