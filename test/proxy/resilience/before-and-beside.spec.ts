// What comes before a request's first try, what goes out beside it, and what a changed configuration does to it.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { failureAnswer, type LocalAnswer } from "../../../proxy/failures.ts";
import type { Before } from "../../../proxy/http/plan.ts";
import type { Destination } from "../../../proxy/http/streams.ts";
import { eventually } from "../../helpers/eventually.ts";
import { call, readAnswer } from "../../helpers/http-call.ts";
import { HttpFronts } from "../../helpers/http-front.ts";
import { planFor } from "../../helpers/plans.ts";

const DENIED = failureAnswer("ACCESS_DENIED", "shop-orders");

describe("a request", () => {
  let fronts: HttpFronts;
  /** `METHOD path body` of what an application has received in whole. */
  let received: string[];
  beforeEach(() => {
    fronts = new HttpFronts();
    received = [];
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  const application = async (
    answer: Answer = (_request, response) => void response.end("fine"),
  ): Promise<Destination> => {
    const server = createServer(async (incoming, response) => {
      const body = await text(incoming).catch(() => "broken off");
      const shown = body.length > 100 ? `${body.length} bytes` : body;
      received.push(`${incoming.method} ${incoming.url} ${shown}`.trim());
      answer(incoming, response);
    });
    return fronts.destination(await fronts.listen(server));
  };

  const first = (parts: Partial<Before>): { before: Before } => ({
    before: { gate: undefined, delay: 0, answer: undefined, ...parts },
  });

  describe("before a gate", () => {
    let gate: PromiseWithResolvers<LocalAnswer | undefined>;
    beforeEach(() => {
      gate = Promise.withResolvers();
      fronts.parts = first({ gate: gate.promise });
    });

    it("waits, and goes on with all of its body", async () => {
      const port = await fronts.open([await application()]);
      const answer = call({ port, method: "POST", path: "/order", body: "three apples" });
      await eventually(() => assert.equal(fronts.finished.length, 0));
      assert.deepEqual(received, []);
      gate.resolve(undefined);
      assert.equal((await answer).body, "fine");
      assert.deepEqual(received, ["POST /order three apples"]);
    });

    it("is answered there when it may not pass", async () => {
      const port = await fronts.open([await application()]);
      const answer = call({ port });
      gate.resolve(DENIED);
      const { status, headers } = await answer;
      assert.deepEqual([status, headers["x-mesh-failure"]], [403, "ACCESS_DENIED"]);
      assert.deepEqual(received, []);
      assert.deepEqual(fronts.finished, [{ status: 403, failure: "ACCESS_DENIED" }]);
    });

    it("lets a body that is too long to be kept wait at its sender", async () => {
      const port = await fronts.open([await application()]);
      const size = 30_000_000;
      const outgoing = request({ port, host: "127.0.0.1", method: "PUT", agent: false });
      outgoing.end(Buffer.alloc(size, "x"));
      const [socket] = await once(outgoing, "socket");
      await eventually(() => assert.ok(socket.bytesWritten > 65_536));
      gate.resolve(undefined);
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      assert.equal((await readAnswer(response)).body, "fine");
      assert.deepEqual(received, [`PUT / ${size} bytes`]);
    });

    it("is given up with its caller", async () => {
      const port = await fronts.open([await application()]);
      const socket = connect(port, "127.0.0.1");
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      await once(socket, "connect");
      socket.destroy();
      await eventually(() =>
        assert.deepEqual(fronts.finished, [{ status: 0, failure: undefined }]),
      );
      gate.resolve(undefined);
      await gate.promise;
      assert.deepEqual(received, []);
    });
  });

  it("goes on after a delay", async () => {
    fronts.parts = first({ delay: 120 });
    const port = await fronts.open([await application()]);
    const startedAt = performance.now();
    assert.equal((await call({ port })).body, "fine");
    assert.ok(performance.now() - startedAt >= 115);
  });

  for (const [what, answer, status, header] of [
    ["a fault", { ...failureAnswer("FAULT_INJECTED", "orders"), status: 418 }, 418, undefined],
    [
      "a redirect",
      { code: undefined, status: 302, fields: "location: /b\r\n", text: "" },
      302,
      "/b",
    ],
  ] as const) {
    it(`is answered with ${what} in place of any destination`, async () => {
      fronts.parts = first({ answer, delay: 1 });
      const got = await call({ port: await fronts.open([await application()]) });
      assert.deepEqual([got.status, got.headers.location], [status, header]);
      assert.equal(got.headers["x-mesh-failure"], answer.code);
      assert.deepEqual(received, []);
      assert.deepEqual(fronts.finished, [{ status, failure: answer.code }]);
    });
  }

  for (const [status, length] of [
    [204, undefined],
    [205, "0"],
    [304, undefined],
    [418, "0"],
  ] as const) {
    it(`is answered with ${status} and without a body, and the connection goes on`, async () => {
      const answer = { code: undefined, status, fields: "a: b\r\n", text: "" };
      fronts.parts = first({ answer });
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      const port = await fronts.open([await application()]);
      for (let sent = 0; sent < 2; sent += 1) {
        const outgoing = request({ port, host: "127.0.0.1", agent }).end();
        const [response] = (await once(outgoing, "response")) as [IncomingMessage];
        const { headers, body } = await readAnswer(response);
        assert.deepEqual(
          [response.statusCode, headers["content-length"], headers["content-type"], headers["a"]],
          [status, length, undefined, "b"],
        );
        assert.equal(body, "");
        assert.equal(outgoing.reusedSocket, sent > 0);
      }
      agent.destroy();
    });
  }

  describe("that is copied", () => {
    /** Requests go to an application, copies of them to another. */
    const copyTo = async (copies: Destination): Promise<number> => {
      fronts.parts = { mirror: planFor([copies]) };
      return fronts.open([await application()]);
    };

    it("arrives twice and is answered once", async () => {
      const port = await copyTo(
        await application((_request, response) => void response.writeHead(500).end("not for you")),
      );
      const answer = await call({ port, method: "POST", path: "/order", body: "three apples" });
      assert.deepEqual([answer.status, answer.body], [200, "fine"]);
      await eventually(() => assert.deepEqual(received, Array(2).fill("POST /order three apples")));
      assert.equal(fronts.finished.length, 1);
    });

    it("does not wait for the copy's answer", async () => {
      const port = await copyTo(await application(() => undefined));
      for (let sent = 0; sent < 3; sent += 1) assert.equal((await call({ port })).body, "fine");
    });

    it("is sent whole although nobody takes the copy", async () => {
      const stuck = createServer((incoming) => void incoming.pause());
      const port = await copyTo(fronts.destination(await fronts.listen(stuck)));
      const size = 20_000_000;
      const answer = await call({ port, method: "PUT", body: Buffer.alloc(size, "x") });
      assert.equal(answer.body, "fine");
      assert.deepEqual(received, [`PUT / ${size} bytes`]);
    });

    it("goes its way when there is nobody to take the copy", async () => {
      const gone = await fronts.listen(
        createServer().on("connection", (socket) => socket.destroy()),
      );
      assert.equal((await call({ port: await copyTo(fronts.destination(gone)) })).body, "fine");
    });

    it("goes with all of a long body to both", async () => {
      const port = await copyTo(await application());
      const size = 3_000_000;
      await call({ port, method: "PUT", body: Buffer.alloc(size, "x") });
      await eventually(() => assert.equal(received.length >= 1, true));
      assert.ok(
        received.every((one) => one === `PUT / ${size} bytes` || one.endsWith("broken off")),
      );
    });
  });

  describe("when the configuration changes", () => {
    it("goes on where that is still allowed, its head at hand", async () => {
      const responses: ServerResponse[] = [];
      const port = await fronts.open([
        await application((_request, response) => {
          response.write("begun, ");
          responses.push(response);
        }),
      ]);
      const heads: (string | undefined)[] = [];
      fronts.verdict = ({ sentHead }) => {
        heads.push(sentHead?.toString("latin1"));
        return undefined;
      };
      const answer = call({ port, path: "/stream" });
      await eventually(() => assert.equal(responses.length, 1));
      fronts.review();
      responses[0]?.end("and done");
      assert.equal((await answer).body, "begun, and done");
      assert.match(heads[0] ?? "", /^GET \/stream HTTP\/1\.1\r\n/);
      fronts.review();
      assert.equal(heads.length, 1);
    });

    it("is answered where it is not allowed any more and was not answered yet", async () => {
      const port = await fronts.open([await application(() => undefined)]);
      const answer = call({ port });
      await eventually(() => assert.equal(received.length, 1));
      fronts.verdict = () => DENIED;
      fronts.review();
      assert.deepEqual([(await answer).status, (await answer).body], [403, DENIED.text]);
      assert.deepEqual(fronts.finished, [{ status: 403, failure: "ACCESS_DENIED" }]);
    });

    it("is broken off where the answer has begun, so that the cut shows", async () => {
      const port = await fronts.open([
        await application((_request, response) => void response.write("begun")),
      ]);
      const outgoing = request({ port, host: "127.0.0.1", agent: false });
      outgoing.end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      fronts.verdict = () => DENIED;
      fronts.review();
      await assert.rejects(readAnswer(response));
      assert.deepEqual(fronts.finished, [{ status: 200, failure: "ACCESS_DENIED" }]);
    });
  });
});
