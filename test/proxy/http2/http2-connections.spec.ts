import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Stream,
  constants,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { eventually } from "../../helpers/eventually.ts";
import {
  closed,
  Http2Application,
  Http2Client,
  readAll,
  type StreamHandler,
} from "./applications.ts";
import { Hop } from "./hop.ts";
import { FRAME, frame, frameTypes } from "./raw-http2.ts";

const GET = { ":path": "/", ":authority": "orders:8080" };
const POST = { ...GET, ":method": "POST" };
const NOTHING = Buffer.alloc(0);

const answer: StreamHandler = (stream) => {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
};

describe("connections of HTTP/2", () => {
  let hop: Hop;
  let client: Http2Client;
  const closers: (() => Promise<void>)[] = [];

  async function startApplication(
    handler: StreamHandler,
    options: ServerOptions = {},
  ): Promise<Http2Application> {
    const application = await Http2Application.start(handler, options);
    closers.push(() => application.close());
    hop.toHttp2(application.port);
    return application;
  }

  /** A server that writes frames by hand. */
  async function startRaw(serve: (socket: Socket) => void): Promise<void> {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on("error", () => undefined).resume();
      serve(socket);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    closers.push(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    hop.toHttp2((server.address() as AddressInfo).port);
  }

  beforeEach(async () => {
    hop = new Hop();
    client = new Http2Client(await hop.listenHttp2());
  });
  afterEach(async () => {
    await client.close();
    await hop.close();
    for (const close of closers.splice(0)) await close();
  });

  describe("of callers that may not stay for nothing", () => {
    it("end when nothing was asked for a while, and not while an answer is on its way", async () => {
      const open: ServerHttp2Stream[] = [];
      await startApplication((stream) => {
        stream.respond({ ":status": 200 });
        open.push(stream);
      });
      hop.idle = 100;
      const stranger = new Http2Client(await hop.listenHttp2());
      const stream = stranger.request(GET);
      await once(stream, "response");
      // Connections that came later and ask for nothing are gone by then.
      for (let count = 0; count < 3; count += 1) {
        const silent = new Http2Client(await hop.listenHttp2());
        await silent.gone;
      }
      assert.equal(stream.closed, false);
      open[0]?.end("late");
      assert.equal(await text(stream), "late");
      await stranger.gone;
    });
  });

  describe("to an application", () => {
    it("carry all requests at once", async () => {
      const application = await startApplication(answer);
      await Promise.all(Array.from({ length: 200 }, () => client.call(POST, "x")));
      await client.call(GET);
      assert.equal(application.connections, 1);
    });

    it("are as many as it takes when it allows few streams on each", async () => {
      let most = 0;
      let open = 0;
      const application = await startApplication(
        (stream, fields) => {
          open += 1;
          most = Math.max(most, open);
          stream.on("close", () => {
            open -= 1;
          });
          answer(stream, fields);
        },
        { settings: { maxConcurrentStreams: 10 } },
      );
      const seen = await Promise.all(Array.from({ length: 95 }, () => client.call(POST, "x")));
      assert.ok(seen.every(({ body }) => body.toString() === "x"));
      assert.ok(application.connections <= 10, `${application.connections} connections`);
      assert.ok(most > 10);
    });

    it("are not waited for when one stream is all an application allows", async () => {
      const application = await startApplication(answer, { settings: { maxConcurrentStreams: 1 } });
      const open = Array.from({ length: 8 }, () => client.request(POST, false));
      await Promise.all(open.map((stream) => once(stream, "response")));
      assert.equal(application.connections, 8);
    });

    it("are opened anew when the application has been started again", async () => {
      const application = await startApplication(answer);
      await client.call(GET);
      for (const session of application.sessions) session.close();
      await eventually(() => assert.equal(application.sessions.size, 0));
      assert.equal((await client.call(POST, "x")).fields[":status"], 200);
      assert.equal(application.connections, 2);
    });

    it("finish what they carry when the application sends them away, and new requests go over another", async () => {
      const streams: ServerHttp2Stream[] = [];
      const application = await startApplication((stream) => void streams.push(stream));
      const first = client.request(POST, false);
      await eventually(() => assert.equal(streams.length, 1));
      for (const session of application.sessions) session.close();
      const second = client.call(GET);
      await eventually(() => assert.equal(streams.length, 2));
      for (const stream of streams) stream.respond({ ":status": 200 }, { endStream: true });
      first.end();
      assert.equal((await readAll(first)).fields[":status"], 200);
      assert.equal((await second).fields[":status"], 200);
      assert.equal(application.connections, 2);
    });

    it("close when nobody needs their destination any more, after what they carry", async () => {
      const streams: ServerHttp2Stream[] = [];
      const application = await startApplication((stream) => void streams.push(stream));
      const call = client.call(GET);
      await eventually(() => assert.equal(streams.length, 1));
      for (const destination of hop.destinations) destination.retire();
      streams[0]?.respond({ ":status": 200 }, { endStream: true });
      assert.equal((await call).fields[":status"], 200);
      await eventually(() => assert.equal(application.sessions.size, 0));
    });

    it("close at once when they carry nothing", async () => {
      const application = await startApplication(answer);
      await client.call(GET);
      for (const destination of hop.destinations) destination.retire();
      await eventually(() => assert.equal(application.sessions.size, 0));
    });
  });

  describe("requests that an application has not taken", () => {
    it("are sent to the next one, whatever they ask for", async () => {
      await startApplication((stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM));
      await startApplication(answer);
      const { fields, body } = await client.call(POST, "once");
      assert.deepEqual([fields[":status"], body.toString()], [200, "once"]);
    });

    it("since it has sent the connection away, are sent to the next one", async () => {
      const nothingTaken = frame(FRAME.GOAWAY, 0, 0, Buffer.alloc(8));
      await startRaw((socket) => {
        let input = NOTHING;
        socket.write(frame(FRAME.SETTINGS, 0, 0, NOTHING));
        socket.on("data", (bytes: Buffer) => {
          input = Buffer.concat([input, bytes]);
          if (frameTypes(input).includes(FRAME.HEADERS)) socket.write(nothingTaken);
        });
      });
      await startApplication(answer);
      assert.equal((await client.call(POST, "x")).fields[":status"], 200);
    });

    it("since it sent the connection away while they were on their way, are sent over another", async () => {
      const application = await startApplication(answer);
      await client.call(GET);
      for (let round = 0; round < 20; round += 1) {
        const calls = Array.from({ length: 20 }, () => client.call(POST, "x"));
        for (const session of application.sessions) session.close();
        for (const { fields } of await Promise.all(calls)) assert.equal(fields[":status"], 200);
      }
    });

    it("are not sent again when it may have done something", async () => {
      await startApplication((stream) => stream.session?.destroy());
      const second = await startApplication(answer);
      const { fields } = await client.call(POST, "x");
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [502, "CONNECTION_LOST"]);
      assert.equal(second.streams, 0);
    });

    it("are sent again all the same when doing it twice does no harm", async () => {
      await startApplication((stream) => stream.session?.destroy());
      await startApplication(answer);
      assert.equal((await client.call(GET)).fields[":status"], 200);
    });
  });

  describe("to something that is no good HTTP/2 server", () => {
    it("are given up when it says nothing", async () => {
      await startRaw((socket) => socket.end());
      const { fields } = await client.call(GET);
      assert.deepEqual(
        [fields[":status"], fields["x-mesh-failure"]],
        [503, "APPLICATION_UNREACHABLE"],
      );
    });

    it("are given up when it allows no streams", async () => {
      const application = await startApplication(answer, { settings: { maxConcurrentStreams: 0 } });
      const { fields } = await client.call(POST, "x");
      assert.deepEqual(
        [fields[":status"], fields["x-mesh-failure"]],
        [503, "APPLICATION_UNREACHABLE"],
      );
      assert.equal(application.connections, 1);
    });
  });

  describe("of a caller that is sent away", () => {
    it("finish what they carry, and what is on its way", async () => {
      const streams: ServerHttp2Stream[] = [];
      await startApplication((stream) => void streams.push(stream));
      const goaways: number[] = [];
      client.session.on("goaway", (_code, last) => void goaways.push(last ?? 0));
      const call = client.call(GET);
      await eventually(() => assert.equal(streams.length, 1));
      for (const service of hop.services) service.drain();
      await eventually(() => assert.ok(goaways.length > 0));
      assert.equal(hop.callers, 1);
      streams[0]?.respond({ ":status": 200 }, { endStream: true });
      assert.equal((await call).fields[":status"], 200);
      await client.gone;
      await eventually(() => assert.equal(hop.services.size, 0));
      assert.equal(goaways[0], 2 ** 31 - 1);
    });

    it("end after the current response when the handler is closing", async () => {
      await startApplication(answer);
      hop.closing = true;
      assert.equal((await client.call(GET)).fields[":status"], 200);
      await client.gone;
      await eventually(() => assert.equal(hop.callers, 0));
    });

    it("break off when their service is disposed of", async () => {
      const streams: ServerHttp2Stream[] = [];
      await startApplication((stream) => void streams.push(stream));
      const stream: ClientHttp2Stream = client.request(POST, false);
      await eventually(() => assert.equal(streams.length, 1));
      for (const service of hop.services) service[Symbol.dispose]();
      await closed(stream);
      await eventually(() => assert.equal(streams[0]?.rstCode, constants.NGHTTP2_CANCEL));
    });
  });

  it("lead from an HTTP/1.1 caller to an HTTP/2 application", async () => {
    await startApplication((stream, fields) => {
      stream.respond({ ":status": 200, "x-authority": fields[":authority"] });
      stream.pipe(stream);
    });
    const port = await hop.listenHttp1();
    const response = await fetch(`http://127.0.0.1:${port}/a`, { method: "POST", body: "hello" });
    assert.equal(response.headers.get("x-authority"), `127.0.0.1:${port}`);
    assert.equal(await response.text(), "hello");
  });
});
