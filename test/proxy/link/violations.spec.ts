// Peers that break the rules: each is told why, is cut off, and nobody else notices.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "mocha";
import { FRAME, type LinkViolation, MAX_PAYLOAD } from "../../../proxy/link/frames.ts";
import { eventually } from "../../helpers/eventually.ts";
import { Connections, frame, number, settings } from "./connections.ts";
import { dialed, linked, served } from "./link-rig.ts";
import { failureAnswer, get, type ScriptedExchange, Try } from "./scripted-exchanges.ts";
import { StalledWire } from "./stalled-wire.ts";

const GET = "GET / HTTP/1.1\r\nhost: orders\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nhost: orders\r\ntransfer-encoding: chunked\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const SETTINGS = frame(FRAME.SETTINGS, 0, 0, settings());
const END = 1;

type Case = readonly [name: string, reason: LinkViolation, frames: readonly Buffer[]];

/** After the peer's SETTINGS unless they say otherwise. */
const BY_EITHER: readonly Case[] = [
  [
    "a frame longer than allowed",
    "FRAME_TOO_LONG",
    [frame(FRAME.DATA, 0, 1, Buffer.alloc(MAX_PAYLOAD + 1))],
  ],
  [
    "an unknown frame longer than allowed",
    "FRAME_TOO_LONG",
    [frame(14, 0, 0, Buffer.alloc(MAX_PAYLOAD + 1))],
  ],
  ["a second SETTINGS", "SETTINGS_REPEATED", [SETTINGS]],
  ["a PING of seven bytes", "PAYLOAD_SIZE", [frame(FRAME.PING, 0, 0, "1234567")]],
  ["a WINDOW of five bytes", "PAYLOAD_SIZE", [frame(FRAME.WINDOW, 0, 1, "12345")]],
  ["a RESET without a code", "PAYLOAD_SIZE", [frame(FRAME.RESET, 0, 1)]],
  ["a GOAWAY without a stream", "PAYLOAD_SIZE", [frame(FRAME.GOAWAY, 0, 0, "abc")]],
  ["DATA that neither carries nor ends anything", "PAYLOAD_SIZE", [frame(FRAME.DATA, 0, 1)]],
  ["a PING on a stream", "STREAM_ID", [frame(FRAME.PING, 0, 1, "12345678")]],
  ["an even stream id", "STREAM_ID", [frame(FRAME.DATA, 0, 2, "x")]],
  ["DATA on stream 0", "STREAM_ID", [frame(FRAME.DATA, 0, 0, "x")]],
  ["a stream id beyond all", "STREAM_ID", [frame(FRAME.DATA, 0, 0x8000_0001, "x")]],
  ["DATA on a stream that never was", "STREAM_IDLE", [frame(FRAME.DATA, 0, 99, "x")]],
  ["WINDOW on a stream that never was", "STREAM_IDLE", [frame(FRAME.WINDOW, 0, 99, number(1))]],
  ["RESET on a stream that never was", "STREAM_IDLE", [frame(FRAME.RESET, 0, 99, "CANCELLED")]],
];

const REQUEST = frame(FRAME.REQUEST, 0, 1, POST);
const BY_CALLERS: readonly Case[] = [
  ...BY_EITHER,
  ["a RESPONSE", "UNEXPECTED_FRAME", [REQUEST, frame(FRAME.RESPONSE, 0, 1, OK)]],
  ["a stream opened twice", "STREAM_REUSED", [REQUEST, REQUEST]],
  ["a stream below the last one", "STREAM_REUSED", [frame(FRAME.REQUEST, END, 3, GET), REQUEST]],
  [
    "DATA beyond the window",
    "WINDOW_EXCEEDED",
    [
      REQUEST,
      frame(FRAME.DATA, 0, 1, Buffer.alloc(60_000)),
      frame(FRAME.DATA, 0, 1, Buffer.alloc(60_000)),
    ],
  ],
  [
    "DATA after the end",
    "UNEXPECTED_FRAME",
    [REQUEST, frame(FRAME.DATA, END, 1, "x"), frame(FRAME.DATA, 0, 1, "x")],
  ],
  [
    "TRAILERS after the end",
    "UNEXPECTED_FRAME",
    [REQUEST, frame(FRAME.DATA, END, 1, "x"), frame(FRAME.TRAILERS, 0, 1, "a: b\r\n\r\n")],
  ],
  [
    "a window that overflows",
    "WINDOW_OVERFLOW",
    [REQUEST, frame(FRAME.WINDOW, 0, 1, number(0x7fff_ffff))],
  ],
  ["a grant of nothing", "WINDOW_OVERFLOW", [REQUEST, frame(FRAME.WINDOW, 0, 1, number(0))]],
  [
    "too many streams",
    "TOO_MANY_STREAMS",
    Array.from({ length: 1_025 }, (_, index) => frame(FRAME.REQUEST, END, 2 * index + 1, GET)),
  ],
];

