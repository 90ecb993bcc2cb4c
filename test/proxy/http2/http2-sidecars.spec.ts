import assert from "node:assert/strict";
import { once } from "node:events";
import { type ClientHttp2Session, connect, constants, type ServerHttp2Stream } from "node:http2";
import { connect as connectTls } from "node:tls";
import { eventually } from "../../helpers/eventually.ts";
import { connectPair, type Pair, SidecarRig } from "../../helpers/sidecar-rig.ts";
import {
  closed,
  Http2Application,
  Http2Client,
  readAll,
  type StreamHandler,
} from "./applications.ts";

const GET = { ":path": "/", ":authority": "orders:8080" };
const POST = { ...GET, ":method": "POST" };
const MEBIBYTE = 1_048_576;

describe("HTTP/2 through sidecars", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  function clientAt({ host, port }: Pair["at"]): Http2Client {
    const client = new Http2Client(port, host);
    rig.defer(() => client.close());
    return client;
  }

  async function startApplication(handler: StreamHandler): Promise<Http2Application> {
    const application = await Http2Application.start(handler);
    rig.defer(() => application.close());
    return application;
  }

  it("leads to an application that speaks HTTP/1.1 when its port says http", async () => {
    const application = await rig.httpApplication((request, response) => {
      response.setHeader("x-version", request.httpVersion);
      request.pipe(response);
    });
    const { at } = await connectPair(rig, application, "http");
    const { fields, body } = await clientAt(at).call(POST, "hello");
    assert.deepEqual([fields["x-version"], body.toString()], ["1.1", "hello"]);
  });

  it("leads to an application that speaks HTTP/2 when its port says http2, from callers of either version", async () => {
    const application = await startApplication((stream) => {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    const { at } = await connectPair(rig, application.port, "http2");
    assert.equal((await clientAt(at).call(POST, "hello")).body.toString(), "hello");
    const address = `http://${at.host}:${at.port}/`;
    const response = await fetch(address, { method: "POST", body: "hello" });
    assert.equal(await response.text(), "hello");
    assert.equal(application.connections, 1);
  });

  it("follows its caller's version when the port says auto", async () => {
    const application = await startApplication((stream) => {
      stream.respond({ ":status": 200 });
      stream.pipe(stream);
    });
    const { at } = await connectPair(rig, application.port, "auto");
    assert.equal((await clientAt(at).call(POST, "hello")).body.toString(), "hello");
  });

  it("carries bodies of any size, one stream waiting for its reader and others not", async () => {
    const size = 24 * MEBIBYTE;
    let written = 0;
    const application = await startApplication((stream, fields) => {
      stream.respond({ ":status": 200 });
      if (fields[":path"] === "/quick") stream.end("quick");
      else
        writeAll(stream, size, (bytes) => {
          written = bytes;
        });
    });
    const { at } = await connectPair(rig, application.port, "http2");
    const client = clientAt(at);
    const slow = client.request(GET);
    await once(slow, "response");
    let before = -1;
    await eventually(
      () => {
        const still = written === before;
        before = written;
        assert.ok(still && written > 0, "it goes on");
      },
      { interval: 100 },
    );
    assert.ok(written < size / 2, `${written} bytes were taken`);
    assert.equal((await client.call({ ...GET, ":path": "/quick" })).body.toString(), "quick");
    let read = 0;
    slow.on("data", (chunk: Buffer) => {
      read += chunk.length;
    });
    assert.equal(await closed(slow), 0);
    assert.equal(read, size);
  });

  it("tells the application of a cancelled request", async () => {
    const streams: ServerHttp2Stream[] = [];
    const application = await startApplication((stream) => void streams.push(stream));
    const { at } = await connectPair(rig, application.port, "http2");
    const stream = clientAt(at).request(POST, false);
    await eventually(() => assert.equal(streams.length, 1));
    stream.close(constants.NGHTTP2_CANCEL);
    await eventually(() => assert.equal(streams[0]?.rstCode, constants.NGHTTP2_CANCEL));
  });

  it("is taken from foreign peers over mutual TLS", async () => {
    const application = await rig.httpApplication((request, response) => {
      response.setHeader("x-version", request.httpVersion);
      response.end(request.url);
    });
    const { inbound } = await connectPair(rig, application, "http");
    const session = await dialForeign(rig, inbound.tlsPort, "shop-web");
    const seen = await readAll(session.request({ ...GET, ":path": "/a" }));
    assert.deepEqual([seen.fields["x-version"], seen.body.toString()], ["1.1", "/a"]);
  });

  it("sends foreign peers away when the workload stops, after what they have asked for", async () => {
    const streams: ServerHttp2Stream[] = [];
    const application = await startApplication((stream) => void streams.push(stream));
    const { inbound, callee } = await connectPair(rig, application.port, "http2");
    const session = await dialForeign(rig, inbound.tlsPort, "shop-web");
    const gone = new Promise((resolve) => session.on("close", resolve));
    const first = session.request(GET);
    await eventually(() => assert.equal(streams.length, 1));
    await callee.configure({ draining: true });
    streams[0]?.respond({ ":status": 200 }, { endStream: true });
    assert.equal((await readAll(first)).fields[":status"], 200);
    await gone;
  });
});

/** An HTTP/2 session over mutual TLS, as a proxy that is not ours would open it. */
async function dialForeign(
  rig: SidecarRig,
  port: number,
  service: string,
): Promise<ClientHttp2Session> {
  const { certificateChain, privateKey, roots } = await rig.authority.certificatesFor(service);
  const socket = connectTls({
    ...{ host: "127.0.0.1", port, cert: certificateChain, key: privateKey, ca: [...roots] },
    ...{ ALPNProtocols: ["h2"], checkServerIdentity: () => undefined },
  });
  await once(socket, "secureConnect");
  assert.equal(socket.alpnProtocol, "h2");
  const session = connect("https://orders", { createConnection: () => socket });
  session.on("error", () => undefined);
  rig.defer(() => session.destroy());
  return session;
}

function writeAll(
  stream: ServerHttp2Stream,
  size: number,
  onWritten: (bytes: number) => void,
): void {
  const piece = Buffer.alloc(65_536);
  let written = 0;
  const write = (): void => {
    let room = true;
    while (room && written < size) {
      room = stream.write(piece);
      written += piece.length;
    }
    onWritten(written);
    if (written >= size && !stream.writableEnded) stream.end();
  };
  stream.on("drain", write);
  write();
}
