// What happens to a request when an endpoint fails: the next one is asked whenever that is safe, and never otherwise.
import assert from "node:assert/strict";
import { type IncomingMessage, request, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { OutboundService } from "../../proxy/configuration/snapshot.ts";
import { freePort } from "../helpers/free-port.ts";
import { type Answer, call } from "../helpers/http-call.ts";
import {
  dialOf,
  inboundPort,
  outboundService,
  SidecarRig,
  type TestSidecar,
} from "../helpers/sidecar-rig.ts";

describe("requests to a service with several endpoints", () => {
  let rig: SidecarRig;
  let caller: TestSidecar;
  beforeEach(async () => {
    rig = await SidecarRig.create();
    caller = await rig.sidecar("shop-web");
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** A sidecar before an application on that port; returns its mutual TLS port. */
  const endpoint = async (applicationPort: number): Promise<number> => {
    const callee = await rig.sidecar("shop-orders");
    const inbound = await inboundPort(applicationPort);
    await callee.configure({ inbound: [inbound] });
    return inbound.tlsPort;
  };

  const callThrough = async (tlsPorts: readonly number[]): Promise<OutboundService> => {
    const policy = { "balance.algorithm": "round-robin" };
    const outbound = await outboundService("shop-orders", tlsPorts, { policy });
    await caller.configure({ outbound: [outbound] });
    return outbound;
  };

  const repeat = async (
    count: number,
    outbound: OutboundService,
    options: { method?: string; body?: string | Buffer } = {},
  ): Promise<Answer[]> => {
    const answers: Answer[] = [];
    for (let round = 0; round < count; round += 1) {
      answers.push(await call({ ...dialOf(outbound), ...options }));
    }
    return answers;
  };

  const statuses = (answers: readonly Answer[]): number[] => answers.map(({ status }) => status);
  const always = (status: number, count: number): number[] => Array(count).fill(status);

  it("are shared evenly", async () => {
    const seen = [0, 0, 0];
    const ports = await Promise.all(
      seen.map(async (_, index) =>
        endpoint(
          await rig.httpApplication((_request, response) => {
            seen[index] = (seen[index] ?? 0) + 1;
            response.end();
          }),
        ),
      ),
    );
    await repeat(12, await callThrough(ports));
    assert.deepEqual(seen, [4, 4, 4]);
  });

  it("answer 503 with a text and a code when there is none", async () => {
    const [answer] = await repeat(1, await callThrough([]));
    assert.equal(answer?.status, 503);
    assert.equal(answer?.body, "docker-mesh: no healthy endpoint for shop-orders\n");
    assert.equal(answer?.headers["x-mesh-failure"], "NO_HEALTHY_ENDPOINT");
    assert.equal(answer?.headers["content-type"], "text/plain; charset=utf-8");
    assert.equal(caller.sidecar.report().counters.outboundFailed, 1);
  });

  for (const [method, body] of [
    ["GET", undefined],
    ["POST", "an order"],
    ["POST", Buffer.alloc(200_000)],
  ] as const) {
    it(`skip dead sidecars without a failed ${method} of ${body?.length ?? 0} bytes`, async () => {
      const alive = await endpoint(
        await rig.httpApplication(async (request, response) => {
          response.end(String((await text(request)).length));
        }),
      );
      const outbound = await callThrough([await freePort(), await freePort(), alive]);
      const answers = await repeat(6, outbound, body === undefined ? { method } : { method, body });
      assert.deepEqual(statuses(answers), always(200, 6));
      assert.deepEqual(
        new Set(answers.map((answer) => answer.body)),
        new Set([`${body?.length ?? 0}`]),
      );
      assert.equal(caller.sidecar.report().counters.outboundFailed, 0);
    });
  }

  for (const method of ["GET", "POST"] as const) {
    it(`skip a sidecar whose application is down, without a failed ${method}`, async () => {
      let bodies = "";
      const alive = await endpoint(
        await rig.httpApplication(async (request, response) => {
          bodies += await text(request);
          response.end();
        }),
      );
      const outbound = await callThrough([await endpoint(await freePort()), alive]);
      const options = method === "POST" ? { method, body: "x" } : { method };
      assert.deepEqual(statuses(await repeat(6, outbound, options)), always(200, 6));
      assert.equal(bodies, method === "POST" ? "xxxxxx" : "");
    });
  }

  it("find the one application that is left when most are stopped at the same moment", async () => {
    const stopped = Array.from({ length: 5 }, async () => endpoint(await freePort()));
    const left = await rig.httpApplication((_request, response) => void response.end());
    const ports = await Promise.all([...stopped, endpoint(left)]);
    const outbound = await callThrough(ports);
    assert.deepEqual(statuses(await repeat(6, outbound)), always(200, 6));
    assert.deepEqual(
      statuses(await repeat(6, outbound, { method: "POST", body: "x" })),
      always(200, 6),
    );
  });

  it("say that the application is down when it is at every endpoint", async () => {
    const outbound = await callThrough([await endpoint(await freePort())]);
    const [answer] = await repeat(1, outbound);
    assert.equal(answer?.status, 503);
    assert.equal(answer?.headers["x-mesh-failure"], "APPLICATION_UNREACHABLE");
    assert.match(answer?.body ?? "", /application of shop-orders does not accept connections/);
    assert.equal(caller.sidecar.report().counters.outboundFailed, 1);
  });

  it("do not repeat a large body once it was written", async () => {
    const outbound = await callThrough([await endpoint(await freePort())]);
    const outgoing = request({ ...dialOf(outbound), agent: false, method: "POST" });
    outgoing.on("error", () => undefined);
    outgoing.end(Buffer.alloc(1_000_000));
    const [answer] = await Promise.all([
      new Promise<IncomingMessage>((resolve) => outgoing.once("response", resolve)),
    ]);
    assert.equal(answer.statusCode, 503);
    answer.resume();
  });

  /** Two endpoints; the first takes a request and hangs up. */
  const hangUpOnce = async (): Promise<{ outbound: OutboundService; seen: string[] }> => {
    const seen: string[] = [];
    const listener = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      seen.push(`${request.method} ${await text(request)}`.trim());
      if (seen.length === 1) request.socket.destroy();
      else response.end("fine");
    };
    const ports = [
      await endpoint(await rig.httpApplication(listener)),
      await endpoint(await rig.httpApplication(listener)),
    ];
    return { outbound: await callThrough(ports), seen };
  };

  for (const [method, body] of [
    ["GET", ""],
    ["PUT", "state"],
  ] as const) {
    it(`repeat a ${method} whose connection was lost`, async () => {
      const { outbound, seen } = await hangUpOnce();
      const answers = await repeat(1, outbound, body === "" ? { method } : { method, body });
      assert.deepEqual(statuses(answers), [200]);
      assert.deepEqual(seen, Array(2).fill(`${method} ${body}`.trim()));
    });
  }

  for (const body of [undefined, "an order"]) {
    it(`do not repeat a POST ${body === undefined ? "without a body" : "with one"}`, async () => {
      const { outbound, seen } = await hangUpOnce();
      const options = body === undefined ? { method: "POST" } : { method: "POST", body };
      const [answer] = await repeat(1, outbound, options);
      assert.equal(answer?.status, 502);
      assert.equal(answer?.headers["x-mesh-failure"], "CONNECTION_LOST");
      assert.equal(seen.length, 1);
    });
  }

  it("are sent three times at most", async () => {
    let seen = 0;
    const hangUp = async (): Promise<number> =>
      endpoint(
        await rig.httpApplication((request) => {
          seen += 1;
          request.socket.destroy();
        }),
      );
    const ports = [await hangUp(), await hangUp(), await hangUp(), await hangUp()];
    const [answer] = await repeat(1, await callThrough(ports));
    assert.equal(answer?.status, 502);
    assert.equal(seen, 3);
  });

  it("survive an application that closes idle connections", async () => {
    const port = await rig.httpApplication((_, response) => {
      response.end("fine");
      // Closes the connection right after the response without having announced it.
      response.once("finish", () => setImmediate(() => response.req.socket.destroy()));
    });
    const outbound = await callThrough([await endpoint(port)]);
    assert.deepEqual(statuses(await repeat(20, outbound)), always(200, 20));
    assert.deepEqual(
      statuses(await repeat(20, outbound, { method: "POST", body: "x" })),
      always(200, 20),
    );
  });

  it("report a response that makes no sense as the application's fault", async () => {
    const port = await rig.tcpApplication((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"));
    });
    const [answer] = await repeat(1, await callThrough([await endpoint(port)]));
    assert.equal(answer?.status, 502);
    assert.equal(answer?.headers["x-mesh-failure"], "RESPONSE_MALFORMED");
  });
});
