// The corpus of requests through a running engine on real sockets, judged by what the application received: the right
// messages and no byte that looks like another, and the next caller gets its own answer.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { after, before, beforeEach, describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { HttpFronts } from "../helpers/http-front.ts";
import { type Http1Case, loadCases, toBytes } from "../helpers/http1-cases.ts";
import { describeExpected, describeMessage } from "../helpers/http1-comparison.ts";
import { type Message, readRequests } from "../helpers/http1-messages.ts";

/** Longer input does not come byte by byte. */
const LONGEST_BY_BYTE = 400;
const HOST = "shop-orders";

const soon = (check: () => void): Promise<void> => eventually(check, { interval: 1 });

/** What belongs to another protocol reaches the application; what follows a connection's last request does not. */
function tunnelled({ messages = [], rest = "" }: Http1Case): string {
  const last = messages.at(-1)?.fields ?? [];
  return last.some((line) => /^upgrade:/i.test(line)) ? rest : "";
}

describe("the corpus of HTTP/1.1 requests, through an engine", () => {
  const fronts = new HttpFronts();
  let port = 0;
  let messages: Message[] = [];
  /** What followed the last complete message on each connection that is still open. */
  let rests = new Map<Socket, string>();

  /** Answers every complete request with its own target, and switches where it is asked to. */
  const answer = (socket: Socket): void => {
    let received = Buffer.alloc(0);
    let answered = 0;
    socket.on("error", () => undefined);
    socket.on("close", () => rests.delete(socket));
    socket.on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      const reading = readRequests(received);
      for (const message of reading.messages.slice(answered)) {
        messages.push(message);
        const upgrades = message.fields.some(([name]) => name === "upgrade");
        const target = message.line.split(" ")[1] ?? "";
        const line = upgrades
          ? "101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x"
          : "200 OK\r\nContent-Length: 0";
        socket.write(`HTTP/1.1 ${line}\r\nX-Target: ${target.slice(0, 100)}\r\n\r\n`, "latin1");
      }
      answered = reading.messages.length;
      rests.set(socket, reading.rest);
    });
  };

  before(async () => {
    const application = await fronts.listen(createServer({ noDelay: true }, answer));
    port = await fronts.open([fronts.destination(application)], { halfClosed: 200 });
  });
  after(async () => {
    await fronts[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    messages = [];
    rests = new Map();
  });

  const open = async (): Promise<Socket> => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    socket.on("error", () => undefined);
    await once(socket, "connect");
    return socket;
  };

  const run = async (wanted: Http1Case, pieces: readonly Buffer[]): Promise<void> => {
    messages = [];
    const socket = await open();
    const received = text(socket).catch(() => "");
    for (const piece of pieces) {
      socket.write(piece);
      if (pieces.length > 1) await turn();
    }
    const expected = (wanted.messages ?? []).map((message) => describeExpected(message, HOST));
    if (wanted.verdict === "forward") {
      await soon(() => assert.ok(messages.length >= expected.length));
      await soon(() => assert.deepEqual([...rests.values()].join(""), tunnelled(wanted)));
    } else {
      if (wanted.verdict === "incomplete") socket.end();
      const last = [...(await received).matchAll(/^HTTP\/1\.1 (\d+) /gm)].at(-1)?.[1];
      assert.ok(wanted.verdict === "incomplete" || Number(last) === wanted.status, last);
    }
    socket.destroy();
    assert.deepEqual(messages.map(describeMessage), expected);
    // Whatever was begun and not completed went down with its connection.
    await soon(() => assert.equal([...rests.values()].join(""), ""));
  };

  /** The next caller, perhaps on the same connection to the application. */
  const canary = async (number: number): Promise<void> => {
    const socket = await open();
    socket.write(`GET /canary-${number} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    assert.match(
      await text(socket),
      new RegExp(`^HTTP/1\\.1 200 [\\s\\S]*x-target: /canary-${number}\r\n`, "i"),
    );
    socket.destroy();
  };

  const cases = loadCases().filter(({ side }) => side === "request");
  for (const [number, wanted] of cases.entries()) {
    it(`${wanted.verdict}: ${wanted.name} (${wanted.section})`, async () => {
      const bytes = toBytes(wanted.bytes);
      await run(wanted, [bytes]);
      await canary(number);
      const middle = bytes.length >> 1;
      await run(wanted, [bytes.subarray(0, middle), bytes.subarray(middle)]);
      if (bytes.length <= LONGEST_BY_BYTE) {
        await run(
          wanted,
          [...bytes].map((byte) => Buffer.of(byte)),
        );
      }
      await canary(number);
    });
  }
});
