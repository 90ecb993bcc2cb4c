// HTTP through a pair of sidecars while it moves: streaming, waiting, breaking off, becoming a tunnel.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { call, readAnswer } from "../helpers/http-call.ts";
import { connectPair, SidecarRig } from "../helpers/sidecar-rig.ts";

const MEGABYTE = 1_048_576;

describe("messages in motion through a pair of sidecars", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  it("streams both ways at once", async () => {
    const port = await rig.httpApplication((request, response) => {
      response.flushHeaders();
      request.on("data", (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
      request.once("end", () => response.end());
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false, method: "POST" });
    outgoing.flushHeaders();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    response.setEncoding("utf8");
    for (const word of ["one", "two", "three"]) {
      outgoing.write(word);
      const [answer] = await once(response, "data");
      assert.equal(answer, word.toUpperCase());
    }
    outgoing.end();
    response.resume();
    await once(response, "end");
  });

  it("sends a response's first part before its body is there", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const port = await rig.httpApplication(async (_, response) => {
      response.flushHeaders();
      await promise;
      response.end("late");
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    resolve();
    assert.equal((await readAnswer(response)).body, "late");
  });

  it("carries large bodies both ways whole", async () => {
    const port = await rig.httpApplication((request, response) => void request.pipe(response));
    const { at } = await connectPair(rig, port);
    const body = Buffer.alloc(20 * MEGABYTE, "0123456789abcdef");
    const answer = await call({ ...at, method: "POST", body });
    assert.equal(answer.body.length, body.length);
    assert.ok(answer.body === body.toString());
  });

  it("holds an upload back while the application does not read", async () => {
    const taken = Promise.withResolvers<IncomingMessage>();
    const port = await rig.httpApplication((request, response) => {
      request.once("end", () => response.end());
      request.pause();
      taken.resolve(request);
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false, method: "POST" });
    const chunk = Buffer.alloc(MEGABYTE);
    let written = 0;
    const total = 64;
    const pump = (): void => {
      while (written < total) {
        written += 1;
        if (!outgoing.write(chunk)) return void outgoing.once("drain", pump);
      }
      outgoing.end();
    };
    pump();
    const waiting = await taken.promise;
    await standsStill(() => written);
    assert.ok(written < total / 2, `${written} of ${total} MiB were taken`);
    waiting.resume();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    response.resume();
    assert.equal(written, total);
  });

  it("holds a download back while the caller does not read", async () => {
    let written = 0;
    const total = 64;
    const chunk = Buffer.alloc(MEGABYTE);
    const port = await rig.httpApplication((_, response) => {
      const pump = (): void => {
        while (written < total) {
          written += 1;
          if (!response.write(chunk)) return void response.once("drain", pump);
        }
        response.end();
      };
      pump();
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    await standsStill(() => written);
    assert.ok(written < total / 2, `${written} of ${total} MiB were sent`);
    let received = 0;
    for await (const part of response) received += (part as Buffer).length;
    assert.equal(received, total * MEGABYTE);
  });

  it("tells the application when the caller goes away", async () => {
    const started = Promise.withResolvers<ServerResponse>();
    const port = await rig.httpApplication((_, response) => {
      response.write("begun");
      started.resolve(response);
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false }).end();
    outgoing.on("error", () => undefined);
    await once(outgoing, "response");
    const response = await started.promise;
    outgoing.destroy();
    await once(response, "close");
    assert.equal(response.writableFinished, false);
  });

  it("does not make a response that was cut short look complete", async () => {
    const port = await rig.httpApplication((_, response) => {
      response.write("half of it");
      response.socket?.once("drain", () => undefined);
      setImmediate(() => response.socket?.destroy());
    });
    const { at } = await connectPair(rig, port);
    await assert.rejects(call(at), { code: "ECONNRESET" });
  });

  it("relays an answer that comes before the request is complete", async () => {
    const port = await rig.httpApplication((_, response) => {
      response.writeHead(413, { connection: "close" }).end("too large");
    });
    const { at } = await connectPair(rig, port);
    const outgoing = request({ ...at, agent: false, method: "POST" });
    outgoing.on("error", () => undefined);
    outgoing.write(Buffer.alloc(1024));
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    const answer = await readAnswer(response);
    assert.deepEqual([answer.status, answer.body], [413, "too large"]);
    assert.equal(answer.headers.connection, "close");
    outgoing.destroy();
  });

  it("answers a caller that closes its sending side after the request", async () => {
    const port = await rig.httpApplication((_, response) => response.end("still here"));
    const { at } = await connectPair(rig, port);
    const socket = connect({ ...at, allowHalfOpen: true });
    socket.end("GET / HTTP/1.1\r\nHost: orders\r\n\r\n");
    assert.match(await text(socket), /^HTTP\/1\.1 200 OK\r\n[\s\S]*still here/);
    socket.destroy();
  });

  it("tunnels an upgraded connection through both sidecars", async () => {
    const port = await rig.httpApplication(
      () => assert.fail("expected an upgrade"),
      (server) => {
        server.on("upgrade", (request: IncomingMessage, socket: Socket, head: Buffer) => {
          assert.equal(request.headers.upgrade, "echo");
          socket.write(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\nX-Note: 1\r\n\r\nwelcome ",
          );
          socket.write(head);
          socket.pipe(socket);
        });
      },
    );
    const { at } = await connectPair(rig, port);
    const socket = connect({ ...at, allowHalfOpen: true });
    socket.write(
      "GET /chat HTTP/1.1\r\nHost: orders\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly ",
    );
    let received = "";
    socket.setEncoding("utf8").on("data", (piece) => {
      received += piece;
    });
    await eventually(() => assert.match(received, /^HTTP\/1\.1 101 /));
    await eventually(() => assert.match(received, /x-note: 1[\s\S]*\r\n\r\nwelcome early $/i));
    socket.end("late");
    await once(socket, "end");
    assert.match(received, /welcome early late$/);
  });

  it("relays an ordinary answer to an upgrade, and closes", async () => {
    const port = await rig.httpApplication((_, response) => response.writeHead(403).end("no"));
    const { at } = await connectPair(rig, port);
    const socket = connect(at);
    socket.write(
      "GET /chat HTTP/1.1\r\nHost: orders\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    assert.match(
      await text(socket),
      /^HTTP\/1\.1 403 Forbidden\r\n[\s\S]*connection: close[\s\S]*no/i,
    );
  });
});

/** Waits until a count has not changed for a while. */
async function standsStill(count: () => number): Promise<void> {
  let last = -1;
  let since = performance.now();
  await eventually(async () => {
    await turn();
    if (count() !== last) {
      last = count();
      since = performance.now();
    }
    assert.ok(performance.now() - since > 300, "still moving");
  });
}
