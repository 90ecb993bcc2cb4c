// Requests over links between two of our sidecars: what goes in at one end comes out at the other, and back.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, describe, it } from "mocha";
import { NO_TRAILERS } from "../../../proxy/http/streams.ts";
import { METHOD, type MessageHead } from "../../../proxy/http1/message-head.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections } from "./connections.ts";
import { linked } from "./link-rig.ts";
import {
  beginPost,
  get,
  headOfResponse,
  request,
  type ScriptedExchange,
  Try,
} from "./scripted-exchanges.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
const CHUNKED_OK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

const hints = (): MessageHead =>
  headOfResponse("HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n");

const headForHead = (): MessageHead =>
  headOfResponse("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n", METHOD.HEAD);

const isOver = (...tries: readonly Try[]): Promise<void> =>
  eventually(() => {
    const open = tries.filter((each) => !each.over);
    assert.equal(open.length, 0, `${open.length} of ${tries.length} are not over`);
  });

describe("a link", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  const helloWhenWhole = (exchange: ScriptedExchange): void => {
    if (exchange.ending !== undefined) exchange.answer(OK, "hello");
  };

  for (const kind of ["plain", "tls"] as const) {
    it(`carries a request and its response over a ${kind} connection`, async () => {
      const { client, server } = linked(await connections[kind](), helloWhenWhole);
      const tried = new Try(get("/orders")).on(client.link);
      await isOver(tried);
      assert.equal(tried.status, 200);
      assert.equal(tried.body.toString(), "hello");
      const [exchange] = server.exchanges.opened;
      assert.equal(exchange?.head, "GET /orders HTTP/1.1\r\nhost: orders\r\n\r\n");
      assert.equal(exchange?.http2, false);
      assert.ok(client.link.idle);
      assert.equal(server.link.size, 0);
    });

    it(`carries an answer of the callee's sidecar that is no failure over a ${kind} connection`, async () => {
      const { client } = linked(await connections[kind](), (exchange) =>
        exchange.sink.fail({
          ...{ code: undefined, status: 302, fields: "location: /elsewhere\r\n" },
          text: "moved\n",
        }),
      );
      const tries = [get("/orders"), request("HEAD / HTTP/1.1\r\nhost: orders\r\n\r\n")].map(
        (each) => new Try(each).on(client.link),
      );
      await isOver(...tries);
      assert.deepEqual(
        tries.map(({ status, body, failure }) => [status, body.toString(), failure]),
        [
          [302, "moved\n", undefined],
          [302, "", undefined],
        ],
      );
      assert.match(tries[0]?.head ?? "", /\r\nlocation: \/elsewhere\r\n/);
      assert.ok(client.link.idle);
    });

    it(`carries an answer of the callee's sidecar that has no body over a ${kind} connection`, async () => {
      const { client } = linked(await connections[kind](), (exchange) =>
        exchange.sink.fail({ code: undefined, status: 204, fields: "a: b\r\n", text: "" }),
      );
      const only = new Try(get("/orders")).on(client.link);
      await isOver(only);
      assert.equal(only.head, "HTTP/1.1 204 No Content\r\na: b\r\n\r\n");
      assert.equal(only.failure, undefined);
    });

    it(`carries bodies larger than all windows both ways at once over a ${kind} connection`, async () => {
      const length = 3_000_000;
      const body = randomBytes(length);
      const { client, server } = linked(await connections[kind](), (exchange) => {
        if (exchange.started === 1) exchange.begin(CHUNKED_OK);
        const piece =
          exchange.started === 1 ? Buffer.concat(exchange.pieces) : exchange.pieces.at(-1);
        exchange.takes = exchange.give(piece ?? "", exchange.ending);
        exchange.resume = () => {
          exchange.takes = true;
          exchange.sink.resumeRequest();
        };
      });
      const head = `POST /echo HTTP/1.1\r\nhost: orders\r\ncontent-length: ${length}\r\n\r\n`;
      const tried = new Try({
        ...request(head, { body: body.subarray(0, 70_000) }),
        ending: undefined,
      });
      let at = 70_000;
      const more = (): void => {
        while (at < length) {
          const end = Math.min(at + 50_000, length);
          const ending = end === length ? NO_TRAILERS : undefined;
          const start = at;
          at = end;
          if (tried.stream?.data(body, start, end, ending) === false) return;
        }
      };
      tried.onWritable = more;
      tried.on(client.link);
      await eventually(() => assert.equal(server.exchanges.opened.length === 1, true));
      await isOver(tried);
      assert.equal(tried.failure, undefined);
      assert.ok(tried.body.equals(body));
    });
  }

  it("gives a request with its body in one piece to the exchange", async () => {
    const { client, server } = linked(await connections.plain(), helloWhenWhole);
    const head = "POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: 4\r\n\r\n";
    const tried = new Try(request(head, { body: "body" })).on(client.link);
    await isOver(tried);
    const [exchange] = server.exchanges.opened;
    assert.equal(exchange?.started, 1);
    assert.equal(exchange?.body.toString(), "body");
  });

  it("starts an exchange whose body is still to come", async () => {
    const { client, server } = linked(await connections.plain(), helloWhenWhole);
    const tried = new Try(beginPost("/")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened[0]?.started, 1));
    tried.stream?.data(Buffer.from("late"), 0, 4, NO_TRAILERS);
    await isOver(tried);
    assert.equal(server.exchanges.opened[0]?.body.toString(), "late");
  });

  it("carries trailers both ways, and keeps those back that must not come late", async () => {
    const { client, server } = linked(await connections.plain(), (exchange) => {
      if (exchange.ending === undefined) return;
      const trailers = Buffer.from("x-sum: 2\r\nset-cookie: a=b\r\n");
      exchange.answer(CHUNKED_OK, "answer", trailers);
    });
    const head = "POST / HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n";
    const ending = Buffer.from("x-sum: 1\r\nhost: other\r\n");
    const tried = new Try(request(head, { body: "body", ending, http2: true })).on(client.link);
    await isOver(tried);
    const [exchange] = server.exchanges.opened;
    assert.equal(exchange?.ending?.toString(), "x-sum: 1\r\n");
    assert.equal(exchange?.http2, true);
    assert.equal(tried.body.toString(), "answer");
    assert.equal(tried.ending?.toString(), "x-sum: 2\r\n");
  });

  it("passes interim responses on before the final one", async () => {
    const { client } = linked(await connections.plain(), (exchange) => {
      exchange.sink.inform(hints());
      exchange.sink.inform(hints());
      exchange.answer(OK, "hello");
    });
    const tried = new Try(get("/")).on(client.link);
    await isOver(tried);
    assert.deepEqual(tried.interim, [103, 103]);
    assert.equal(tried.status, 200);
  });

  it("frames anew what the application framed by closing, so that a cut shows", async () => {
    const { client } = linked(await connections.plain(), (exchange) => {
      exchange.answer("HTTP/1.1 200 OK\r\n\r\n", "until close");
    });
    const tried = new Try(get("/")).on(client.link);
    await isOver(tried);
    assert.match(tried.head, /transfer-encoding: chunked/);
    assert.equal(tried.body.toString(), "until close");
  });

  it("passes on the length of a body that a HEAD request does not get", async () => {
    const { client } = linked(await connections.plain(), (exchange) => {
      exchange.sink.respond(headForHead(), false, NO_TRAILERS, 0, 0, NO_TRAILERS);
    });
    const tried = new Try(request("HEAD / HTTP/1.1\r\nhost: orders\r\n\r\n")).on(client.link);
    await isOver(tried);
    assert.match(tried.head, /content-length: 1000/);
    assert.equal(tried.body.length, 0);
    assert.equal(tried.failure, undefined);
  });

  it("ends a request whose response came early", async () => {
    const { client, server } = linked(await connections.plain(), (exchange) => {
      if (exchange.started === 1)
        exchange.answer("HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n");
    });
    const tried = new Try(beginPost("/")).on(client.link);
    await isOver(tried);
    assert.equal(tried.status, 413);
    assert.ok(client.link.idle);
    await eventually(() => assert.equal(server.link.size, 0));
    assert.equal(server.exchanges.opened[0]?.aborted, 0);
    assert.equal(tried.stream?.data(Buffer.from("late"), 0, 4, NO_TRAILERS), true);
  });

  it("carries 1000 requests at once, answered in another order", async () => {
    const waiting: ScriptedExchange[] = [];
    const { client } = linked(await connections.tls(), (exchange) => {
      waiting.push(exchange);
      if (waiting.length < 1_000) return;
      for (const each of waiting.reverse()) each.answer(CHUNKED_OK, `answer to ${each.path}`);
    });
    const tries = Array.from({ length: 1_000 }, (_, index) => new Try(get(`/${index}`)));
    for (const each of tries) each.on(client.link);
    await isOver(...tries);
    for (const [index, each] of tries.entries())
      assert.equal(each.body.toString(), `answer to /${index}`);
    assert.ok(client.link.idle);
  });

  it("lets requests beyond the peer's limit wait for their turn", async () => {
    const waiting: ScriptedExchange[] = [];
    const { client, server } = linked(await connections.plain(), (exchange) =>
      waiting.push(exchange),
    );
    const tries = Array.from({ length: 1_100 }, () => new Try(get("/")).on(client.link));
    await eventually(() => assert.equal(waiting.length, 1_024));
    assert.equal(tries.filter(({ stream }) => stream?.ready).length, 0);
    assert.equal(server.owner.violations.length, 0);
    for (const each of waiting.splice(0)) each.answer(OK, "hello");
    await eventually(() => assert.equal(waiting.length, 76));
    for (const each of waiting.splice(0)) each.answer(OK, "hello");
    await isOver(...tries);
    assert.equal(tries.filter(({ status }) => status === 200).length, 1_100);
  });
});