const BY_CALLEES: readonly Case[] = [
  ...BY_EITHER,
  ["a REQUEST", "UNEXPECTED_FRAME", [frame(FRAME.REQUEST, END, 1, GET)]],
  ["DATA before the response", "UNEXPECTED_FRAME", [frame(FRAME.DATA, 0, 1, "x")]],
  [
    "a second response",
    "UNEXPECTED_FRAME",
    [frame(FRAME.RESPONSE, 0, 1, OK), frame(FRAME.RESPONSE, 0, 1, OK)],
  ],
  [
    "DATA beyond the window",
    "WINDOW_EXCEEDED",
    [
      frame(FRAME.RESPONSE, 0, 1, OK),
      ...Array.from({ length: 10 }, () => frame(FRAME.DATA, 0, 1, Buffer.alloc(60_000))),
    ],
  ],
];

const AT_FIRST: readonly Case[] = [
  ["no SETTINGS", "SETTINGS_MISSING", [frame(FRAME.PING, 0, 0, "12345678")]],
  ["an unknown frame before SETTINGS", "SETTINGS_MISSING", [frame(15, 0, 0)]],
  ["SETTINGS that are too short", "PAYLOAD_SIZE", [frame(FRAME.SETTINGS, 0, 0, "12345678")]],
  ...(["version", "window", "streams", "payload"] as const).map(
    (name): Case => [
      `SETTINGS with ${name} 0`,
      "SETTINGS_INVALID",
      [frame(FRAME.SETTINGS, 0, 0, settings({ [name]: 0 }))],
    ],
  ),
];

describe("a link's peer that breaks the rules", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  for (const [name, reason, frames] of [
    ...AT_FIRST,
    ...BY_CALLERS.map(([title, why, bytes]): Case => [title, why, [SETTINGS, ...bytes]]),
  ]) {
    it(`as caller, by ${name}, is told ${reason} and cut off`, async () => {
      const { wire, peer } = await connections.withPeer();
      const { link, owner, exchanges } = served(wire, (exchange) => {
        // A slow application: nothing is granted.
        exchange.takes = false;
      });
      peer.say(...frames);
      await eventually(() => assert.equal(peer.ended, true));
      const [goAway, ...others] = peer.of(FRAME.GOAWAY);
      assert.equal(goAway?.payload.toString("latin1", 4), reason);
      assert.equal(others.length, 0);
      assert.deepEqual(owner.violations, [reason]);
      assert.ok(exchanges.opened.every(({ aborted }) => aborted === 1));
      assert.equal(link.size, 0);
      peer.socket.end();
      await eventually(() => assert.equal(owner.closed, 1));
    });
  }

  for (const [name, reason, frames] of [
    ...AT_FIRST,
    ...BY_CALLEES.map(([title, why, bytes]): Case => [title, why, [SETTINGS, ...bytes]]),
  ]) {
    it(`as callee, by ${name}, is told ${reason} and cut off`, async () => {
      const { wire, peer } = await connections.withPeer();
      const { link, owner } = dialed(wire);
      const tried = new Try(get("/"));
      tried.takes = false;
      tried.on(link);
      const [first, ...rest] = frames;
      peer.say(first as Buffer);
      if (first === SETTINGS)
        await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
      peer.say(...rest);
      await eventually(() => assert.equal(peer.ended, true));
      assert.equal(peer.of(FRAME.GOAWAY)[0]?.payload.toString("latin1", 4), reason);
      assert.deepEqual(owner.violations, [reason]);
      const isGreeted = first === SETTINGS;
      assert.equal(tried.code, isGreeted ? "CONNECTION_LOST" : "ENDPOINTS_UNREACHABLE");
      assert.equal(tried.failure?.sent, isGreeted);
      assert.equal(tried.failure?.reused, false);
      assert.ok(link.idle && link.draining);
    });
  }

  it("costs other links nothing", async () => {
    const answer = (exchange: ScriptedExchange): unknown => exchange.answer(OK, "hello");
    const other = linked(await connections.plain(), answer);
    const { wire, peer } = await connections.withPeer();
    const { owner } = served(wire, answer);
    const tries = Array.from({ length: 20 }, () => new Try(get("/")).on(other.client.link));
    peer.say(frame(FRAME.PING, 0, 0, "12345678"));
    await eventually(() => assert.equal(owner.violations.length, 1));
    await eventually(() => assert.equal(tries.filter(({ over }) => over).length, 20));
    assert.ok(tries.every(({ status }) => status === 200));
  });

  it("by making us answer without end and reading nothing is cut off", () => {
    const wire = new StalledWire();
    const long = `HTTP/1.1 204 None\r\nx-long: ${"x".repeat(8_000)}\r\n\r\n`;
    const { owner } = served(wire, (exchange) => void exchange.answer(long));
    wire.receive(SETTINGS);
    for (let id = 1; id < 4_000 && !wire.closed; id += 2)
      wire.receive(frame(FRAME.REQUEST, END, id, GET));
    assert.deepEqual(owner.violations, ["NOT_READING"]);
    assert.equal(wire.closed, true);
  });

  it("only by sending PINGs and reading nothing makes nothing grow", () => {
    const wire = new StalledWire();
    const { link } = served(wire);
    wire.receive(SETTINGS);
    const pings = Array.from({ length: 1_000 }, () => frame(FRAME.PING, 0, 0, "12345678"));
    for (let round = 0; round < 500; round += 1) wire.receive(...pings);
    assert.ok(link.unwritten < 1_100_000, `${link.unwritten} bytes wait`);
  });
});

