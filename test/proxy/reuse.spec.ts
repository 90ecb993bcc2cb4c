// Kept connections to an application: when one is used again, and that no response ever reaches another caller.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../helpers/eventually.ts";
import { type Answer, type Call, call, readAnswer } from "../helpers/http-call.ts";
import { HttpFronts } from "../helpers/http-front.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine";

describe("a kept connection to an application", () => {
  let fronts: HttpFronts;
  /** Every connection the application has accepted, with what arrived on it. */
  let connections: { readonly socket: Socket; received: string }[];
  beforeEach(() => {
    fronts = new HttpFronts();
    connections = [];
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  /** A front before an application that answers each piece of input with the next of these texts, the last for ever. */
  const front = async (
    ...answers: readonly (string | ((socket: Socket) => void))[]
  ): Promise<Call> => {
    let asked = 0;
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection = { socket, received: "" };
      connections.push(connection);
      socket.on("error", () => undefined);
      socket.on("end", () => socket.end());
      socket.on("data", (chunk) => {
        connection.received += chunk.toString("latin1");
        const answer = answers[Math.min(asked, answers.length - 1)] ?? OK;
        asked += 1;
        if (typeof answer === "string") socket.write(answer, "latin1");
        else answer(socket);
      });
    });
    const port = await fronts.listen(server);
    return { port: await fronts.open([fronts.destination(port)]) };
  };
  const twice = async (at: Call, second: Partial<Call> = {}): Promise<[Answer, Answer]> => [
    await call(at),
    await call({ ...at, ...second }),
  ];
  const bodies = (answers: readonly Answer[]): string[] => answers.map(({ body }) => body);

  it("carries one request after the other", async () => {
    const at = await front(OK);
    assert.deepEqual(bodies(await twice(at, { method: "POST", body: "x" })), ["fine", "fine"]);
    assert.equal(connections.length, 1);
  });

  for (const [what, first] of [
    ["that the application announced to close", OK.replace("\r\n", "\r\nConnection: close\r\n")],
    ["of HTTP/1.0", OK.replace("1.1", "1.0")],
    [
      "that has said more than its response",
      `${OK}HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil`,
    ],
    ["whose response to HEAD had a body", OK],
  ] as const) {
    it(`${what} is not used again`, async () => {
      const at = await front(first, OK);
      await call({ ...at, method: what.includes("HEAD") ? "HEAD" : "GET" });
      assert.equal((await call(at)).body, "fine");
      assert.equal(connections.length, 2);
    });
  }

  it("that speaks without being asked is closed, and nobody gets what it said", async () => {
    const at = await front(OK);
    await call(at);
    connections[0]?.socket.write("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
    await eventually(() => assert.equal(connections[0]?.socket.destroyed, true));
    assert.equal((await call(at)).body, "fine");
    assert.equal(connections.length, 2);
  });

  it("that is closing carries nothing any more, however long the application takes to close it", async () => {
    const keepsOpen = (socket: Socket): void => {
      socket.removeAllListeners("end");
      socket.write(OK);
    };
    const at = await front(keepsOpen, OK);
    await call(at);
    const first = connections[0]?.socket;
    assert.ok(first);
    first.write("noise");
    await once(first, "end");
    assert.equal((await call({ ...at, method: "POST", body: "order" })).body, "fine");
    assert.equal(connections.length, 2);
  });

  it("whose body ends with the connection is read to its end", async () => {
    const at = await front((socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nall of it"), OK);
    assert.deepEqual(bodies(await twice(at)), ["all of it", "fine"]);
    assert.equal(connections.length, 2);
  });

  it("that was answered before the request was complete is not used again", async () => {
    const at = await front("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n", OK);
    const early = await call({
      ...at,
      ...{ method: "POST", body: "x".repeat(3_000_000) },
    }).catch(() => undefined);
    assert.ok(early === undefined || early.status === 413);
    assert.equal((await call(at)).body, "fine");
    assert.ok(connections.slice(1).every(({ received }) => !received.startsWith("x")));
    assert.ok(connections.length >= 2);
  });

  it("that dies when it is used again costs no GET", async () => {
    const at = await front(OK, (socket) => socket.resetAndDestroy(), OK);
    assert.deepEqual(bodies(await twice(at)), ["fine", "fine"]);
    assert.equal(connections.length, 2);
  });

  it("that dies when it is used again does not get a POST a second time", async () => {
    const at = await front(OK, (socket) => socket.resetAndDestroy(), OK);
    const [, second] = await twice(at, { method: "POST", body: "order" });
    assert.equal(second.status, 502);
    assert.equal(second.headers["x-mesh-failure"], "CONNECTION_LOST");
    assert.equal(connections.length, 1);
  });

  it("does not carry a POST after it was idle for a while, since the application may be closing it", async () => {
    const at = await front(OK);
    await call(at);
    const since = performance.now();
    await eventually(() => assert.ok(performance.now() - since > 600));
    assert.equal((await call({ ...at, method: "POST", body: "order" })).body, "fine");
    assert.equal(connections.length, 2);
  });
  it("is closed before the application would do it", async () => {
    const at = await front(OK);
    await call(at);
    let tired = false;
    const timer = setTimeout(() => {
      tired = true;
    }, 5_000);
    await eventually(() => assert.equal(connections[0]?.socket.destroyed, true), {
      timeout: 8_000,
    });
    clearTimeout(timer);
    assert.equal(tired, false);
  }).timeout(20_000);

  for (const [what, answer] of [
    ["both a length and a coding", OK.replace("\r\n", "\r\nTransfer-Encoding: chunked\r\n")],
    ["two lengths", OK.replace("\r\n", "\r\nContent-Length: 4\r\n")],
    ["a folded line", OK.replace("\r\n", "\r\nX-A: b\r\n c\r\n")],
    ["a switch of protocols that nobody asked for", "HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"],
    ["interim responses without end", "HTTP/1.1 102 Processing\r\n\r\n".repeat(9)],
    ["something that is not HTTP", "SSH-2.0-OpenSSH_9.2\r\n"],
  ] as const) {
    it(`on which ${what} comes back is broken off, and the caller told`, async () => {
      const at = await front(answer);
      const { status, headers } = await call(at);
      assert.deepEqual([status, headers["x-mesh-failure"]], [502, "RESPONSE_MALFORMED"]);
      await eventually(() => assert.ok(connections.every(({ socket }) => socket.destroyed)));
    });
  }

  it("on which a chunked body goes wrong cuts the caller's response too", async () => {
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfine\r\n";
    const at = await front(head);
    const outgoing = request({ ...at, agent: false }).end();
    const [response] = (await once(outgoing, "response")) as [IncomingMessage];
    outgoing.on("error", () => undefined);
    connections[0]?.socket.write("-1\r\n");
    await assert.rejects(readAnswer(response));
    assert.deepEqual(fronts.finished, [{ status: 200, failure: "RESPONSE_MALFORMED" }]);
  });
});
