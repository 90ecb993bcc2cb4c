import assert from "node:assert/strict";
import { once } from "node:events";
import type { Server } from "node:http";
import {
  type ClientHttp2Stream,
  constants,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { addAbortSignal, type Readable, type Writable } from "node:stream";
import { eventually } from "../../helpers/eventually.ts";
import {
  closed,
  Http2Application,
  Http2Client,
  portOf,
  type StreamHandler,
  startHttp1Application,
} from "./applications.ts";
import { Hop } from "./hop.ts";

const MEBIBYTE = 1_048_576;
const PIECE = Buffer.alloc(65_536, "0123456789abcdef");
const GET = { ":path": "/", ":authority": "orders:8080" };
const POST = { ...GET, ":method": "POST" };

describe("bodies and cancellation over HTTP/2", () => {
  let hop: Hop;
  let client: Http2Client;
  let application: Http2Application | undefined;
  let server: Server | undefined;

  async function start(handler: StreamHandler, options: ServerOptions = {}): Promise<void> {
    application = await Http2Application.start(handler, options);
    hop.toHttp2(application.port);
    client = new Http2Client(await hop.listenHttp2());
  }

  /** Starts an application that keeps its streams for the test, and sends one request. */
  async function open(): Promise<{
    atClient: ClientHttp2Stream;
    atApplication: ServerHttp2Stream;
  }> {
    const { promise, resolve } = Promise.withResolvers<ServerHttp2Stream>();
    await start(resolve);
    const atClient = client.request(POST, false);
    return { atClient, atApplication: await promise };
  }

  beforeEach(() => {
    hop = new Hop();
    application = undefined;
    server = undefined;
  });
  afterEach(async () => {
    await client.close();
    await hop.close();
    await application?.close();
    server?.closeAllConnections();
    server?.close();
  });

  describe("a response that its caller does not read", () => {
    it("makes the application wait, and arrives whole", async () => {
      const { atClient, atApplication } = await open();
      atClient.end();
      atApplication.respond({ ":status": 200 });
      const writer = new Writer(atApplication, 32 * MEBIBYTE);
      await writer.stalled();
      assert.ok(writer.written < 4 * MEBIBYTE, `${writer.written} bytes were taken`);
      assert.equal(await count(atClient), 32 * MEBIBYTE);
      assert.equal(await closed(atClient), 0);
    });

    it("does not make others wait", async () => {
      const streams: ServerHttp2Stream[] = [];
      await start((stream) => {
        stream.respond({ ":status": 200 });
        streams.push(stream);
        new Writer(stream, streams.length === 1 ? 8 * MEBIBYTE : MEBIBYTE);
      });
      const slow = client.request(GET);
      await once(slow, "response");
      for (let call = 0; call < 3; call += 1)
        assert.equal((await client.call(GET)).body.length, MEBIBYTE);
      assert.equal(await count(slow), 8 * MEBIBYTE);
    });
  });

  it("go on with a thousand streams of which nearly all wait for their reader", async () => {
    const handler: StreamHandler = (stream, fields) => {
      stream.respond({ ":status": 200 });
      if (fields[":path"] === "/quick") stream.end("quick");
      else new Writer(stream, 4 * PIECE.length);
    };
    await start(handler, { maxSessionMemory: 1_000 });
    const slow = Array.from({ length: 990 }, () => client.request(GET));
    await Promise.all(slow.map((stream) => once(stream, "response")));
    for (let call = 0; call < 10; call += 1)
      assert.equal((await client.call({ ...GET, ":path": "/quick" })).body.toString(), "quick");
    const sizes = await Promise.all(slow.map((stream) => count(stream)));
    assert.ok(sizes.every((size) => size === 4 * PIECE.length));
  });

  describe("a request that the application does not read", () => {
    it("makes its caller wait, and arrives whole", async () => {
      const { atClient, atApplication } = await open();
      const writer = new Writer(atClient, 32 * MEBIBYTE);
      await writer.stalled();
      assert.ok(writer.written < 4 * MEBIBYTE, `${writer.written} bytes were taken`);
      assert.equal(await count(atApplication), 32 * MEBIBYTE);
      atApplication.respond({ ":status": 200 }, { endStream: true });
      assert.equal(await closed(atClient), 0);
    });

    it("makes its caller wait for an HTTP/1.1 application, too", async () => {
      const { promise, resolve } = Promise.withResolvers<Readable>();
      server = await startHttp1Application((request, response) => {
        request.on("end", () => response.end());
        resolve(request);
      });
      hop.toHttp1(portOf(server));
      client = new Http2Client(await hop.listenHttp2());
      const stream = client.request(POST, false);
      const writer = new Writer(stream, 32 * MEBIBYTE);
      const request = await promise;
      await writer.stalled();
      // The kernel buffers several MB for a socket on loopback.
      assert.ok(writer.written < 16 * MEBIBYTE, `${writer.written} bytes were taken`);
      assert.equal(await count(request), 32 * MEBIBYTE);
      assert.equal(await closed(stream), 0);
    });
  });

  describe("a caller that cancels", () => {
    it("before the response, cancels at the application", async () => {
      const { atClient, atApplication } = await open();
      atClient.close(constants.NGHTTP2_CANCEL);
      await once(atApplication, "close");
      assert.equal(atApplication.rstCode, constants.NGHTTP2_CANCEL);
      assert.deepEqual(hop.finishedOnes, [{ status: 0, failure: undefined }]);
    });

    it("in the middle of the response, cancels at the application", async () => {
      const { atClient, atApplication } = await open();
      atApplication.respond({ ":status": 200 });
      new Writer(atApplication, 32 * MEBIBYTE);
      await once(atClient, "data");
      atClient.close(constants.NGHTTP2_CANCEL);
      await once(atApplication, "close");
      assert.equal(atApplication.rstCode, constants.NGHTTP2_CANCEL);
    });

    it("with NO_ERROR in the middle of its request, does not make that look complete", async () => {
      const { atClient, atApplication } = await open();
      atClient.write("half");
      await once(atApplication, "data");
      let ended = false;
      atApplication.on("end", () => {
        ended = true;
      });
      atClient.close(constants.NGHTTP2_NO_ERROR);
      await once(atApplication, "close");
      assert.ok(atApplication.aborted || !ended);
      assert.equal(atApplication.rstCode, constants.NGHTTP2_CANCEL);
    });

    it("by closing its connection, cancels all its requests", async () => {
      const streams: ServerHttp2Stream[] = [];
      await start((stream) => void streams.push(stream));
      for (let call = 0; call < 10; call += 1) client.request(POST, false);
      await eventually(() => assert.equal(streams.length, 10));
      await client.close();
      await eventually(() => {
        assert.ok(streams.every(({ rstCode }) => rstCode === constants.NGHTTP2_CANCEL));
      });
      assert.equal(hop.finishedOnes.length, 10);
    });

    it("while the connection to the application is only being opened, costs nothing more", async () => {
      await start((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
      const streams = Array.from({ length: 20 }, () => client.request(POST, false));
      for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
      assert.equal((await client.call(GET)).fields[":status"], 200);
      await eventually(() => assert.equal(application?.connections, 1));
    });

    it("at any moment, leaves nothing behind", async () => {
      await start((stream) => {
        stream.respond({ ":status": 200 });
        new Writer(stream, 4 * PIECE.length);
      });
      await Promise.all(
        Array.from({ length: 1_000 }, (_, index) => cancelSomewhere(client, index)),
      );
      for (const destination of hop.destinations) destination.retire();
      await eventually(() => assert.equal(application?.sessions.size, 0));
      await eventually(() => assert.equal(hop.finishedOnes.length, hop.planned));
    });
  });

  describe("an application that breaks off", () => {
    const waysOut: Readonly<Record<string, (stream: ServerHttp2Stream) => void>> = {
      INTERNAL_ERROR: (stream) => stream.destroy(new Error("it broke")),
      CANCEL: (stream) => addAbortSignal(AbortSignal.abort(), stream),
      NO_ERROR: (stream) => stream.destroy(),
    };
    for (const [code, breakOff] of Object.entries(waysOut))
      it(`with ${code} in the middle of its response, does not make that look complete`, async () => {
        const { atClient, atApplication } = await open();
        atClient.end();
        atApplication.respond({ ":status": 200 });
        atApplication.write("half");
        await once(atClient, "data");
        breakOff(atApplication);
        assert.equal(await closed(atClient), constants.NGHTTP2_INTERNAL_ERROR);
        assert.deepEqual(hop.finishedOnes, [{ status: 200, failure: "CONNECTION_LOST" }]);
      });

    it("by closing its connection in the middle of its response, does not make that look complete", async () => {
      const { atClient, atApplication } = await open();
      atClient.end();
      atApplication.respond({ ":status": 200 });
      atApplication.write("half");
      await once(atClient, "data");
      for (const session of application?.sessions ?? []) session.destroy();
      assert.equal(await closed(atClient), constants.NGHTTP2_INTERNAL_ERROR);
    });

    it("with NO_ERROR while its caller is still sending, is not waited for", async () => {
      const { atClient, atApplication } = await open();
      new Writer(atClient, 4 * MEBIBYTE);
      await once(atApplication, "readable");
      atApplication.destroy();
      const [fields] = (await once(atClient, "response")) as [Record<string, unknown>];
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [502, "CONNECTION_LOST"]);
      for (const destination of hop.destinations) destination.retire();
      await eventually(() => assert.equal(application?.sessions.size, 0));
    });

    it("after a whole response while its caller is still sending, has answered", async () => {
      const { atClient, atApplication } = await open();
      new Writer(atClient, 4 * MEBIBYTE);
      await once(atApplication, "readable");
      atApplication.respond({ ":status": 413 });
      atApplication.end("too much");
      atApplication.on("finish", () => setImmediate(() => atApplication.destroy()));
      const [fields] = (await once(atClient, "response")) as [Record<string, unknown>];
      assert.equal(fields[":status"], 413);
      assert.equal(await count(atClient), "too much".length);
      for (const destination of hop.destinations) destination.retire();
      await eventually(() => assert.equal(application?.sessions.size, 0));
      assert.deepEqual(hop.finishedOnes, [{ status: 413, failure: undefined }]);
    });

    it("with more interim responses than anybody needs, is not believed any more", async () => {
      await start((stream) => {
        for (let count = 0; count < 20; count += 1) stream.additionalHeaders({ ":status": 103 });
      });
      const { fields } = await client.call(GET);
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [502, "RESPONSE_MALFORMED"]);
    });
  });
});

/** Sends a request and cancels it at one of several moments, or not at all. */
async function cancelSomewhere(client: Http2Client, index: number): Promise<unknown> {
  const stream = client.request(index % 2 === 0 ? GET : POST, index % 2 === 0);
  const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
  switch (index % 5) {
    case 0:
      setImmediate(cancel);
      break;
    case 1:
      stream.on("response", cancel);
      break;
    case 2:
      stream.on("data", cancel);
      break;
    default:
      stream.end();
  }
  return closed(stream);
}

/** Writes as much as is taken. */
class Writer {
  written = 0;
  readonly #stream: Writable;
  readonly #size: number;

  constructor(stream: Writable, size: number) {
    this.#stream = stream;
    this.#size = size;
    stream.on("drain", () => this.#write());
    this.#write();
  }

  /** Resolves when nothing more is taken. */
  async stalled(): Promise<void> {
    let before = -1;
    await eventually(
      () => {
        const { written } = this;
        const moved = written !== before;
        before = written;
        assert.ok(!moved && written > 0, "it goes on");
      },
      { interval: 100 },
    );
  }

  #write(): void {
    let room = true;
    while (room && this.written < this.#size && !this.#stream.destroyed) {
      room = this.#stream.write(PIECE);
      this.written += PIECE.length;
    }
    if (this.written >= this.#size && !this.#stream.writableEnded) this.#stream.end();
  }
}

/** Reads to the end, and returns how many bytes came. */
async function count(stream: Readable): Promise<number> {
  let bytes = 0;
  stream.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await once(stream, "end");
  return bytes;
}
