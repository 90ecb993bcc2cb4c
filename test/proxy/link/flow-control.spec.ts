// Slow readers: they bound what is kept for them, and nobody else notices.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { NO_TRAILERS } from "../../../proxy/http/streams.ts";
import { FRAME } from "../../../proxy/link/frames.ts";
import { CONGESTED } from "../../../proxy/link/link-end.ts";
import {
  GROWTH_BUDGET,
  LARGEST_WINDOW,
  ReceiveWindow,
} from "../../../proxy/link/receive-window.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections, frame, number, settings } from "./connections.ts";
import { dialed, linked, served } from "./link-rig.ts";
import { beginPost, get, type ScriptedExchange, Try } from "./scripted-exchanges.ts";
import { StalledWire } from "./stalled-wire.ts";

const CHUNKED_OK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const GET = "GET / HTTP/1.1\r\nhost: orders\r\n\r\n";
const PIECE = Buffer.alloc(10_000, "x");

/** Gives pieces of a response until it is told to wait, and again when there is room; returns how many bytes so far. */
function pour(exchange: ScriptedExchange, total: number): () => number {
  let given = 0;
  const more = (): void => {
    while (given < total) {
      given += PIECE.length;
      if (!exchange.give(PIECE, given >= total ? NO_TRAILERS : undefined)) return;
    }
  };
  exchange.resume = more;
  given += PIECE.length;
  if (exchange.begin(CHUNKED_OK, PIECE)) more();
  return () => given;
}

function headLength(payload: Buffer): number {
  return payload.indexOf("\r\n\r\n") + 4;
}

describe("the flow control of a link", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("keeps no more for a slow reader than its window, and does not let it slow others down", async () => {
    const amounts = new Map<string, () => number>();
    const { client } = linked(await connections.tls(), (exchange) => {
      amounts.set(exchange.path, pour(exchange, 5_000_000));
    });
    const slow = new Try(get("/slow"));
    slow.takes = false;
    slow.on(client.link);
    await eventually(() => assert.equal(slow.body.length > 0, true));
    const quick = new Try(get("/quick")).on(client.link);
    await eventually(() => assert.equal(quick.ending !== undefined, true));
    assert.equal(quick.body.length, 5_000_000);
    // Taken, but not in one go: what came with the first call went out, the rest waits on both sides.
    const given = amounts.get("/slow")?.() ?? 0;
    assert.ok(given <= 65_536 + PIECE.length, `${given} bytes were taken for the slow reader`);
    assert.ok(slow.body.length <= 65_536);
    slow.takes = true;
    slow.stream?.resume();
    await eventually(() => assert.equal(slow.ending !== undefined, true));
    assert.equal(slow.body.length, 5_000_000);
  });

  it("keeps no more of a request than its window while the application is slow", async () => {
    const { client, server } = linked(await connections.plain());
    const tried = new Try(beginPost("/")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened.length, 1));
    const exchange = server.exchanges.opened[0] as ScriptedExchange;
    exchange.takes = false;
    let given = 0;
    const more = (): void => {
      while (given < 1_000_000) {
        given += PIECE.length;
        const ending = given === 1_000_000 ? NO_TRAILERS : undefined;
        if (tried.stream?.data(PIECE, 0, PIECE.length, ending) === false) return;
      }
    };
    tried.onWritable = more;
    more();
    await eventually(() => assert.equal(exchange.body.length > 0, true));
    const other = new Try(get("/other")).on(client.link);
    await eventually(() => assert.equal(server.exchanges.opened.length, 2));
    server.exchanges.at("/other").answer(CHUNKED_OK, "other");
    await eventually(() => assert.equal(other.ending !== undefined, true));
    assert.ok(given <= 65_536 + PIECE.length, `${given} bytes were taken`);
    exchange.takes = true;
    exchange.sink.resumeRequest();
    await eventually(() => assert.equal(exchange.ending !== undefined, true));
    assert.equal(exchange.body.length, 1_000_000);
  });

  it("composes no more than a bounded amount for a peer that grants much and reads nothing", async () => {
    const { wire, peer } = await connections.withPeer();
    const amounts: (() => number)[] = [];
    const { link, owner } = served(wire, (exchange) => void amounts.push(pour(exchange, 500_000)));
    peer.socket.pause();
    const frames = [frame(FRAME.SETTINGS, 0, 0, settings({ window: 1_000_000 }))];
    for (let id = 1; id < 200; id += 2) frames.push(frame(FRAME.REQUEST, 1, id, GET));
    peer.say(...frames);
    await eventually(() => assert.equal(amounts.length, 100));
    const most = CONGESTED + 100 * (PIECE.length + 1_000) + 65_536;
    assert.ok(link.unwritten >= CONGESTED / 2, `only ${link.unwritten} bytes wait`);
    assert.ok(link.unwritten <= most, `${link.unwritten} bytes wait`);
    peer.socket.resume();
    await eventually(() => {
      const bodies = [
        ...peer.of(FRAME.DATA).map(({ payload }) => payload.length),
        ...peer.of(FRAME.RESPONSE).map(({ payload }) => payload.length - headLength(payload)),
      ];
      const bytes = bodies.reduce((sum, length) => sum + length, 0);
      assert.equal(bytes, 100 * 500_000);
    });
    assert.equal(link.unwritten, 0);
    assert.deepEqual(owner.violations, []);
    assert.equal(link.size, 0);
  });

  it("serves the streams that wait for a busy link in turn", async () => {
    const wire = new StalledWire();
    const { link } = served(wire, (exchange) => void pour(exchange, 4_000_000));
    const requests = [1, 3, 5, 7].map((id) => frame(FRAME.REQUEST, 1, id, GET));
    wire.receive(frame(FRAME.SETTINGS, 0, 0, settings({ window: 10_000_000 })), ...requests);
    assert.ok(link.congested);
    const changes = (): readonly number[] => {
      const streams = wire.frames
        .filter(({ type }) => type === FRAME.DATA)
        .map((each) => each.stream);
      return streams.filter((stream, index) => stream !== streams[index - 1]);
    };
    const turns = await eventually(
      () => {
        wire.drain();
        assert.ok(changes().length >= 6, "fewer than six turns");
        return changes();
      },
      { interval: 1 },
    );
    assert.deepEqual(turns.slice(0, 6), [1, 3, 5, 7, 1, 3]);
  });

  it("lets requests wait while the link is busy", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings({ window: 50_000_000 })));
    const first = new Try(beginPost("/")).on(link);
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    peer.socket.pause();
    let room = true;
    for (let sent = 0; room && sent < 50_000_000; sent += PIECE.length)
      room = first.stream?.data(PIECE, 0, PIECE.length, undefined) ?? false;
    assert.ok(link.congested);
    const second = new Try(get("/")).on(link);
    assert.equal(second.stream?.ready, false);
    peer.socket.resume();
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 2));
    assert.equal(second.ready, 1);
    assert.equal(first.writable, 1);
  });

  it("grants credit once half of the window was taken, and nothing beyond an announced length", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    peer.say(frame(FRAME.SETTINGS, 0, 0, settings()));
    const open = new Try(get("/")).on(link);
    const counted = new Try(get("/")).on(link);
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 2));
    peer.say(
      frame(FRAME.RESPONSE, 0, 1, CHUNKED_OK),
      frame(FRAME.RESPONSE, 0, 3, "HTTP/1.1 200 OK\r\ncontent-length: 65536\r\n\r\n"),
      frame(FRAME.DATA, 0, 1, Buffer.alloc(32_767)),
      frame(FRAME.DATA, 0, 3, Buffer.alloc(40_000)),
    );
    await eventually(() => assert.equal(counted.body.length, 40_000));
    assert.equal(peer.of(FRAME.WINDOW).length, 0);
    peer.say(frame(FRAME.DATA, 0, 1, Buffer.alloc(1)));
    await eventually(() => assert.equal(peer.of(FRAME.WINDOW).length, 1));
    const [window] = peer.of(FRAME.WINDOW);
    assert.equal(window?.stream, 1);
    assert.deepEqual(window?.payload, number(32_768));
    assert.equal(open.body.length, 32_768);
  });
});

