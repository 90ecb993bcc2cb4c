// A sidecar is replaced by a successor that listens beside it, while its callers go on.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, it } from "mocha";
import { DRAINING, FLAG, FRAME, LAST_STREAM_ID } from "../../proxy/link/frames.ts";
import { LINK_PROTOCOL } from "../../proxy/link/protocol.ts";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { type Answer, call, readAnswer } from "../helpers/http-call.ts";
import {
  connectPair,
  dialOf,
  outboundService,
  type Pair,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";
import { FramePeer, frame, number, settings } from "./link/connections.ts";

const EMPTY = "HTTP/1.1 204 No Content\r\n\r\n";

describe("a sidecar and its successor", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Both sides of the pair get one, which has settled. */
  const succeed = async ({ caller, callee }: Pair): Promise<TestSidecar[]> =>
    await Promise.all(
      [caller, callee].map(async (predecessor) => {
        const successor = await rig.sidecar(predecessor.service, { successorOf: predecessor });
        await successor.configure(predecessor.snapshot);
        return successor;
      }),
    );

  const leave = ({ caller, callee }: Pair): void => {
    caller.stop();
    callee.stop();
  };

  const ended = async ({ caller, callee }: Pair): Promise<void> => {
    const ends = await Promise.all([caller.sidecar.ended, callee.sidecar.ended]);
    assert.deepEqual(ends, ["stopped", "stopped"]);
  };

  /** A request on the connection that the agent keeps. */
  const callOn = async (agent: Agent, at: Pair["at"]): Promise<Answer> => {
    const outgoing = request({ ...at, agent }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return await readAnswer(response);
  };

  it("listen at the same places, and both are ready", async () => {
    const port = await rig.httpApplication((_, response) => response.end("here"));
    const pair = await connectPair(rig, port);
    for (const successor of await succeed(pair)) {
      const { ready, problems } = successor.sidecar.report();
      assert.deepEqual({ ready, problems }, { ready: true, problems: [] });
    }
    assert.equal(pair.caller.sidecar.report().ready, true);
  });

  it("take turns: requests that were sent before and after get their answers", async () => {
    let held = Promise.resolve();
    const port = await rig.httpApplication(async (_, response) => {
      await held;
      response.end("here");
    });
    const pair = await connectPair(rig, port);
    const [successor] = await succeed(pair);
    assert.ok(successor);
    const { promise, resolve: finish } = Promise.withResolvers<void>();
    held = promise;
    const begun = Array.from({ length: 20 }, () => call(pair.at));
    // Both get some of them. What neither has accepted needs the kernel's help, which not every one gives.
    const connectionsOf = ({ sidecar }: TestSidecar): number =>
      sidecar.report().counters.connections;
    await eventually(() =>
      assert.equal(connectionsOf(pair.caller) + connectionsOf(successor), begun.length),
    );
    leave(pair);
    finish();
    await eventually(() => assert.equal(pair.caller.sidecar.report().ready, false));
    const later = Array.from({ length: 20 }, () => call(pair.at));
    const answers = await Promise.all([...begun, ...later]);
    assert.deepEqual(new Set(answers.map(({ body }) => body)), new Set(["here"]));
    await ended(pair);
  });

  it("lose no request to a link that came about when its callee was leaving", async () => {
    const { certificateChain, privateKey, roots } =
      await rig.authority.certificatesFor("shop-orders");
    let links = 0;
    const server = createTlsServer(
      {
        ...{ cert: certificateChain, key: privateKey, ca: [...roots], requestCert: true },
        ALPNProtocols: [LINK_PROTOCOL],
      },
      (socket) => {
        links += 1;
        const hello = frame(FRAME.SETTINGS, 0, 0, settings());
        const leaving = Buffer.concat([number(LAST_STREAM_ID), Buffer.from(DRAINING)]);
        const peer = new FramePeer(socket);
        if (links === 1) return peer.say(hello, frame(FRAME.GOAWAY, 0, 0, leaving));
        peer.say(hello);
        socket.on("data", () => {
          for (const { stream } of peer.of(FRAME.REQUEST))
            peer.say(frame(FRAME.RESPONSE, FLAG.END, stream, EMPTY));
          peer.frames.length = 0;
        });
      },
    );
    const port = await freePort();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    rig.defer(() => void server.close());
    const caller = await rig.sidecar("shop-web");
    const outbound = await outboundService("shop-orders", [port]);
    await caller.configure({ outbound: [outbound] });
    const answers = await Promise.all(Array.from({ length: 10 }, () => call(dialOf(outbound))));
    assert.deepEqual(
      answers.map(({ status }) => status),
      Array.from({ length: 10 }, () => 204),
    );
    assert.equal(links, 2);
  });

  it("let a kept connection end after a response that says so", async () => {
    const port = await rig.httpApplication((_, response) => response.end("here"));
    const pair = await connectPair(rig, port);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    rig.defer(() => agent.destroy());
    assert.equal((await callOn(agent, pair.at)).headers.connection, undefined);
    await succeed(pair);
    leave(pair);
    await eventually(() => assert.equal(pair.caller.sidecar.report().ready, false));
    const last = await callOn(agent, pair.at);
    assert.deepEqual([last.body, last.headers.connection], ["here", "close"]);
    assert.equal((await callOn(agent, pair.at)).headers.connection, undefined);
    await ended(pair);
  });

  it("let a response that has begun go on to its end", async () => {
    const begun = Promise.withResolvers<() => void>();
    const port = await rig.httpApplication((_, response) => {
      response.write("begun ");
      begun.resolve(() => void response.end("and finished"));
    });
    const pair = await connectPair(rig, port);
    const answer = call(pair.at);
    const finish = await begun.promise;
    await succeed(pair);
    leave(pair);
    await eventually(() => assert.equal(pair.callee.sidecar.report().ready, false));
    finish();
    assert.equal((await answer).body, "begun and finished");
    await ended(pair);
  });

  it("do not wait for ever for a byte stream", async () => {
    const port = await rig.tcpApplication((socket) => void socket.write("ready"));
    const pair = await connectPair(rig, port, "tcp");
    const socket: Socket = connect(pair.at);
    socket.on("error", () => undefined);
    await once(socket, "data");
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    await succeed(pair);
    leave(pair);
    await Promise.all([ended(pair), closed]);
  });

  it("share the hosts file, which is the successor's alone from the turn on", async () => {
    const port = await rig.httpApplication((_, response) => response.end("here"));
    const pair = await connectPair(rig, port);
    const [successor] = await succeed(pair);
    assert.ok(successor);
    leave(pair);
    await eventually(() => assert.equal(pair.caller.sidecar.report().ready, false));
    await successor.configure({ outbound: [{ ...pair.outbound, names: ["bills"] }] });
    pair.caller.publish({});
    await ended(pair);
    assert.match(await successor.readHosts(), /^127\.64\.0\.10 bills$/m);
    assert.doesNotMatch(await successor.readHosts(), /shop-orders/);
  });

  it("do not come about by themselves: a second sidecar says that the port is taken", async () => {
    const port = await rig.httpApplication((_, response) => response.end("here"));
    const { callee, inbound } = await connectPair(rig, port);
    const second = await rig.sidecar("shop-orders");
    await second.configure(callee.snapshot);
    const { ready, problems } = second.sidecar.report();
    assert.equal(ready, false);
    assert.match(problems[0] ?? "", new RegExp(`^port ${inbound.tlsPort} at 0.0.0.0 is in use by`));
    assert.deepEqual(callee.sidecar.report().problems, []);
  });

  it("are told from a process that shares a port with them, which is told of", async () => {
    const port = await rig.httpApplication((_, response) => response.end("here"));
    const { caller, at } = await connectPair(rig, port);
    const intruder = createServer().listen({ ...at, reusePort: true });
    await once(intruder, "listening");
    const close = (): void => void intruder.close();
    rig.defer(close);
    const told = new RegExp(`^port ${at.port} at ${at.host} is in use by another process`);
    await eventually(() => assert.match(caller.agent.lastReport?.problems[0] ?? "", told));
    close();
    await eventually(() => assert.deepEqual(caller.agent.lastReport?.problems, []));
  });

  it("see a port taken by a process that would share it", async () => {
    const { snapshot, service } = (await connectPair(rig, await freePort())).caller;
    const [orders] = snapshot.outbound;
    assert.ok(orders);
    const caller = await rig.sidecar(service);
    const free = await freePort("127.64.0.12");
    const moved = { ...orders, address: "127.64.0.12" };
    const taken = { ...moved, ports: orders.ports.map((each) => ({ ...each, listenPort: free })) };
    const holder = createServer().listen({ ...dialOf(taken), reusePort: true });
    await once(holder, "listening");
    rig.defer(() => void holder.close());
    await caller.configure({ outbound: [taken] });
    assert.match(caller.sidecar.report().problems[0] ?? "", /is in use by another process/);
  });
});
