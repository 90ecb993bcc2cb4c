// How long a caller is waited for while its request is in progress, and what it is left with when it was too long.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { CallerTimeouts } from "../../proxy/http/caller-surroundings.ts";
import { eventually } from "../helpers/eventually.ts";
import { HttpFronts } from "../helpers/http-front.ts";

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
/** More than all buffers of the kernel together hold. */
const PLENTY = 16 * 1_024 * 1_024;
const PIECE = 65_536;
const CHUNK = Buffer.concat([
  Buffer.from(`${PIECE.toString(16)}\r\n`),
  Buffer.alloc(PIECE),
  Buffer.from("\r\n"),
]);

function sendPlenty(socket: Socket): void {
  for (let sent = 0; sent < PLENTY; sent += PIECE) socket.write(CHUNK);
}

describe("a caller in the middle of a request", () => {
  let fronts: HttpFronts;
  beforeEach(() => {
    fronts = new HttpFronts();
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  /** A caller of an application that does this with each connection. */
  const caller = async (
    application: (socket: Socket) => void,
    timeouts: Partial<CallerTimeouts> = {},
  ): Promise<Socket> => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => undefined);
      application(socket);
    });
    const port = await fronts.open([fronts.destination(await fronts.listen(server))], timeouts);
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    return socket.on("error", () => undefined);
  };

  it("that has closed its sending side gets a response that takes its time", async () => {
    const socket = await caller(
      (application) => {
        application.once("data", () => {
          application.write("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n");
          const drip = setInterval(() => application.write("x"), 200);
          application.once("close", () => clearInterval(drip));
        });
      },
      { halfClosed: 600 },
    );
    socket.end("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    assert.match(await text(socket), /\r\n\r\nx{8}$/);
  });

  it("that sends on and on but takes nothing of its response is let go", async () => {
    const socket = await caller(
      (application) => {
        application.write(CHUNKED);
        application.on("data", () => {
          if (application.write(CHUNK)) return;
          application.pause().once("drain", () => application.resume());
        });
      },
      { write: 300 },
    );
    socket.pause().write("POST / HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n");
    sendPlenty(socket);
    await eventually(() => assert.equal(fronts.finished.length, 1), { timeout: 1_900 });
    socket.destroy();
  });

  it("that stops in the middle of its body is let go, also when it had to catch up with its response", async () => {
    let left = -1;
    let application: Socket | undefined;
    const socket = await caller(
      (accepted) => {
        application = accepted.once("data", () => {
          accepted.write(CHUNKED);
          sendPlenty(accepted);
        });
      },
      { body: 300 },
    );
    socket.pause();
    socket.write("POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: 10\r\n\r\nhalf");
    await eventually(() => {
      const before = left;
      left = application?.writableLength ?? 0;
      assert.ok(left > 0 && left === before, "it still gets rid of its response");
    });
    socket.resume();
    await eventually(() => assert.deepEqual(fronts.refused, ["REQUEST_TIMEOUT"]), {
      timeout: 1_900,
    });
    socket.destroy();
  });

  it("that is held back by the application is not taken for slow because of an interim response", async () => {
    const socket = await caller(
      (application) => {
        application.pause();
        setTimeout(() => application.write("HTTP/1.1 102 Processing\r\n\r\n"), 200);
        setTimeout(() => {
          application.write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
          application.resume();
        }, 1_000);
      },
      { body: 200 },
    );
    socket.write("POST / HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n");
    sendPlenty(socket);
    const answer = await text(socket);
    assert.match(answer, /^HTTP\/1\.1 102 [\s\S]*HTTP\/1\.1 200 /);
    socket.destroy();
  });

  it("of HTTP/1.0 that was too slow cannot take what it got for the whole response", async () => {
    const socket = await caller(
      (application) => {
        application.once("data", () => {
          application.write(CHUNKED);
          sendPlenty(application);
        });
      },
      { write: 200 },
    );
    const broken = new Promise((resolve) => socket.once("close", resolve));
    const errors: unknown[] = [];
    socket.on("error", ({ code }: NodeJS.ErrnoException) => errors.push(code));
    socket.pause().write("GET / HTTP/1.0\r\nHost: orders\r\n\r\n");
    await eventually(() => assert.equal(fronts.finished.length, 1), { timeout: 1_900 });
    socket.resume();
    await broken;
    assert.deepEqual(errors, ["ECONNRESET"]);
  });

  it("of a tunnel is not listened to for ever when the application, which had ended its side, has gone", async () => {
    const socket = await caller((application) => {
      application.once("data", () => {
        application.write("HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
        application.end("bye", () => application.destroy());
      });
    });
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
    await once(socket.resume(), "end");
    await eventually(
      () => {
        socket.write("is anybody there?");
        assert.ok(socket.destroyed);
      },
      { timeout: 1_900 },
    );
  });
});
