// Ports of protocol `auto` through pairs of sidecars: HTTP is balanced by request, all else is carried as it is.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { freePort } from "../helpers/free-port.ts";
import { readAnswer } from "../helpers/http-call.ts";
import {
  connectPair,
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
} from "../helpers/sidecar-rig.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);
const NO_SSL = "N";
const START = Buffer.from("\0\0\0\x14\0\x03\0\0user\0shop\0\0", "latin1");
const AUTHENTICATED = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0]);

const MYSQL_GREETING = Buffer.from("\x0e\0\0\0\x0a8.0.36\0\x01\0\0\0", "latin1");
const MYSQL_LOGIN = Buffer.from("\x05\0\0\x01\x85\xa6\xff\x01\0", "latin1");
const MYSQL_OK = Buffer.from("\x07\0\0\x02\0\0\0\x02\0\0\0", "latin1");

describe("a port of protocol auto", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  const dial = (at: Address): Socket => {
    const socket = connect({ ...at, allowHalfOpen: true });
    socket.on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    return socket;
  };

  /** Reads as many bytes as `expected` has, and compares them. */
  const expect = async (socket: Socket, expected: Buffer | string): Promise<void> => {
    const bytes = Buffer.from(expected);
    const received = await eventually(() => {
      const found: Buffer | null = socket.read(bytes.length);
      assert.ok(found, `expected ${bytes.length} bytes, found ${socket.readableLength}`);
      return found;
    });
    assert.deepEqual(received, bytes);
  };

  const ask = async (at: Address, agent: Agent): Promise<string> => {
    const outgoing = request({ ...at, agent });
    outgoing.end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    return (await readAnswer(response)).body;
  };

  /** A service of two copies, each of which answers with its name; `reached` is told of connections to one of them. */
  const twoCopies = async (reached: () => void = () => undefined): Promise<Address> => {
    const caller = await rig.sidecar("shop-web");
    const places = await Promise.all(
      ["a", "b"].map(async (name) => {
        const application = await rig.httpApplication(
          (_request, response) => void response.end(name),
          (server) => void server.on("connection", reached),
        );
        const callee = await rig.sidecar("shop-orders");
        const inbound = await inboundPort(application, { protocol: "auto" });
        await callee.configure({ inbound: [inbound] });
        return inbound.tlsPort;
      }),
    );
    const outbound = await outboundService("shop-orders", places, { protocol: "auto" });
    await caller.configure({ outbound: [outbound] });
    return dialOf(outbound);
  };

  it("balances the requests of one HTTP connection", async () => {
    const at = await twoCopies();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    rig.defer(() => agent.destroy());
    const answers = new Set<string>();
    while (answers.size < 2) answers.add(await ask(at, agent));
    assert.deepEqual(answers, new Set(["a", "b"]));
  });

  it("balances the requests of an HTTP connection that was opened long before the first", async () => {
    const reached = Promise.withResolvers<void>();
    const at = await twoCopies(reached.resolve);
    const early = dial(at);
    await reached.promise;
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => early;
    rig.defer(() => agent.destroy());
    const answers = new Set<string>();
    while (answers.size < 2) answers.add(await ask(at, agent));
    assert.deepEqual(answers, new Set(["a", "b"]));
  });

  it("carries a database whose client speaks first, as PostgreSQL's does", async () => {
    const port = await rig.tcpApplication(async (socket) => {
      await expect(socket, SSL_REQUEST);
      socket.write(NO_SSL);
      await expect(socket, START);
      socket.write(AUTHENTICATED);
    });
    const { at, caller } = await connectPair(rig, port, "auto");
    const socket = dial(at);
    socket.write(SSL_REQUEST);
    await expect(socket, NO_SSL);
    socket.write(START);
    await expect(socket, AUTHENTICATED);
    assert.deepEqual(caller.sidecar.report().counters.outbound, { "shop-orders": 1 });
  });

  it("carries a database that speaks first, as MySQL does", async () => {
    const port = await rig.tcpApplication(async (socket) => {
      socket.write(MYSQL_GREETING);
      await expect(socket, MYSQL_LOGIN);
      socket.end(MYSQL_OK);
    });
    const { at, caller } = await connectPair(rig, port, "auto");
    const socket = dial(at);
    await expect(socket, MYSQL_GREETING);
    socket.write(MYSQL_LOGIN);
    await expect(socket, MYSQL_OK);
    assert.deepEqual(caller.sidecar.report().counters.outbound, { "shop-orders": 1 });
  });

  it("carries SSH, where both speak at once", async () => {
    const banner = "SSH-2.0-OpenSSH_9.2\r\n";
    const port = await rig.tcpApplication(async (socket) => {
      socket.write(banner);
      await expect(socket, banner);
      socket.end("key exchange");
    });
    const { at } = await connectPair(rig, port, "auto");
    const socket = dial(at);
    socket.write(banner);
    await expect(socket, banner);
    await expect(socket, "key exchange");
  });

  it("carries a question that ends at once, and its answer", async () => {
    const port = await rig.tcpApplication(async (socket) => {
      socket.end(`got ${await text(socket)}`);
    });
    const { at } = await connectPair(rig, port, "auto");
    const socket = dial(at);
    socket.end("version\n");
    assert.equal(await text(socket), "got version\n");
  });

  it("takes plaintext from outside the mesh as well", async () => {
    const port = await rig.tcpApplication((socket) => void socket.end("220 ready"));
    const { inbound } = await connectPair(rig, port, "auto");
    assert.equal(
      await text(dial({ host: "127.0.0.1", port: inbound.plaintextPort ?? 0 })),
      "220 ready",
    );
  });

  it("resets a silent caller when nobody can be reached", async () => {
    const caller = await rig.sidecar("shop-web");
    const outbound = await outboundService("shop-dead", [await freePort()], { protocol: "auto" });
    await caller.configure({ outbound: [outbound] });
    const [error] = await once(dial(dialOf(outbound)), "error");
    assert.equal(error.code, "ECONNRESET");
  });
});