describe("the window of a receiving stream", () => {
  const fill = (window: ReceiveWindow, size: number): number => {
    assert.ok(window.use(size));
    window.take(size);
    return window.grant(-1);
  };

  it("doubles while everything is taken at once, up to its limit", () => {
    const window = new ReceiveWindow();
    assert.equal(fill(window, 32_768), 32_768);
    assert.equal(fill(window, 32_768), 32_768 + 65_536);
    assert.equal(fill(window, 65_536), 65_536 + 131_072);
    assert.equal(fill(window, 131_072), 131_072);
    assert.equal(window.use(LARGEST_WINDOW), true);
    assert.equal(window.use(1), false);
    window.release();
  });

  it("stays as it is for a slow receiver", () => {
    const window = new ReceiveWindow();
    window.stopGrowing();
    fill(window, 32_768);
    assert.equal(fill(window, 32_768), 32_768);
    window.release();
  });

  it("grows within a budget of all streams, which ended streams give back", () => {
    const grown = (): ReceiveWindow => {
      const window = new ReceiveWindow();
      for (const size of [32_768, 32_768, 65_536]) if (fill(window, size) <= size) break;
      fill(window, 32_768);
      return window;
    };
    const windows = Array.from({ length: 200 }, grown);
    const opened = windows.map((window) => {
      let size = 0;
      while (window.use(1)) size += 1;
      return size;
    });
    const growth = opened.reduce((sum, size) => sum + Math.max(0, size - 65_536), 0);
    assert.ok(growth > 0 && growth <= GROWTH_BUDGET);
    for (const window of windows) window.release();
    const again = new ReceiveWindow();
    fill(again, 32_768);
    assert.equal(fill(again, 32_768), 32_768 + 65_536);
    again.release();
  });
});
