// Requests through real sidecars: what the caller's tells its agent of retries, ejections and limits.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { CallsReport } from "../../proxy/configuration/calls-report.ts";
import { eventually } from "../helpers/eventually.ts";
import { call } from "../helpers/http-call.ts";
import { connectPair, type Pair, SidecarRig, type TestSidecar } from "../helpers/sidecar-rig.ts";

/** All that it has told of the service, added up; `open` is what it said last. */
function toldBy({ agent }: TestSidecar): CallsReport {
  const reports = agent.reports.flatMap(({ calls = [] }) => calls);
  const sum = (count: (report: CallsReport) => number): number =>
    reports.reduce((total, report) => total + count(report), 0);
  const limits = new Set(reports.flatMap(({ overflows }) => Object.keys(overflows)));
  const overflows = Object.fromEntries(
    [...limits].map((limit) => [
      limit,
      sum((report) => (report.overflows as Record<string, number>)[limit] ?? 0),
    ]),
  );
  return {
    ...{ service: reports[0]?.service ?? "", overflows, open: reports.at(-1)?.open ?? [] },
    ...{ retries: sum((report) => report.retries), ejections: sum((report) => report.ejections) },
  };
}

describe("what sidecars report of calls", () => {
  let rig: SidecarRig;
  let failing: boolean;
  let held: (() => void)[];

  beforeEach(async () => {
    rig = await SidecarRig.create();
    failing = false;
    held = [];
  });

  afterEach(async () => {
    for (const answer of held) answer();
    await rig[Symbol.asyncDispose]();
  });

  /** With this policy of the callee; `/held` is answered when the test ends. */
  async function connected(policy: Readonly<Record<string, string>>): Promise<Pair> {
    const application = await rig.httpApplication((request, response) => {
      response.statusCode = failing ? 503 : 200;
      if (request.url === "/held") held.push(() => response.end());
      else response.end();
    });
    const pair = await connectPair(rig, application);
    await pair.caller.configure({ outbound: [{ ...pair.outbound, policy }] });
    return pair;
  }

  it("is nothing while there is nothing to tell", async () => {
    const { at, caller } = await connected({});
    await call(at);
    await eventually(() => assert.ok(caller.agent.reports.some(({ traffic }) => traffic)));
    assert.ok(caller.agent.reports.every(({ calls }) => calls === undefined));
  });

  it("is each retry once", async () => {
    const { at, caller } = await connected({
      ...{ "retries.on": "gateway-error", "retries.attempts": "2", "retries.backoff": "1ms" },
      ...{ "outlier.consecutive-5xx": "0", "outlier.consecutive-gateway-failures": "0" },
      "retries.budget-min": "100",
    });
    failing = true;
    for (let number = 0; number < 3; number += 1) await call(at);
    await eventually(() => {
      const { service, retries, ejections } = toldBy(caller);
      assert.deepEqual([service, retries, ejections], ["shop-orders", 6, 0]);
    });
  });

  it("is what the budget has kept back", async () => {
    const { at, caller } = await connected({
      ...{ "retries.on": "gateway-error", "retries.attempts": "1", "retries.backoff": "1ms" },
      ...{ "retries.budget": "0", "retries.budget-min": "0" },
    });
    failing = true;
    await call(at);
    await eventually(() => assert.deepEqual(toldBy(caller).overflows, { "retry-budget": 1 }));
    assert.equal(toldBy(caller).retries, 0);
  });

  it("is a limit while it is reached, and each request that it kept back", async () => {
    const { at, caller } = await connected({ "limits.requests": "1" });
    const first = call({ ...at, path: "/held" });
    await eventually(() => assert.equal(held.length, 1));
    assert.equal((await call(at)).status, 503);
    await eventually(() => {
      const { open, overflows } = toldBy(caller);
      assert.deepEqual([open, overflows], [["requests"], { requests: 1 }]);
    });
    for (const answer of held.splice(0)) answer();
    await first;
    await eventually(() => assert.deepEqual(toldBy(caller).open, []));
  });
});
