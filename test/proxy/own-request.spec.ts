// What a sidecar asks for itself, from servers that say exactly what a test wants.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ask, type OwnRequest, type Target } from "../../proxy/http/own-request.ts";

const GET: OwnRequest = { method: "GET", path: "/health?deep=1", fields: { host: "agent" } };
const FOREVER: AbortSignal = new AbortController().signal;

describe("a request of the sidecar's own", () => {
  let closing: AsyncDisposableStack;
  beforeEach(() => {
    closing = new AsyncDisposableStack();
  });
  afterEach(async () => {
    await closing.disposeAsync();
  });

  /** Listens where told, by default on a port of 127.0.0.1. */
  const serve = async (onSocket: (socket: Socket) => void, path?: string): Promise<Target> => {
    const sockets = new Set<Socket>();
    const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
      sockets.add(socket.on("error", () => undefined));
      onSocket(socket);
    });
    closing.defer(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    });
    if (path === undefined) server.listen(0, "127.0.0.1");
    else server.listen(path);
    await once(server, "listening");
    return path === undefined
      ? { host: "127.0.0.1", port: (server.address() as AddressInfo).port }
      : { path };
  };

  /** Answers with these pieces, each sent after the one before has been; then closes if told. */
  const answering = (pieces: readonly string[], closes = true): Promise<Target> =>
    serve((socket) => {
      const [...left] = pieces;
      const next = (): void => {
        const piece = left.shift();
        if (piece !== undefined) socket.write(piece, "latin1", () => setImmediate(next));
        else if (closes) socket.end();
      };
      socket.once("data", next);
    });

  const read = async (target: Target): Promise<[number, string]> => {
    using response = await ask(target, GET, FOREVER);
    return [response.status, (await buffer(response.body())).toString()];
  };

  it("says what it was told to, and that it will not ask again", async () => {
    const heard = Promise.withResolvers<string>();
    const directory = await mkdtemp(join(tmpdir(), "own-request-"));
    closing.defer(() => rm(directory, { recursive: true }));
    let text = "";
    const target = await serve(
      (socket) => {
        socket.on("data", (bytes) => {
          text += bytes;
          if (text.endsWith("}")) socket.end("HTTP/1.1 204 No Content\r\n\r\n");
        });
        socket.once("end", () => heard.resolve(text));
      },
      join(directory, "socket"),
    );
    const request = { ...GET, method: "POST", body: '{"word":"grün"}' } as const;
    using response = await ask(target, request, FOREVER);
    assert.equal(response.status, 204);
    assert.equal((await buffer(response.body())).length, 0);
    response[Symbol.dispose]();
    assert.equal(
      await heard.promise,
      "POST /health?deep=1 HTTP/1.1\r\nhost: agent\r\ncontent-length: 16\r\nconnection: close\r\n\r\n" +
        '{"word":"grün"}',
    );
  });

  it("has any status, without reading a body that nobody wants", async () => {
    for (const status of [200, 302, 404, 503]) {
      const target = await answering(
        [`HTTP/1.1 ${status} Whatever\r\nContent-Length: 9\r\n\r\n`],
        false,
      );
      using response = await ask(target, GET, FOREVER);
      assert.equal(response.status, status);
    }
  });

  it("reads the body of every framing", async () => {
    for (const [pieces, closes] of [
      [["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"], false],
      [["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe", "llo"], false],
      [
        [
          "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r",
          "\nhe\r\n3\r\nl",
          "lo\r\n0\r\n\r\n",
        ],
        false,
      ],
      [["HTTP/1.1 200 OK\r\n\r\nhel", "lo"], true],
      [["HTTP/1.0 200 OK\r\n\r\nhello"], true],
    ] as const) {
      assert.deepEqual(await read(await answering(pieces, closes)), [200, "hello"]);
    }
  });

  it("hands on each piece of an endless body when it comes", async () => {
    const sockets: Socket[] = [];
    const target = await serve((socket) => {
      sockets.push(socket);
      socket.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    });
    using response = await ask(target, GET, FOREVER);
    const pieces = response.body();
    for (const word of ["one\n", "two\n"]) {
      sockets[0]?.write(`4\r\n${word}\r\n`);
      assert.equal(String((await pieces.next()).value), word);
    }
  });

  it("understands a head that comes byte by byte, after interim ones", async () => {
    const answer =
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" +
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert.deepEqual(await read(await answering([...answer])), [200, "ok"]);
    assert.deepEqual(await read(await answering([answer])), [200, "ok"]);
  });

  it("fails when there is nobody, for the reason that the kernel gives", async () => {
    await assert.rejects(ask({ path: "/nowhere/agent.sock" }, GET, FOREVER), {
      message: "connect ENOENT /nowhere/agent.sock",
    });
    const target = await answering([]);
    await closing.disposeAsync();
    closing = new AsyncDisposableStack();
    await assert.rejects(ask(target, GET, FOREVER), { code: "ECONNREFUSED" });
  });

  it("fails when the server says nothing, or not all", async () => {
    const nothing = { message: "the connection was closed without a response" };
    await assert.rejects(read(await answering([])), nothing);
    await assert.rejects(read(await answering(["HTTP/1.1 200 OK\r\n"])), nothing);
    const cut = { message: "the connection was closed in the middle of the response" };
    const length = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
    await assert.rejects(read(await answering([length])), cut);
    const chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    await assert.rejects(read(await answering([chunks])), cut);
  });

  it("fails when the connection is reset, be it in mid-body", async () => {
    const target = await serve((socket) => {
      socket.once("data", () => {
        const head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
        socket.write(head, () => socket.resetAndDestroy());
      });
    });
    await assert.rejects(read(target), { code: "ECONNRESET" });
  });

  it("fails when what it hears is not HTTP/1.1", async () => {
    for (const [answer, reason] of [
      ["SSH-2.0-OpenSSH_9.6\r\n\r\n", "the version is not written HTTP/1.1"],
      ["HTTP/1.1 2OO OK\r\n\r\n", "the status is not one of 100 to 599"],
      ["HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello", "a chunk's size"],
    ] as const) {
      await assert.rejects(read(await answering([answer])), ({ message }: Error) =>
        message.startsWith(`the response is malformed: ${reason}`),
      );
    }
    await assert.rejects(
      read(await answering(["HTTP/1.1 102 Processing\r\n\r\n".repeat(20)], false)),
      { message: "the response does not go beyond interim ones" },
    );
  });

  it("does not wait for a protocol that nobody has asked to switch to", async () => {
    const answer = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n";
    assert.deepEqual(await read(await answering([answer], false)), [101, ""]);
  });

  describe("that is aborted", () => {
    const reason = new Error("enough");

    it("beforehand, is never sent", async () => {
      await assert.rejects(ask({ path: "/nowhere" }, GET, AbortSignal.abort(reason)), reason);
    });

    it("before the response, rejects with the reason and closes", async () => {
      const abort = new AbortController();
      const closed = Promise.withResolvers<void>();
      const target = await serve((socket) => {
        socket.once("data", () => abort.abort(reason)).once("end", () => closed.resolve());
      });
      await assert.rejects(ask(target, GET, abort.signal), reason);
      await closed.promise;
    });

    it("in mid-body, ends that and closes", async () => {
      const abort = new AbortController();
      const closed = Promise.withResolvers<void>();
      const target = await serve((socket) => {
        socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
        socket.resume().once("end", () => closed.resolve());
      });
      using response = await ask(target, GET, abort.signal);
      const pieces = response.body();
      assert.equal(String((await pieces.next()).value), "hello");
      const next = pieces.next();
      abort.abort(reason);
      await assert.rejects(next, { name: "AbortError", cause: reason });
      await closed.promise;
    });
  });
});
