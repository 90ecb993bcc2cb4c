// An answer of the callee's sidecar as the caller's application gets it, over each of the ways between two sidecars and in
// each of the protocols of callers.
import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { afterEach, beforeEach, describe, it } from "mocha";
import { FAILURES, type FailureCode } from "../../../proxy/failures.ts";
import type { Target } from "../../../proxy/http/plan.ts";
import type { Destination, StreamListener } from "../../../proxy/http/streams.ts";
import { grpcFailureFields } from "../../../proxy/http2/grpc-failure.ts";
import { grpcStatusIn, httpStatusFor } from "../../../proxy/http2/grpc-status.ts";
import { eventually } from "../../helpers/eventually.ts";
import { call } from "../../helpers/http-call.ts";
import { HttpFronts } from "../../helpers/http-front.ts";
import { PolicyRig } from "./policy-rig.ts";

/** Codes whose answers are not what an endpoint that fails would give. */
const ANSWERS: readonly FailureCode[] = [
  "OVERLOADED",
  "RATE_LIMITED",
  "ACCESS_DENIED",
  "TOKEN_INVALID",
  "REQUEST_MALFORMED",
];

describe("the answer of a callee's sidecar", () => {
  let fronts: HttpFronts;
  beforeEach(() => {
    fronts = new HttpFronts();
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  /** Fails every request in this way; notes what its target hears. */
  const failing = (code: FailureCode, heard: string[]): Destination => ({
    key: code,
    open: (listener: StreamListener) => {
      const sent = !FAILURES[code].neverReached;
      setImmediate(() => listener.onFailed({ code, sent, reused: false }));
      return {
        ready: true,
        send: () => true,
        data: () => true,
        resume: () => undefined,
        abort: () => void heard.push("aborted"),
      };
    },
    retire: () => undefined,
    close: () => undefined,
  });

  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    it(`of ${code} has its status, its fields and a text`, async () => {
      const port = await fronts.open([failing(code, [])]);
      const { status, headers, body } = await call({ port });
      const failure = FAILURES[code];
      assert.deepEqual([status, headers["x-mesh-failure"]], [failure.status, code]);
      assert.equal(body, `docker-mesh: ${failure.describe("shop-orders")}\n`);
      for (const line of failure.fields.split("\r\n").filter((one) => one !== "")) {
        const [name = "", value] = line.split(": ");
        assert.equal(headers[name], value);
      }
    });
  }

  for (const code of ANSWERS) {
    it(`of ${code} does not speak against the endpoint`, async () => {
      const heard: string[] = [];
      const target: Target = {
        id: "orders-1",
        destination: failing(code, heard),
        begin: () => void heard.push("begin"),
        answered: () => void heard.push("answered"),
        failed: () => void heard.push("failed"),
        ended: () => void heard.push("ended"),
      };
      fronts.parts = {
        targets: { next: (_key, tried) => (tried.length === 0 ? target : undefined) },
      };
      await call({ port: await fronts.open([]) });
      assert.deepEqual(heard, ["begin", "ended"]);
    });
  }

  describe("in HTTP/1.1", () => {
    /** What another sidecar says, as our own would. */
    const says = async (
      answers: readonly string[],
    ): Promise<{ port: number; sockets: unknown[] }> => {
      const sockets: unknown[] = [];
      let asked = 0;
      const server = createServer((socket) => {
        sockets.push(socket);
        socket
          .on("error", () => undefined)
          .on("data", () => {
            socket.write(answers[asked] ?? "");
            asked += 1;
          });
      });
      return { port: await fronts.listen(server), sockets };
    };
    const denied =
      "HTTP/1.1 403 Forbidden\r\nx-mesh-failure: ACCESS_DENIED\r\ncontent-length: 3\r\n\r\nno\n";
    const fine = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";

    it("is known by its code, and the connection is used again", async () => {
      const { port, sockets } = await says([denied, fine]);
      const at = { port: await fronts.open([fronts.destination(port, () => true)]) };
      const answer = await call(at);
      assert.deepEqual([answer.status, answer.headers["x-mesh-failure"]], [403, "ACCESS_DENIED"]);
      assert.match(answer.body, /shop-orders may not be called/);
      assert.equal((await call(at)).body, "fine");
      assert.equal(sockets.length, 1);
      assert.equal(fronts.finished[0]?.failure, "ACCESS_DENIED");
    });

    it("leads to another endpoint where that is worth it", async () => {
      const { port } = await says([
        "HTTP/1.1 503 No\r\nx-mesh-failure: APPLICATION_UNREACHABLE\r\ncontent-length: 0\r\n\r\n",
      ]);
      const other = await says([fine]);
      const destinations = [port, other.port].map((each) => fronts.destination(each, () => true));
      const answer = await call({
        port: await fronts.open(destinations),
        method: "POST",
        body: "x",
      });
      assert.equal(answer.body, "fine");
    });

    it("is an application's own, and its code not believed, where nobody has proved to be a sidecar", async () => {
      const { port } = await says([denied]);
      const answer = await call({ port: await fronts.open([fronts.destination(port)]) });
      assert.deepEqual([answer.status, answer.body], [403, "no\n"]);
      assert.equal(answer.headers["x-mesh-failure"], undefined);
      assert.equal(fronts.finished[0]?.failure, undefined);
    });
  });

  it("passes a link between sidecars, with what an application must know", async () => {
    await using rig = await PolicyRig.create();
    const held: ServerResponse[] = [];
    const policy = { "limits.inbound-requests": "1" };
    const busy = await rig.copy((_request, response) => void held.push(response), policy);
    await rig.offer([busy]);
    const first = rig.call();
    await eventually(() => assert.equal(held.length, 1));
    const { status, headers } = await rig.call();
    assert.deepEqual(
      [status, headers["x-mesh-failure"], headers["retry-after"]],
      [503, "OVERLOADED", "1"],
    );
    assert.equal(rig.caller.sidecar.report().endpoints[0]?.state, "healthy");
    held[0]?.end("fine");
    assert.equal((await first).body, "fine");
  });

  for (const [code, status] of [
    ["ACCESS_DENIED", 7],
    ["TOKEN_INVALID", 16],
    ["OVERLOADED", 14],
    ["TRY_TIMED_OUT", 4],
    ["REQUEST_TIMED_OUT", 4],
    ["STREAM_IDLE", 4],
    ["RATE_LIMITED", 8],
    ["NO_HEALTHY_ENDPOINT", 14],
    ["CONNECTION_LOST", 14],
    ["REQUEST_MALFORMED", 13],
    ["RESPONSE_MALFORMED", 13],
    ["REQUEST_UNSUPPORTED", 12],
  ] as const) {
    it(`of ${code} is status ${status} for gRPC`, () => {
      const fields = grpcFailureFields(code, FAILURES[code].status, "why");
      assert.equal(fields[fields.indexOf("grpc-status") + 1], `${status}`);
    });
  }
});

describe("a status of gRPC", () => {
  for (const [status, http] of [
    ["0", 200],
    ["4", 504],
    ["8", 429],
    ["13", 500],
    ["14", 503],
    ["2", 500],
    ["15", 500],
    ["16", 401],
    ["7", 403],
    ["99", 500],
    ["x", 500],
    [undefined, 500],
  ] as const) {
    it(`${status} counts as ${http}`, () => {
      assert.equal(httpStatusFor(status), http);
    });
  }

  it("is found among trailers", () => {
    const trailers = Buffer.from("grpc-message: not grpc-status: 3\r\nGrpc-Status: 14\r\nx: y\r\n");
    assert.equal(grpcStatusIn(trailers), "14");
    assert.equal(grpcStatusIn(Buffer.from("x-grpc-status: 14\r\n")), undefined);
    assert.equal(grpcStatusIn(Buffer.alloc(0)), undefined);
  });
});
