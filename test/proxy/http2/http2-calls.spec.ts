import assert from "node:assert/strict";
import { once } from "node:events";
import type { RequestListener, Server } from "node:http";
import { constants, type ServerOptions } from "node:http2";
import { eventually } from "../../helpers/eventually.ts";
import {
  closed,
  Http2Application,
  Http2Client,
  portOf,
  readAll,
  type StreamHandler,
  startHttp1Application,
} from "./applications.ts";
import { Hop } from "./hop.ts";

const GET = { ":path": "/", ":authority": "orders:8080" };
const POST = { ...GET, ":method": "POST" };

describe("requests of HTTP/2 callers", () => {
  let hop: Hop;
  let client: Http2Client;
  const applications: Http2Application[] = [];
  const servers: Server[] = [];

  async function start(handler: StreamHandler, options: ServerOptions = {}): Promise<void> {
    const application = await Http2Application.start(handler, options);
    applications.push(application);
    hop.toHttp2(application.port);
    client = new Http2Client(await hop.listenHttp2());
  }

  async function startHttp1(handler: RequestListener): Promise<void> {
    const server = await startHttp1Application(handler);
    servers.push(server);
    hop.toHttp1(portOf(server));
    client = new Http2Client(await hop.listenHttp2());
  }

  beforeEach(() => {
    hop = new Hop();
  });
  afterEach(async () => {
    await client.close();
    await hop.close();
    for (const application of applications.splice(0)) await application.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });

  describe("to an HTTP/2 application", () => {
    it("go on with method, path, authority and fields, and are answered", async () => {
      let seen: unknown;
      await start((stream, fields) => {
        seen = [fields[":method"], fields[":path"], fields[":authority"], fields["x-mark"]];
        stream.respond({ ":status": 201, "x-two": ["a", "b"] });
        stream.end("hello");
      });
      const response = await client.call({ ...GET, ":path": "/a?b=c", "x-mark": "caf\xe9" });
      assert.deepEqual(seen, ["GET", "/a?b=c", "orders:8080", "caf\xe9"]);
      assert.equal(response.fields[":status"], 201);
      assert.deepEqual(
        response.pairs.filter((_, index) => response.pairs[index - 1] === "x-two"),
        ["a", "b"],
      );
      assert.equal(response.body.toString(), "hello");
      assert.deepEqual(hop.finishedOnes, [{ status: 201, failure: undefined }]);
    });

    it("gain the lines of the mesh, and nothing that belongs to one connection", async () => {
      let names: string[] = [];
      hop.added = Buffer.from("x-mesh-source: orders\r\n");
      await start((stream, fields) => {
        names = Object.keys(fields).toSorted();
        stream.respond({ ":status": 200 }, { endStream: true });
      });
      await client.call({ ...GET, te: "trailers" });
      const pseudo = [":authority", ":method", ":path", ":scheme"];
      assert.deepEqual(names, [...pseudo, "te", "x-mesh-source"]);
    });

    it("carry a body with a length, and one without", async () => {
      await start((stream, fields) => {
        stream.respond({ ":status": 200, "x-length": fields["content-length"] ?? "none" });
        stream.pipe(stream);
      });
      const body = Buffer.alloc(200_000, "ab");
      const framed = await client.call({ ...POST, "content-length": body.length }, body);
      assert.deepEqual([framed.fields["x-length"], framed.body], ["200000", body]);
      const open = await client.call(POST, body);
      assert.deepEqual([open.fields["x-length"], open.body], ["none", body]);
    });

    it("carry trailers in both directions", async () => {
      let received: unknown;
      await start((stream) => {
        stream.respond({ ":status": 200 }, { waitForTrailers: true });
        stream
          .on("trailers", (_fields, _flags, pairs) => {
            received = pairs;
          })
          .on("wantTrailers", () => stream.sendTrailers({ "x-sum": ["1", "2"], "x-mesh-a": "no" }))
          .on("end", () => stream.end("x"))
          .resume();
      });
      const stream = client.session.request(POST, { endStream: false, waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-check": "abc", cookie: "no" }));
      stream.end("y");
      const { trailers } = await readAll(stream);
      assert.deepEqual(received, ["x-check", "abc"]);
      assert.deepEqual(Object.entries(trailers), [["x-sum", "1, 2"]]);
    });

    it("may be answered before they are complete, message by message", async () => {
      await start((stream) => {
        stream.respond({ ":status": 200 });
        stream
          .on("data", (chunk: Buffer) => stream.write(`<${chunk}>`))
          .on("end", () => stream.end());
      });
      const stream = client.request(POST, false).setEncoding("latin1");
      await once(stream, "response");
      for (const word of ["one", "two", "three"]) {
        stream.write(word);
        assert.deepEqual(await once(stream, "data"), [`<${word}>`]);
      }
      stream.end();
      await once(stream, "close");
      assert.equal(stream.rstCode, 0);
    });

    it("hear of the end when the answer comes before they are complete", async () => {
      await start((stream) => {
        stream.respond({ ":status": 413 });
        stream.end("too much");
      });
      const stream = client.request(POST, false);
      stream.write("some");
      const { fields, body } = await readAll(stream);
      assert.deepEqual([fields[":status"], body.toString()], [413, "too much"]);
      await eventually(() =>
        assert.deepEqual(hop.finishedOnes, [{ status: 413, failure: undefined }]),
      );
    });

    it("hear of the trailers of such an answer", async () => {
      await start((stream) => {
        stream.respond({ ":status": 200 }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "x-why": "enough" }));
        stream.end(Buffer.alloc(300_000));
      });
      const stream = client.request(POST, false);
      stream.write("some");
      const { body, trailers } = await readAll(stream);
      assert.deepEqual([body.length, trailers["x-why"]], [300_000, "enough"]);
    });

    it("are told of interim responses", async () => {
      await start((stream) => {
        stream.additionalHeaders({ ":status": 103, link: "</a.css>" });
        stream.additionalHeaders({ ":status": 102 });
        stream.respond({ ":status": 200 }, { endStream: true });
      });
      const { informations } = await client.call(GET);
      assert.deepEqual(
        informations.map((fields) => [fields[":status"], fields["link"]]),
        [
          [103, "</a.css>"],
          [102, undefined],
        ],
      );
    });

    it("are asked to go on when they expect it", async () => {
      await start((stream, fields) => {
        assert.equal(fields["expect"], "100-continue");
        stream.additionalHeaders({ ":status": 100 });
        stream.respond({ ":status": 200 });
        stream.pipe(stream);
      });
      const stream = client.request({ ...POST, expect: "100-continue" }, false);
      stream.on("continue", () => stream.end("now"));
      assert.equal((await readAll(stream)).body.toString(), "now");
    });

    for (const status of [204, 304])
      it(`are answered with ${status} and no body`, async () => {
        await start((stream) =>
          stream.respond({ ":status": status, etag: "x" }, { endStream: true }),
        );
        const { fields, body, endedWithHeaders } = await client.call(GET);
        assert.deepEqual([fields[":status"], fields["etag"]], [status, "x"]);
        assert.deepEqual([body.length, endedWithHeaders], [0, true]);
      });

    it("with HEAD are told the length of what they would get", async () => {
      await start((stream) => stream.respond({ ":status": 200, "content-length": "12345" }));
      const { fields, endedWithHeaders } = await client.call({ ...GET, ":method": "HEAD" });
      assert.deepEqual([fields["content-length"], endedWithHeaders], ["12345", true]);
    });

    it("get a response without a body in a single frame", async () => {
      await start((stream) => stream.respond({ ":status": 200, "x-a": "b" }, { endStream: true }));
      const { endedWithHeaders, fields } = await client.call(GET);
      assert.deepEqual([endedWithHeaders, fields["x-a"]], [true, "b"]);
    });

    it("keep several values of one field, even of one that usually has a single value", async () => {
      const repeated = ["set-cookie", "a=1", "set-cookie", "b=2", "etag", "x", "etag", "y"];
      const handler: StreamHandler = (stream) =>
        stream.respond([":status", "200", ...repeated], {
          sendDate: false,
          endStream: true,
        } as object);
      await start(handler, { strictSingleValueFields: false });
      const { pairs } = await client.call(GET);
      assert.deepEqual(pairs, [":status", "200", ...repeated, "content-length", "0"]);
    });
  });

  describe("to an HTTP/1.1 application", () => {
    it("are written as HTTP/1.1", async () => {
      let seen: unknown;
      await startHttp1((request, response) => {
        const { method, url, httpVersion, headers } = request;
        seen = [method, url, httpVersion, headers.host, headers.cookie];
        response.setHeader("x-a", "b");
        response.setHeader("connection", "close");
        response.end("hello");
      });
      const cookies = ["cookie", "a=1", "cookie", "b=2"];
      const response = await client.call([...Object.entries(GET).flat(), ...cookies]);
      assert.deepEqual(seen, ["GET", "/", "1.1", "orders:8080", "a=1; b=2"]);
      assert.equal(response.body.toString(), "hello");
      assert.equal(response.fields["x-a"], "b");
      assert.equal(response.fields["connection"], undefined);
      assert.equal(response.fields["content-length"], "5");
    });

    it("carry bodies and trailers", async () => {
      await startHttp1((request, response) => {
        response.setHeader("transfer-encoding", "chunked");
        request.on("data", (chunk: Buffer) => response.write(chunk));
        request.on("end", () => {
          response.addTrailers({ "x-sum": request.trailers["x-check"] ?? "none" });
          response.end();
        });
      });
      const stream = client.session.request(POST, { endStream: false, waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-check": "abc" }));
      const body = Buffer.alloc(150_000, "xyz");
      stream.end(body);
      const response = await readAll(stream);
      assert.deepEqual(response.body, body);
      assert.equal(response.trailers["x-sum"], "abc");
      assert.equal(response.fields["transfer-encoding"], undefined);
    });

    it("do not see what HTTP/2 has no place for", async () => {
      await startHttp1((_request, response) => {
        response.writeHead(200, { "http2-settings": "AAA", "keep-alive": "timeout=5", "x-a": "b" });
        response.addTrailers({ "http2-settings": "AAA", "x-sum": "1" });
        response.end("x");
      });
      const { pairs, trailers } = await client.call(GET);
      const names = pairs.filter((_, index) => index % 2 === 0);
      assert.deepEqual(names, [":status", "x-a", "date"]);
      assert.deepEqual(Object.entries(trailers), [["x-sum", "1"]]);
    });

    it("share its connections", async () => {
      const ports = new Set<number | undefined>();
      await startHttp1((request, response) => {
        ports.add(request.socket.remotePort);
        response.end("x");
      });
      for (let count = 0; count < 5; count += 1) await client.call(GET);
      assert.equal(ports.size, 1);
    });

    it("see its body break off as a reset", async () => {
      await startHttp1((_request, response) => {
        response.writeHead(200, { "content-length": 100 });
        response.write("half");
        response.on("error", () => undefined);
        setImmediate(() => response.destroy());
      });
      assert.equal(await closed(client.request(GET)), constants.NGHTTP2_INTERNAL_ERROR);
    });
  });

  describe("that break the rules", () => {
    beforeEach(async () => {
      await start((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    });

    it("are refused when they name two hosts", async () => {
      const { fields, body } = await client.call({ ...GET, host: "payments" });
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [400, "REQUEST_MALFORMED"]);
      assert.match(body.toString(), /^docker-mesh: the request is malformed: Host/);
      assert.deepEqual(hop.refusedOnes, ["REQUEST_MALFORMED"]);
      assert.deepEqual(hop.finishedOnes, []);
    });

    it("may say the same host twice", async () => {
      const { fields } = await client.call({ ...GET, host: "orders:8080" });
      assert.equal(fields[":status"], 200);
    });

    it("are refused when their target is not a path", async () => {
      for (const path of ["/caf\xe9", "/a#b", "/a\\b"]) {
        const { fields } = await client.call({ ...GET, ":path": path });
        assert.equal(fields[":status"], 400, path);
      }
    });

    it("are refused when they have too many fields", async () => {
      const many = Object.fromEntries(
        Array.from({ length: 101 }, (_, index) => [`x-${index}`, "1"]),
      );
      const { fields } = await client.call({ ...GET, ...many });
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [431, "REQUEST_TOO_LARGE"]);
    });

    it("are refused when their fields are too long altogether", async () => {
      const { fields } = await client.call({ ...GET, ...longFields(6) });
      assert.deepEqual([fields[":status"], fields["x-mesh-failure"]], [431, "REQUEST_TOO_LARGE"]);
    });

    it("are refused when they ask for a tunnel", async () => {
      const stream = client.request({ ":method": "CONNECT", ":authority": "orders:8080" }, false);
      const { fields } = await readAll(stream);
      assert.equal(fields[":status"], 405);
    });

    it("do not end the connection for others", async () => {
      await client.call({ ...GET, host: "payments" });
      assert.equal((await client.call(GET)).fields[":status"], 200);
    });
  });

  it("fail with the code of the mesh when the application is not there", async () => {
    await start((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    for (const application of applications.splice(0)) await application.close();
    const { fields, body } = await client.call(POST, "x");
    assert.deepEqual(
      [fields[":status"], fields["x-mesh-failure"]],
      [503, "APPLICATION_UNREACHABLE"],
    );
    assert.equal(fields["content-type"], "text/plain; charset=utf-8");
    assert.equal(Number(fields["content-length"]), body.length);
    assert.equal(
      body.toString(),
      "docker-mesh: the application of shop does not accept connections\n",
    );
  });

  it("with HEAD fail without a body", async () => {
    await start((stream) => stream.respond({ ":status": 200 }, { endStream: true }));
    for (const application of applications.splice(0)) await application.close();
    const { fields, body } = await client.call({ ...GET, ":method": "HEAD" });
    assert.deepEqual([fields[":status"], body.length], [503, 0]);
  });

  it("fail when the application does not speak HTTP/2", async () => {
    const server = await startHttp1Application((_request, response) => response.end("1.1"));
    servers.push(server);
    hop.toHttp2(portOf(server));
    client = new Http2Client(await hop.listenHttp2());
    const { fields } = await client.call(GET);
    assert.deepEqual(
      [fields[":status"], fields["x-mesh-failure"]],
      [503, "APPLICATION_UNREACHABLE"],
    );
  });
});

/** Fields of 12 kB each. */
function longFields(count: number): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`x-${index}`, "a".repeat(12_000)]),
  );
}
