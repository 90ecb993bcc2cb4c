// Other protocols through a link: after a 101 there are bytes both ways, and each side ends on its own.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { NO_TRAILERS } from "../../../proxy/http/streams.ts";
import { FRAME } from "../../../proxy/link/frames.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections, frame, settings } from "./connections.ts";
import { type Dialed, dialed, linked, type Served, served } from "./link-rig.ts";
import { failureAnswer, get, request, type ScriptedExchange, Try } from "./scripted-exchanges.ts";

const UPGRADE =
  "GET /chat HTTP/1.1\r\nhost: orders\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";
const SWITCH =
  "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

describe("a tunnel through a link", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  interface Tunnel {
    readonly client: Dialed;
    readonly server: Served;
    readonly tried: Try;
    readonly exchange: ScriptedExchange;
  }

  const open = async (): Promise<Tunnel> => {
    const { client, server } = linked(await connections.tls());
    const tried = new Try({ ...request(UPGRADE), ending: undefined }).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened[0]?.started, 1));
    const exchange = server.exchanges.opened[0] as ScriptedExchange;
    assert.equal(exchange.ending, undefined);
    exchange.begin(SWITCH);
    await eventually(() => assert.equal(tried.status, 101));
    return { client, server, tried, exchange };
  };
  const say = (tried: Try, text: string): unknown =>
    tried.stream?.data(Buffer.from(text), 0, text.length, undefined);
  const hangUp = (tried: Try): unknown => tried.stream?.data(NO_TRAILERS, 0, 0, NO_TRAILERS);

  it("carries bytes both ways", async () => {
    const { tried, exchange } = await open();
    assert.match(tried.head, /upgrade: websocket/);
    say(tried, "ping");
    await eventually(() => assert.equal(exchange.body.toString(), "ping"));
    exchange.give("pong");
    await eventually(() => assert.equal(tried.body.toString(), "pong"));
  });

  it("goes on towards the caller after the caller's end", async () => {
    const { client, server, tried, exchange } = await open();
    hangUp(tried);
    await eventually(() => assert.equal(exchange.ending !== undefined, true));
    exchange.give("afterwards");
    await eventually(() => assert.equal(tried.body.toString(), "afterwards"));
    assert.equal(client.link.idle, false);
    exchange.give("", NO_TRAILERS);
    await eventually(() => assert.equal(tried.ending !== undefined, true));
    assert.ok(client.link.idle);
    assert.equal(server.link.size, 0);
  });

  it("goes on towards the application after the application's end", async () => {
    const { client, server, tried, exchange } = await open();
    exchange.give("bye", NO_TRAILERS);
    await eventually(() => assert.equal(tried.ending !== undefined, true));
    assert.equal(client.link.idle, false);
    say(tried, "afterwards");
    await eventually(() => assert.equal(exchange.body.toString(), "afterwards"));
    hangUp(tried);
    await eventually(() => assert.equal(exchange.ending !== undefined, true));
    assert.ok(client.link.idle);
    assert.equal(server.link.size, 0);
  });

  it("is aborted at the application when the caller breaks off", async () => {
    const { server, tried, exchange } = await open();
    tried.stream?.abort();
    await eventually(() => assert.equal(exchange.aborted, 1));
    assert.equal(server.link.size, 0);
  });

  it("fails at the caller when the application breaks off", async () => {
    const { client, tried, exchange } = await open();
    exchange.sink.fail(failureAnswer("CONNECTION_LOST"));
    await eventually(() => assert.equal(tried.code, "CONNECTION_LOST"));
    assert.equal(tried.failure?.sent, true);
    assert.ok(client.link.idle);
  });

  it("is not opened by an ordinary response, after which nobody waits for the caller's bytes", async () => {
    const { client, server } = linked(await connections.plain(), (exchange) => {
      exchange.answer("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n", "no");
    });
    const tried = new Try({ ...request(UPGRADE), ending: undefined }).on(client.link);
    await eventually(() => assert.equal(tried.ending !== undefined, true));
    assert.equal(tried.body.toString(), "no");
    assert.ok(client.link.idle);
    await eventually(() => assert.equal(server.link.size, 0));
  });

  it("is not opened by a callee that was not asked to", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    peer.say(frame(FRAME.RESPONSE, 0, 1, SWITCH));
    await eventually(() => assert.equal(tried.code, "RESPONSE_MALFORMED"));
    await eventually(() => assert.equal(peer.of(FRAME.RESET).length, 1));
  });

  it("takes nothing from the caller before the application has agreed", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, exchanges, handler } = served(wire);
    peer.say(
      frame(FRAME.SETTINGS, 0, 0, settings()),
      frame(FRAME.REQUEST, 0, 1, UPGRADE),
      frame(FRAME.DATA, 0, 1, "smuggled"),
    );
    await eventually(() => assert.equal(peer.of(FRAME.RESET).length, 1));
    assert.equal(peer.of(FRAME.RESET)[0]?.payload.toString(), "REQUEST_MALFORMED");
    assert.equal(exchanges.opened[0]?.aborted, 1);
    assert.equal(exchanges.opened[0]?.body.length, 0);
    assert.deepEqual(handler.refusals, ["REQUEST_MALFORMED"]);
    assert.equal(link.size, 0);
  });
});
