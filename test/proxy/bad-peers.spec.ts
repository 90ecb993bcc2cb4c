// Peers that do harm, by intent or by defect: what they do costs a bounded amount, is counted, and touches nobody else.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, it } from "mocha";
import { LINK_PROTOCOL } from "../../proxy/link/protocol.ts";
import { TCP_PROTOCOL } from "../../proxy/tcp/protocol.ts";
import { call } from "../helpers/http-call.ts";
import { connectPair, type Pair, SidecarRig } from "../helpers/sidecar-rig.ts";

/** Connections at once: as many as a chat or a long poll may hold open. */
const IDLE = 10_000;
const PROGRAM = fileURLToPath(new URL("../helpers/idle-callers.ts", import.meta.url));

describe("a sidecar", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const pair = async (): Promise<Pair> =>
    connectPair(rig, await rig.httpApplication((_, response) => void response.end("fine")));

  /** A sidecar's connection with a proper certificate, in the hands of someone else. */
  const intrude = async ({ inbound }: Pair, protocol: string): Promise<TLSSocket> => {
    const { certificateChain, privateKey, roots } =
      await rig.authority.certificatesFor("shop-evil");
    const socket = connectTls({
      ...{ host: "127.0.0.1", port: inbound.tlsPort, ALPNProtocols: [protocol] },
      ...{ cert: certificateChain, key: privateKey, ca: [...roots] },
      checkServerIdentity: () => undefined,
    });
    socket.on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    await once(socket, "secureConnect");
    return socket;
  };

  it("cuts off a peer that breaks the protocol of links, counts it, and serves the others", async () => {
    const connected = await pair();
    const { at, callee } = connected;
    assert.equal((await call(at)).body, "fine");
    const socket = await intrude(connected, LINK_PROTOCOL);
    socket.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    const closed = once(socket.resume(), "close");
    assert.equal((await call(at)).body, "fine");
    await closed;
    const { counters } = callee.sidecar.report();
    assert.equal(counters.linkViolations, 1);
    assert.equal(counters.inboundTls, 2);
  });

  it("does not let requests pass as opaque bytes, past all that is decided about requests", async () => {
    const connected = await pair();
    const socket = await intrude(connected, TCP_PROTOCOL);
    socket.write("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    let answered = 0;
    socket.on("data", () => {
      answered += 1;
    });
    await new Promise((resolve) => socket.once("close", resolve));
    assert.equal(answered, 0);
    assert.equal(connected.callee.sidecar.report().counters.inboundTls, 0);
  });

  it(`holds ${IDLE} idle connections, and answers the next one`, async () => {
    const { at, caller } = await pair();
    const before = process.memoryUsage().rss;
    const callers = spawn(process.execPath, [PROGRAM, at.host, String(at.port), String(IDLE)], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    rig.defer(() => void callers.kill());
    const said = createInterface({ input: callers.stdout })[Symbol.asyncIterator]();
    assert.equal((await said.next()).value, "ready");
    assert.equal((await call(at)).body, "fine");
    const { counters } = caller.sidecar.report();
    assert.deepEqual(counters.failures, {});
    assert.ok(counters.connections >= IDLE, `${counters.connections} connections are counted`);
    const each = (process.memoryUsage().rss - before) / IDLE;
    assert.ok(each < 16_384, `${each} bytes a connection`);
    callers.stdin.end();
    assert.equal((await said.next()).value, "0");
  }).timeout(60_000);
});
