// Callers that take their time or ask for too much: each costs little, is told so where it can be, and hurts nobody else.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { CallerTimeouts } from "../../proxy/http/caller-surroundings.ts";
import { call } from "../helpers/http-call.ts";
import { HttpFronts } from "../helpers/http-front.ts";

const HEAD = "GET / HTTP/1.1\r\nHost: orders\r\n";

describe("a caller", () => {
  let fronts: HttpFronts;
  beforeEach(() => {
    fronts = new HttpFronts();
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  const front = async (
    answer: RequestListener,
    timeouts: Partial<CallerTimeouts> = {},
  ): Promise<number> => {
    const application = await fronts.listen(createServer(answer));
    return fronts.open([fronts.destination(application)], timeouts);
  };
  const unasked: RequestListener = () => assert.fail("expected no request");
  const ok: RequestListener = (_, response) => void response.end("fine");
  const open = (port: number): Socket => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    return socket.on("error", () => undefined);
  };

  it("that never completes the head of its request gets 408", async () => {
    const socket = open(await front(unasked, { head: 200 }));
    socket.write("GET / HTTP/1.1\r\nHost: ord");
    const answer = await text(socket);
    assert.match(
      answer,
      /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*x-mesh-failure: REQUEST_TIMEOUT/,
    );
    assert.deepEqual(fronts.refused, ["REQUEST_TIMEOUT"]);
    socket.destroy();
  });

  it("that sends its head byte by byte has no more time for it", async () => {
    const socket = open(await front(unasked, { head: 300 }));
    const drip = setInterval(() => socket.write("X"), 10);
    socket.write(`${HEAD}X-Slow: `);
    assert.match(await text(socket), /^HTTP\/1\.1 408 /);
    clearInterval(drip);
    socket.destroy();
  });

  it("that stops in the middle of a body gets 408, and its request does not count as complete", async () => {
    const broken = Promise.withResolvers<void>();
    const port = await front(
      (request) => void request.resume().on("error", () => broken.resolve()),
      { body: 200 },
    );
    const socket = open(port);
    socket.write("POST / HTTP/1.1\r\nHost: orders\r\nContent-Length: 10\r\n\r\nhalf");
    assert.match(await text(socket), /^HTTP\/1\.1 408 /);
    await broken.promise;
    assert.deepEqual(fronts.finished, [{ status: 0, failure: undefined }]);
    socket.destroy();
  });

  it("that says nothing at all is let go after a while", async () => {
    const socket = open(await front(unasked, { idle: 200 }));
    socket.resume();
    await once(socket, "end");
    assert.deepEqual(fronts.refused, []);
    socket.destroy();
  });

  it("that does not take its response is let go, and the application with it", async () => {
    const closed = Promise.withResolvers<void>();
    const port = await front(
      (_, response) => {
        response.once("close", () => closed.resolve());
        const pump = (): void => {
          while (response.write(Buffer.alloc(65_536)));
        };
        response.on("drain", pump);
        pump();
      },
      { write: 300 },
    );
    const socket = open(port).pause();
    socket.write(`${HEAD}\r\n`);
    await closed.promise;
    assert.deepEqual(fronts.refused, ["REQUEST_TIMEOUT"]);
    socket.destroy();
  });

  for (const [what, bytes, status, code] of [
    ["a target of 9 KB", `GET /${"a".repeat(9_000)} HTTP/1.1\r\n`, 414, "REQUEST_TOO_LARGE"],
    ["a field of 17 KB", `${HEAD}X-Long: ${"a".repeat(17_000)}`, 431, "REQUEST_TOO_LARGE"],
    ["101 fields", `${HEAD}${"X: y\r\n".repeat(101)}`, 431, "REQUEST_TOO_LARGE"],
    ["CONNECT", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 405, "REQUEST_UNSUPPORTED"],
    ["HTTP/3.0", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "REQUEST_UNSUPPORTED"],
    ["a body in gzip", `${HEAD}Transfer-Encoding: gzip\r\n\r\n`, 501, "REQUEST_UNSUPPORTED"],
    ["an unknown expectation", `${HEAD}Expect: wonders\r\n\r\n`, 417, "REQUEST_UNSUPPORTED"],
    [
      "two lengths",
      `${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      400,
      "REQUEST_MALFORMED",
    ],
  ] as const) {
    it(`with ${what} gets ${status}, the reason and the end of its connection`, async () => {
      const socket = open(await front(unasked));
      socket.write(bytes);
      const answer = await text(socket);
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} [\\s\\S]*connection: close`));
      assert.match(
        answer,
        new RegExp(`x-mesh-failure: ${code}\r\n[\\s\\S]*docker-mesh: [\\s\\S]*RFC \\d+ §`),
      );
      assert.deepEqual(fronts.refused, [code]);
      socket.destroy();
    });
  }

  it("whose chunks go wrong gets 400, and the application no complete request", async () => {
    const arrived = Promise.withResolvers<void>();
    const broken = Promise.withResolvers<void>();
    const port = await front((request) => {
      arrived.resolve();
      request.resume().on("error", () => broken.resolve());
    });
    const socket = open(port);
    socket.write(
      "POST / HTTP/1.1\r\nHost: orders\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    );
    await arrived.promise;
    socket.write("0x3\r\n");
    assert.match(await text(socket), /^HTTP\/1\.1 400 /);
    await broken.promise;
    socket.destroy();
  });

  it("is served as quickly beside a thousand that are slow", async () => {
    const port = await front(ok, { head: 60_000 });
    const slow = await Promise.all(
      Array.from({ length: 1_000 }, async () => {
        const socket = open(port);
        await once(socket, "connect");
        socket.write("GET /");
        return socket;
      }),
    );
    for (let request = 0; request < 20; request += 1) {
      assert.equal((await call({ port })).body, "fine");
    }
    for (const socket of slow) socket.destroy();
    assert.deepEqual(fronts.refused, []);
  });

  it("that sends many requests at once gets their answers in their order", async () => {
    const port = await front((request, response) => {
      // The first take longest, so that the order is not that of the answers.
      const number = Number(request.url?.slice(1));
      setTimeout(() => response.end(`${number};`), (20 - number) * 2);
    });
    const socket = open(port);
    let requests = "";
    for (let number = 0; number < 20; number += 1) {
      requests += `GET /${number} HTTP/1.1\r\nHost: orders\r\n${number === 19 ? "Connection: close\r\n" : ""}\r\n`;
    }
    socket.write(requests);
    const bodies = [...(await text(socket)).matchAll(/(\d+);/g)].map(([, number]) =>
      Number(number),
    );
    assert.deepEqual(
      bodies,
      Array.from({ length: 20 }, (_, number) => number),
    );
    socket.destroy();
  });
});
