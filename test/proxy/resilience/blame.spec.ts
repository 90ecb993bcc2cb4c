// What an endpoint is blamed for, on which its ejection rests, and what earns a service its retries: neither may be in the
// hands of a caller.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { TimeoutPolicy } from "../../../mesh/policy/policy.ts";
import { ServiceBreaker } from "../../../proxy/resilience/breaker.ts";
import { UNLIMITED } from "../../../proxy/resilience/unlimited.ts";
import { eventually } from "../../helpers/eventually.ts";
import { call } from "../../helpers/http-call.ts";
import { HttpFronts } from "../../helpers/http-front.ts";

const TIMEOUT_FIELD = "x-envoy-expected-rq-timeout-ms";

describe("the endpoint of a request", () => {
  let fronts: HttpFronts;
  /** What it was blamed for, and how many of its tries are under way. */
  let blamed: string[];
  let active: number;
  /** Statuses that it is known to have answered with. */
  let answered: number[];
  /** Milliseconds that a probe has; 0: it is none. */
  let probeTime: number;
  beforeEach(() => {
    fronts = new HttpFronts();
    blamed = [];
    active = 0;
    answered = [];
    probeTime = 0;
  });
  afterEach(async () => {
    await fronts[Symbol.asyncDispose]();
  });

  /** A port before an application that answers once it has got the whole request, then waits, or never answers. */
  const open = async (
    answers: boolean | Promise<void>,
    timeouts: Partial<TimeoutPolicy>,
  ): Promise<number> => {
    const server = createServer(async (incoming, response) => {
      const body = await text(incoming).catch(() => "");
      if (answers !== false) {
        await answers;
        response.end(body);
      }
    });
    // Left to the test.
    server.on("checkContinue", () => undefined);
    server.on("upgrade", (_incoming, socket) => void socket.on("error", () => undefined));
    const destination = fronts.destination(await fronts.listen(server));
    const target = {
      ...{ id: "only", destination, probeTime: () => probeTime },
      answered: (status: number) => void answered.push(status),
      begin: () => {
        active += 1;
      },
      failed: (code: string) => void blamed.push(code),
      ended: () => {
        active -= 1;
      },
    };
    fronts.parts = {
      targets: { next: () => target },
      conduct: { ...UNLIMITED, timeouts: { ...UNLIMITED.timeouts, ...timeouts } },
    };
    return fronts.open([]);
  };

  const over = (): Promise<void> => eventually(() => assert.equal(active, 0));

  it("is blamed for the time that the policy gives", async () => {
    const port = await open(false, { request: 50 });
    assert.equal((await call({ port, headers: { [TIMEOUT_FIELD]: "70" } })).status, 504);
    assert.deepEqual(blamed, ["REQUEST_TIMED_OUT"]);
    await over();
  });

  it("is blamed where a caller gave it a fair time", async () => {
    const port = await open(false, {});
    assert.equal((await call({ port, headers: { [TIMEOUT_FIELD]: "1000" } })).status, 504);
    assert.deepEqual(blamed, ["REQUEST_TIMED_OUT"]);
    await over();
  });

  for (const policy of [0, 5_000]) {
    it(`is not blamed for a caller's impatience, where the policy gives ${policy} ms`, async () => {
      const port = await open(false, { request: policy });
      const answer = await call({ port, headers: { [TIMEOUT_FIELD]: "20" } });
      assert.equal(answer.headers["x-mesh-failure"], "REQUEST_TIMED_OUT");
      assert.deepEqual(blamed, []);
      await over();
    });
  }

  it("is not blamed for a request that its caller did not finish in time", async () => {
    const port = await open(true, { request: 80 });
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", agent: false });
    outgoing.on("error", () => undefined).write("a");
    const [response] = await once(outgoing, "response");
    assert.equal(response.statusCode, 504);
    assert.deepEqual(blamed, []);
    outgoing.destroy();
    await over();
  });

  it("has its time for a try from when it has the whole request", async () => {
    const port = await open(true, { perTry: 60 });
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", agent: false });
    outgoing.write("a");
    setTimeout(() => outgoing.end("b"), 200);
    const [response] = await once(outgoing, "response");
    assert.equal(await text(response), "ab");
    assert.deepEqual(blamed, []);
    await over();
  });

  for (const [what, ...lines] of [
    ["is to switch protocols", "Connection: upgrade", "Upgrade: x"],
    ["is to ask for the body", "Expect: 100-continue", "Content-Length: 5"],
  ] as const) {
    it(`has no longer for a try in which it ${what}`, async () => {
      const port = await open(false, { perTry: 50 });
      const socket = connect(port, "127.0.0.1").setEncoding("latin1");
      socket.write(["POST / HTTP/1.1", "Host: a", ...lines, "", ""].join("\r\n"));
      const [answer] = await once(socket, "data");
      assert.match(answer, /^HTTP\/1\.1 504 /);
      assert.deepEqual(blamed, ["TRY_TIMED_OUT"]);
      socket.destroy();
      await over();
    });
  }

  it("is blamed when a probe is not answered in time, for which its caller goes on waiting", async () => {
    probeTime = 40;
    const { promise, resolve } = Promise.withResolvers<void>();
    const port = await open(promise, {});
    const answer = call({ port, method: "POST", body: "late" });
    await eventually(() => assert.deepEqual(blamed, ["TRY_TIMED_OUT"]));
    assert.equal(active, 1);
    resolve();
    assert.equal((await answer).body, "late");
    await over();
    assert.deepEqual([blamed, answered], [["TRY_TIMED_OUT"], []], "told once");
  });

  it("is not blamed for a probe whose caller has not sent all of its request", async () => {
    probeTime = 40;
    const port = await open(true, {});
    const outgoing = request({ port, host: "127.0.0.1", method: "POST", agent: false });
    outgoing.write("a");
    setTimeout(() => outgoing.end("b"), 150);
    const [response] = await once(outgoing, "response");
    assert.equal(await text(response), "ab");
    await over();
    assert.deepEqual([blamed, answered], [[], [200]]);
  });

  for (const timeouts of [{ perTry: 2_000 }, { request: 2_000 }]) {
    it(`has the policy's time for a probe: ${Object.keys(timeouts)[0]}`, async () => {
      probeTime = 40;
      const wait = new Promise<void>((resolve) => setTimeout(resolve, 150));
      const port = await open(wait, timeouts);
      assert.equal((await call({ port, method: "POST", body: "x" })).status, 200);
      await over();
      assert.deepEqual([blamed, answered], [[], [200]]);
    });
  }

  it("earns retries by the requests that it gets, not by those that are turned away", async () => {
    const port = await open(false, {});
    let earned = 0;
    const deposit = (): void => {
      earned += 1;
    };
    const budget = { deposit, withdraw: () => false };
    const breaker = new ServiceBreaker({
      ...{ connections: 0, pending: 0, requests: 1, retries: 0, inboundRequests: 0 },
      ...{ rate: 0, ratePerCaller: 0, burst: 0 },
    });
    fronts.parts = { ...fronts.parts, conduct: { ...UNLIMITED, breaker, budget } };
    const waiting = request({ port, host: "127.0.0.1", agent: false }).on("error", () => undefined);
    waiting.end();
    await eventually(() => assert.equal(active, 1));
    for (let sent = 0; sent < 5; sent += 1) assert.equal((await call({ port })).status, 503);
    assert.equal(earned, 1);
    waiting.destroy();
    await over();
  });
});
