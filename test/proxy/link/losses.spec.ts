// Links that are lost, and how it is noticed that nobody is at the other end any more.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { NO_TRAILERS } from "../../../proxy/http/streams.ts";
import { FRAME } from "../../../proxy/link/frames.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections, frame, settings } from "./connections.ts";
import { dialed, linked } from "./link-rig.ts";
import { get, type ScriptedExchange, Try } from "./scripted-exchanges.ts";
import { StalledWire } from "./stalled-wire.ts";

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";
const CHUNKED_OK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const answer = (exchange: ScriptedExchange): unknown => exchange.answer(OK, "hello");

describe("a link that is lost", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("fails its own requests alone, and tells whether it had served others before", async () => {
    const first = linked(await connections.tls());
    const second = linked(await connections.tls());
    const young = new Try(get("/young")).on(first.client.link);
    const other = new Try(get("/other")).on(second.client.link);
    await eventually(() => {
      assert.equal(first.server.exchanges.opened.length, 1);
      assert.equal(second.server.exchanges.opened.length, 1);
    });
    answer(second.server.exchanges.at("/other"));
    await eventually(() => assert.equal(other.over, true));
    const later = new Try(get("/later")).on(second.client.link);
    const unharmed = linked(await connections.plain(), answer);
    await eventually(() => assert.equal(second.server.exchanges.opened.length, 2));
    first.server.link.close();
    second.server.link.close();
    await eventually(() => assert.equal(young.over && later.over, true));
    assert.deepEqual(young.failure, { code: "CONNECTION_LOST", sent: true, reused: false });
    assert.deepEqual(later.failure, { code: "CONNECTION_LOST", sent: true, reused: true });
    assert.equal(first.server.exchanges.opened[0]?.aborted, 1);
    await eventually(() => assert.equal(first.client.owner.closed, 1));
    const fine = new Try(get("/fine")).on(unharmed.client.link);
    await eventually(() => assert.equal(fine.status, 200));
  });

  it("takes its exchanges with it when the caller is gone", async () => {
    const { client, server } = linked(await connections.tls());
    for (let index = 0; index < 10; index += 1) new Try(get("/")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened.length, 10));
    client.link.close();
    await eventually(() => assert.equal(server.owner.closed, 1));
    assert.ok(server.exchanges.opened.every(({ aborted }) => aborted === 1));
    assert.equal(server.link.size, 0);
  });

  it("before the callee has said anything counts as one that never was", () => {
    const wire = new StalledWire();
    const { link } = dialed(wire);
    const waiting = new Try(get("/waiting")).on(link);
    assert.equal(waiting.stream?.ready, false);
    wire.lose();
    assert.deepEqual(waiting.failure, {
      code: "ENDPOINTS_UNREACHABLE",
      sent: false,
      reused: false,
    });
  });

  it("gives back unsent what was composed and not handed to the wire", async () => {
    const wire = new StalledWire();
    const { link } = dialed(wire);
    wire.receive(frame(FRAME.SETTINGS, 0, 0, settings()));
    const sent = new Try(get("/sent")).on(link);
    await eventually(() => assert.equal(wire.frames.filter(({ type }) => type === 1).length, 1));
    const composed = new Try(get("/composed")).on(link);
    wire.lose();
    assert.equal(sent.failure?.sent, true);
    assert.equal(composed.failure?.sent, false);
  });

  it("leaves those their response for whom it has arrived, however slowly they take it", async () => {
    const { client, server } = linked(await connections.tls(), (exchange) => {
      exchange.begin(CHUNKED_OK);
      exchange.give("x".repeat(30_000));
      exchange.give("x".repeat(30_000), NO_TRAILERS);
    });
    const tried = new Try(get("/"));
    tried.takes = false;
    const stream = client.link.openStream(tried);
    tried.stream = stream;
    if (stream.ready) tried.onReady();
    await eventually(() => assert.equal(stream.hasArrived, true));
    server.link.close();
    await eventually(() => assert.equal(client.owner.closed, 1));
    assert.equal(tried.over, false);
    assert.ok(tried.body.length < 60_000, "everything was taken at once");
    tried.takes = true;
    tried.stream?.resume();
    await eventually(() => assert.ok(tried.over, "the response has not ended"));
    assert.equal(tried.failure, undefined);
    assert.equal(tried.body.length, 60_000);
    assert.ok(client.link.idle);
  });

  it("while it is written to leaves no memory behind that two others would share", async () => {
    const broken = new StalledWire();
    broken.breaks = true;
    const { owner } = dialed(broken);
    await eventually(() => assert.equal(owner.closed, 1));
    const wires = [new StalledWire(), new StalledWire()];
    for (const wire of wires) {
      const { link } = dialed(wire);
      wire.receive(frame(FRAME.SETTINGS, 0, 0, settings()));
      new Try(get("/")).on(link);
    }
    const types = (wire: StalledWire): number[] => wire.frames.map(({ type }) => type);
    for (const wire of wires)
      await eventually(() => assert.deepEqual(types(wire), [FRAME.SETTINGS, FRAME.REQUEST]));
  });

  it("is noticed when the peer ends its side", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, owner } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    peer.socket.end();
    await eventually(() => assert.equal(tried.code, "CONNECTION_LOST"));
    await eventually(() => assert.equal(owner.closed, 1));
    assert.ok(link.draining);
  });

  it("closes without a word to an aborted request", async () => {
    const { client } = linked(await connections.plain());
    const tried = new Try(get("/")).on(client.link);
    tried.stream?.abort();
    client.link.close();
    await eventually(() => assert.equal(client.owner.closed, 1));
    assert.equal(tried.over, false);
  });
});

describe("the liveness of a link", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("is proved by the callee's sidecar while an application takes its time", async () => {
    const { client, server } = linked(await connections.plain());
    const tried = new Try(get("/")).on(client.link);
    let pongs = 0;
    const { onFrame } = client.link;
    client.link.onFrame = function (type, ...rest) {
      if (type === FRAME.PONG) pongs += 1;
      return onFrame.call(this, type, ...rest);
    };
    await eventually(() => assert.equal(pongs, 2));
    assert.equal(client.owner.asked, 0);
    assert.equal(client.link.doubtful, false);
    for (const exchange of server.exchanges.opened) answer(exchange);
    await eventually(() => assert.equal(tried.status, 200));
  });

  it("is doubted when a PING stays unanswered, and the link goes on while the address answers", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, owner } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(owner.asked, 1));
    assert.equal(peer.of(FRAME.PING).length, 1);
    assert.equal(tried.over, false);
    assert.equal(link.doubtful, true);
    peer.say(frame(FRAME.RESPONSE, 0, 1, OK), frame(FRAME.DATA, 1, 1, "hello"));
    await eventually(() => assert.equal(tried.status, 200));
    assert.equal(link.doubtful, false);
  });

  it("is over when the address does not answer either", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link, owner } = dialed(wire);
    owner.alive = false;
    const tried = new Try(get("/")).on(link);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    await eventually(() => assert.equal(tried.over, true));
    assert.deepEqual(tried.failure, { code: "CONNECTION_LOST", sent: true, reused: false });
    assert.equal(owner.asked, 1);
    await eventually(() => assert.equal(owner.closed, 1));
  });
});
