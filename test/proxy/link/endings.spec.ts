// How requests on a link end before their time, and how a link drains.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { NO_TRAILERS } from "../../../proxy/http/streams.ts";
import { FLAG, FRAME, LAST_STREAM_ID } from "../../../proxy/link/frames.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections, frame, number, settings } from "./connections.ts";
import { dialed, linked, served } from "./link-rig.ts";
import {
  beginPost,
  failureAnswer,
  get,
  request,
  type ScriptedExchange,
  Try,
} from "./scripted-exchanges.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
const CHUNKED_OK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const answer = (exchange: ScriptedExchange): unknown => exchange.answer(OK, "hello");

describe("a request on a link", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("fails with the code of the callee, which says whether an application saw it", async () => {
    const codes = ["APPLICATION_UNREACHABLE", "CONNECTION_LOST"] as const;
    const { client, server } = linked(await connections.plain(), (exchange) => {
      exchange.sink.fail(failureAnswer(codes[Number(exchange.path.slice(1))] ?? "REQUEST_TIMEOUT"));
    });
    const tries = [0, 1].map((index) => new Try(get(`/${index}`)).on(client.link));
    await eventually(() => assert.equal(tries.filter(({ over }) => over).length, 2));
    assert.deepEqual(
      tries.map(({ failure }) => failure),
      [
        { code: "APPLICATION_UNREACHABLE", sent: false, reused: false },
        { code: "CONNECTION_LOST", sent: true, reused: false },
      ],
    );
    assert.ok(client.link.idle);
    assert.equal(server.link.size, 0);
  });

  it("fails when the callee breaks off in the middle of the response", async () => {
    const { client } = linked(await connections.plain(), (exchange) => {
      exchange.begin(CHUNKED_OK);
      exchange.give("half");
      exchange.sink.fail(failureAnswer("APPLICATION_UNREACHABLE"));
    });
    const tried = new Try(get("/")).on(client.link);
    await eventually(() => assert.equal(tried.over, true));
    assert.equal(tried.body.toString(), "half");
    assert.deepEqual(tried.failure, { code: "APPLICATION_UNREACHABLE", sent: true, reused: false });
  });

  it("is aborted at the callee when the caller goes away, and nothing more is heard of it", async () => {
    const { client, server } = linked(await connections.plain());
    const tried = new Try(beginPost("/")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened[0]?.started, 1));
    const [exchange] = server.exchanges.opened;
    exchange?.begin(CHUNKED_OK);
    tried.stream?.abort();
    await eventually(() => assert.equal(exchange?.aborted, 1));
    exchange?.give("late", NO_TRAILERS);
    assert.equal(tried.over, false);
    assert.ok(client.link.idle);
    const next = new Try(get("/next")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened.length, 2));
    answer(server.exchanges.at("/next"));
    await eventually(() => assert.equal(next.status, 200));
    assert.equal(tried.status, 0);
    assert.deepEqual(client.owner.violations, []);
    assert.deepEqual(server.owner.violations, []);
  });

  it("that waits for its turn can be given up", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    const given = new Try(get("/given-up")).on(link);
    const kept = new Try(get("/kept")).on(link);
    given.stream?.abort();
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings({ streams: 1 })));
    await eventually(() => assert.equal(kept.ready, 1));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    assert.equal(given.ready, 0);
  });

  it("with a head that is larger than a frame fails without having been sent", async () => {
    const { client, server } = linked(await connections.plain(), answer);
    const bytes = Buffer.alloc(70_000, "x");
    const tried = new Try({ ...get("/"), bytes, headEnd: 70_000, bodyEnd: 70_000 }).on(client.link);
    await eventually(() => assert.equal(tried.over, true));
    assert.deepEqual(tried.failure, { code: "REQUEST_TOO_LARGE", sent: false, reused: false });
    assert.equal(server.exchanges.opened.length, 0);
    assert.ok(client.link.idle);
  });

  it("is refused by the callee when its head breaks the rules, and the link goes on", async () => {
    const { client, server } = linked(await connections.plain(), answer);
    const bytes = Buffer.from("GET / HTTP/1.1\r\nno-host: x\r\n\r\n");
    const bad = { ...get("/"), bytes, headEnd: bytes.length, bodyEnd: bytes.length };
    const tried = new Try(bad).on(client.link);
    const good = new Try(get("/")).on(client.link);
    await eventually(() => assert.equal(tried.over && good.over, true));
    assert.deepEqual(tried.failure, { code: "REQUEST_MALFORMED", sent: false, reused: false });
    assert.equal(good.status, 200);
    assert.deepEqual(server.handler.refusals, ["REQUEST_MALFORMED"]);
    assert.equal(server.exchanges.opened.length, 1);
  });

  for (const [name, body, ending] of [
    ["longer", "12345", NO_TRAILERS],
    ["shorter", "123", NO_TRAILERS],
  ] as const) {
    it(`is refused when its body is ${name} than announced`, async () => {
      const { client, server } = linked(await connections.plain());
      const head = "POST / HTTP/1.1\r\nhost: orders\r\ncontent-length: 4\r\n\r\n";
      const tried = new Try({ ...request(head), ending: undefined }).on(client.link);
      await eventually(() => assert.equal(server.exchanges.opened.length, 1));
      tried.stream?.data(Buffer.from(body), 0, body.length, ending);
      await eventually(() => assert.equal(tried.code, "REQUEST_MALFORMED"));
      assert.equal(server.exchanges.opened[0]?.aborted, 1);
      assert.equal(server.exchanges.opened[0]?.body.length, 0);
      assert.deepEqual(server.owner.violations, []);
    });
  }

  for (const [name, text, body] of [
    ["with a head that breaks the rules", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n", ""],
    ["that is interim and has a body", "HTTP/1.1 103 Early Hints\r\n\r\nx", ""],
    ["that is shorter than announced", OK, "hell"],
    ["that is longer than announced", OK, "hello!"],
    ["with a body where there can be none", "HTTP/1.1 204 No Content\r\n\r\n", "x"],
  ] as const) {
    it(`fails by a response ${name}`, async () => {
      const { wire, peer } = await connections.withPeer();
      const { link, owner } = dialed(wire);
      const tried = new Try(get("/")).on(link);
      peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
      await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
      const data = body === "" ? [] : [frame(FRAME.DATA, 1, 1, body)];
      peer.say(frame(FRAME.RESPONSE, 0, 1, text), ...data);
      await eventually(() => assert.equal(tried.code, "RESPONSE_MALFORMED"));
      assert.equal(tried.failure?.sent, true);
      await eventually(() => assert.equal(peer.of(FRAME.RESET).length, 1));
      assert.deepEqual(owner.violations, []);
      assert.ok(link.idle);
    });
  }

  it("fails by endless interim responses", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    peer.say(...Array.from({ length: 9 }, () => frame(2, 0, 1, "HTTP/1.1 103 Hints\r\n\r\n")));
    await eventually(() => assert.equal(tried.code, "RESPONSE_MALFORMED"));
    assert.equal(tried.interim.length, 8);
  });
});

