// Retries as callers and applications see them, over real sidecars: which conditions lead to another try, and what never does.
import assert from "node:assert/strict";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { freePort } from "../../helpers/free-port.ts";
import { PolicyRig } from "./policy-rig.ts";

/** Small waits keep the tests short; that there are any is tested elsewhere. */
const QUICK = { "retries.backoff": "1ms", "retries.max-backoff": "1ms" };

describe("retries by policy", () => {
  let rig: PolicyRig;
  /** `METHOD body` of every request that an application has seen. */
  let seen: string[];
  beforeEach(async () => {
    rig = await PolicyRig.create();
    seen = [];
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  type Answer = (request: IncomingMessage, response: ServerResponse) => void;
  const fine: Answer = (_request, response) => void response.end("fine");
  const status =
    (code: number): Answer =>
    (_request, response) =>
      void response.writeHead(code).end(`answer of ${code}`);
  const hangUp: Answer = (request) => void request.socket.destroy();

  /** An application that answers in these ways, one after the other, and then in the last. */
  const scripted = (...answers: Answer[]): RequestListener => {
    return async (request, response) => {
      seen.push(`${request.method} ${await text(request)}`.trim());
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(request, response);
    };
  };

  /** Two copies that share one script: the first request gets the first answer, wherever it goes. */
  const twoCopies = async (policy: Record<string, string>, ...answers: Answer[]): Promise<void> => {
    const listener = scripted(...answers);
    const ports = [await rig.copy(listener), await rig.copy(listener)];
    await rig.offer(ports, { ...QUICK, ...policy });
  };

  for (const [on, what, answer] of [
    ["gateway-error", "502", status(502)],
    ["gateway-error", "503", status(503)],
    ["gateway-error", "504", status(504)],
    ["5xx", "500", status(500)],
    ["5xx", "a broken connection", hangUp],
    ["retriable-4xx", "409", status(409)],
    ["reset", "a broken connection", hangUp],
  ] as const) {
    it(`are made on ${on} after ${what}, unseen by the caller`, async () => {
      await twoCopies({ "retries.on": on }, answer, fine);
      const { status: code, body } = await rig.call();
      assert.deepEqual([code, body], [200, "fine"]);
      assert.deepEqual(seen, ["GET", "GET"]);
      assert.equal(rig.counters.retries, 1);
      assert.equal(rig.counters.outboundFailed, 0);
    });

    it(`are not made after ${what} when ${on} is not among the conditions`, async () => {
      await twoCopies({ "retries.on": "connect-failure" }, answer, fine);
      assert.notEqual((await rig.call()).body, "fine");
      assert.deepEqual(seen, ["GET"]);
      assert.equal(rig.counters.retries, 0);
    });
  }

  it("are made for the statuses that the policy names", async () => {
    await twoCopies({ "retries.on": "", "retries.statuses": "429" }, status(429), fine);
    assert.equal((await rig.call()).body, "fine");
  });

  it("send a body again as it was", async () => {
    await twoCopies({ "retries.on": "gateway-error" }, status(503), fine);
    assert.equal((await rig.call({ method: "PUT", body: "the whole state" })).body, "fine");
    assert.deepEqual(seen, ["PUT the whole state", "PUT the whole state"]);
  });

  it("are never made of a POST that an application has seen", async () => {
    const on = "connect-failure,refused,reset,timeout,5xx,gateway-error,retriable-4xx";
    await twoCopies({ "retries.on": on, "retries.statuses": "503" }, status(503), fine);
    const answer = await rig.call({ method: "POST", body: "an order" });
    assert.deepEqual([answer.status, answer.body], [503, "answer of 503"]);
    assert.deepEqual(seen, ["POST an order"]);
  });

  it("are made of a POST when the policy says that twice is no harm", async () => {
    await twoCopies({ "retries.on": "gateway-error,non-idempotent" }, status(503), fine);
    assert.equal((await rig.call({ method: "POST", body: "an order" })).body, "fine");
    assert.deepEqual(seen, ["POST an order", "POST an order"]);
  });

  it("are not made of a body that was too long to keep", async () => {
    await twoCopies({ "retries.on": "gateway-error" }, status(503), fine);
    const answer = await rig.call({ method: "PUT", body: Buffer.alloc(200_000, "x") });
    assert.equal(answer.status, 503);
    assert.equal(seen.length, 1);
  });

  it("end with the last answer, which is passed on whole", async () => {
    await twoCopies({ "retries.on": "5xx", "retries.attempts": "1" }, status(500), status(502));
    const answer = await rig.call();
    assert.deepEqual([answer.status, answer.body], [502, "answer of 502"]);
    assert.equal(answer.headers["x-mesh-failure"], undefined);
    assert.equal(seen.length, 2);
  });

  for (const attempts of [0, 1, 3]) {
    it(`are ${attempts} at most when the policy says so, also with fewer copies`, async () => {
      await twoCopies({ "retries.on": "5xx", "retries.attempts": `${attempts}` }, status(500));
      assert.equal((await rig.call()).status, 500);
      assert.equal(seen.length, 1 + attempts);
    });
  }

  it("go to the only copy again, since it may have been a moment's weakness", async () => {
    const port = await rig.copy(scripted(status(503), fine));
    await rig.offer([port], { ...QUICK, "retries.on": "gateway-error" });
    assert.equal((await rig.call()).body, "fine");
  });

  it("leave the connection of a long answer that nobody wants in order", async () => {
    const long: Answer = (_request, response) =>
      void response.writeHead(503).end(Buffer.alloc(1_000_000, "x"));
    await twoCopies({ "retries.on": "gateway-error" }, long, fine, long, fine);
    assert.equal((await rig.call()).body, "fine");
    assert.equal((await rig.call()).body, "fine");
  });

  it("find the copy that is left without costing a retry", async () => {
    const gone = [await freePort(), await rig.sidecarBefore(await freePort()), await freePort()];
    await rig.offer([...gone, await rig.copy(scripted(fine))], { "retries.attempts": "0" });
    for (let request = 0; request < 4; request += 1) {
      assert.equal((await rig.call({ method: "POST", body: "x" })).body, "fine");
    }
    assert.equal(rig.counters.retries, 0);
  });

  it("go nowhere else after a failed connection when the policy does not want it", async () => {
    const ports = [await freePort(), await rig.copy(scripted(fine))];
    await rig.offer(ports, { "retries.on": "reset" });
    const codes = [await rig.call(), await rig.call()].map(({ status: code }) => code);
    assert.deepEqual(codes.toSorted(), [200, 503]);
  });

  it("are stopped by the budget: a service that fails always gets less than 1.25 times its load", async () => {
    await twoCopies({ "retries.on": "5xx", "retries.attempts": "5" }, status(500));
    const requests = 200;
    for (let sent = 0; sent < requests; sent += 20) {
      await Promise.all(Array.from({ length: 20 }, () => rig.call()));
    }
    assert.ok(seen.length > requests, `${seen.length}`);
    assert.ok(seen.length <= requests * 1.25, `${seen.length} for ${requests}`);
    assert.equal(rig.counters.retries, seen.length - requests);
  });

  it("are so many at once as the limit says", async () => {
    let asked = 0;
    const held: ServerResponse[] = [];
    const port = await rig.copy((_request, response) => {
      asked += 1;
      if (asked <= 4) response.writeHead(503).end();
      else held.push(response);
    });
    await rig.offer([port], {
      ...{ ...QUICK, "retries.on": "gateway-error", "retries.budget": "100" },
      ...{ "limits.retries": "1", "retries.budget-min": "100" },
    });
    const answers = Array.from({ length: 4 }, () => rig.call());
    const first = await Promise.race([
      Promise.all(answers).then(() => "all"),
      Promise.any(answers).then(({ status: code }) => code),
    ]);
    assert.equal(first, 503);
    const settled = Promise.all(answers);
    while (held.length < 1) await new Promise((resolve) => setImmediate(resolve));
    for (const response of held) response.end("fine");
    const statuses = (await settled).map(({ status: code }) => code).toSorted();
    assert.deepEqual(statuses, [200, 503, 503, 503]);
  });
});