describe("what a link forgives", () => {
  const connections = new Connections();
  afterEach(() => connections.close());

  it("is what a later version may say: unknown frames, flags and longer SETTINGS", async () => {
    const { wire, peer } = await connections.withPeer();
    const { owner, exchanges } = served(wire, (exchange) => void exchange.answer(OK, "hello"));
    peer.say(
      frame(FRAME.SETTINGS, 15, 0, Buffer.concat([settings({ version: 7 }), number(42)])),
      frame(12, 3, 2, Buffer.alloc(1_000)),
      frame(FRAME.REQUEST, END | 8, 1, GET),
      frame(15, 0, 0),
      frame(FRAME.PING, 9, 0, "12345678"),
    );
    await eventually(() => assert.equal(peer.of(FRAME.PONG)[0]?.payload.toString(), "12345678"));
    assert.equal(exchanges.opened.length, 1);
    assert.deepEqual(owner.violations, []);
  });

  it("is what was sent to a stream before its end was known", async () => {
    const { wire, peer } = await connections.withPeer();
    const { owner } = served(wire, (exchange) =>
      exchange.sink.fail(failureAnswer("CONNECTION_LOST")),
    );
    peer.say(
      SETTINGS,
      frame(FRAME.REQUEST, 0, 1, POST),
      frame(FRAME.DATA, 0, 1, Buffer.alloc(60_000)),
      frame(FRAME.DATA, 0, 1, Buffer.alloc(60_000)),
      frame(FRAME.WINDOW, 0, 1, number(7)),
      frame(FRAME.TRAILERS, 0, 1, "a: b\r\n\r\n"),
      frame(FRAME.RESET, 0, 1, "CANCELLED"),
      frame(FRAME.PING, 0, 0, "12345678"),
    );
    await eventually(() => assert.equal(peer.of(FRAME.PONG).length, 1));
    assert.equal(peer.of(FRAME.RESET)[0]?.payload.toString(), "CONNECTION_LOST");
    assert.deepEqual(owner.violations, []);
  });

  it("are codes that it does not know", async () => {
    const { wire, peer } = await connections.withPeer();
    const { link } = dialed(wire);
    const tried = new Try(get("/")).on(link);
    peer.say(SETTINGS);
    await eventually(() => assert.equal(peer.of(FRAME.REQUEST).length, 1));
    peer.say(frame(FRAME.RESET, 0, 1, "OUT_OF_COFFEE"));
    await eventually(() => assert.equal(tried.code, "CONNECTION_LOST"));
    assert.equal(tried.failure?.sent, true);
  });
});