describe("a link that drains", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("carries on what the callee has taken up, gives back the rest unsent, and closes", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, owner } = dialed(wire);
    const tries = [1, 2, 3].map((index) => new Try(get(`/${index}`)).on(link));
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings({ streams: 2 })));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 2));
    peer.say(frame(FRAME.GOAWAY, 0, 0, Buffer.concat([number(1), Buffer.from("DRAINING")])));
    await eventually(() => assert.equal(link.draining, true));
    const unsent = { code: "CONNECTION_LOST", sent: false, reused: true };
    assert.deepEqual(
      tries.map(({ failure }) => failure),
      [undefined, unsent, unsent],
    );
    assert.equal(owner.drained, 1);
    const late = new Try(get("/late")).on(link);
    await eventually(() => assert.deepEqual(late.failure, { ...unsent, reused: false }));
    peer.say(frame(FRAME.RESPONSE, 0, 1, OK), frame(FRAME.DATA, 1, 1, "hello"));
    await eventually(() => assert.equal(peer.ended, true));
    assert.equal(tries[0]?.body.toString(), "hello");
    peer.socket.end();
    await eventually(() => assert.equal(owner.closed, 1));
  });

  it("carries on likewise for a callee that ends for good, and says so to whoever dialed", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, owner } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    const leaving = Buffer.concat([number(LAST_STREAM_ID), Buffer.from("DEPARTING")]);
    peer.say(frame(FRAME.GOAWAY, 0, 0, leaving));
    await eventually(() => assert.equal(owner.departed, 1));
    assert.equal(link.draining, true);
    peer.say(frame(FRAME.RESPONSE, 0, 1, OK), frame(FRAME.DATA, FLAG.END, 1, "hello"));
    await eventually(() => assert.equal(tried.status, 200));
  });

  it("is announced once more when the callee not only drains but ends", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = served(wire, answer);
    link.drain(false);
    link.drain(true);
    link.drain(true);
    link.drain(false);
    const said = (): string[] =>
      peer.of(FRAME.GOAWAY).map(({ payload }) => payload.toString("latin1", 4));
    await eventually(() => assert.deepEqual(said(), ["DRAINING", "DEPARTING"]));
  });

  it("loses no request when the callee drains in the middle of them", async () => {
    const pair = await connections.tls();
    const { client, server } = linked(pair, (exchange) => {
      if (exchange.path === "/40") server.link.drain(false);
      setImmediate(() => answer(exchange));
    });
    const tries = Array.from({ length: 100 }, (_, index) => new Try(get(`/${index}`)));
    for (const each of tries) each.on(client.link);
    await eventually(() => assert.equal(server.owner.closed + client.owner.closed, 2));
    assert.equal(tries.filter(({ status }) => status === 200).length, 100);
    const late = new Try(get("/late")).on(client.link);
    await eventually(() => assert.equal(late.failure?.sent, false));
  });

  it("is announced once when the handler wants its callers to go", async () => {
    const { wire, peer } = await connections.withPeer();
    const { handler, exchanges, owner, link } = served(wire, answer);
    handler.closing = true;
    const head = "GET / HTTP/1.1\r\nhost: orders\r\n\r\n";
    const requests = [1, 3].map((id) => frame(FRAME.REQUEST, 1, id, head));
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()), ...requests, frame(FRAME.DATA, 1, 3));
    await eventually(() => assert.equal(peer.of(FRAME.RESPONSE).length, 2));
    assert.deepEqual(
      peer.of(FRAME.GOAWAY).map(({ payload }) => payload.toString("latin1")),
      ["\x7f\xff\xff\xffDRAINING"],
    );
    assert.equal(exchanges.opened.length, 2);
    assert.match(peer.of(FRAME.RESPONSE)[1]?.payload.toString() ?? "", /hello$/);
    assert.deepEqual(owner.violations, []);
    assert.equal(link.size, 0);
  });

  it("ends at once when nothing is on it", async () => {
    const { client, server } = linked(await connections.tls());
    client.link.retire();
    assert.ok(client.link.draining);
    await eventually(() => assert.equal(client.owner.closed + server.owner.closed, 2));
    assert.deepEqual(server.owner.violations, []);
  });

  it("ends after the last request when the caller retires it", async () => {
    const { client, server } = linked(await connections.plain());
    const tried = new Try(get("/")).on(client.link);
    const waiting = new Try(get("/waits")).on(client.link);
    client.link.retire();
    await eventually(() => assert.equal(server.exchanges.opened.length, 2));
    assert.equal(client.owner.closed, 0);
    for (const exchange of server.exchanges.opened) answer(exchange);
    await eventually(() => assert.equal(client.owner.closed + server.owner.closed, 2));
    assert.equal(tried.body.toString(), "hello");
    assert.equal(waiting.body.toString(), "hello");
  });
});
