import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { KnownService } from "../../../proxy/configuration/outbound-routes.ts";
import { Calls } from "../../../proxy/metrics/calls.ts";
import { ServiceConduct } from "../../../proxy/resilience/service-conduct.ts";

const POLICY = { "limits.requests": "1", "retries.budget": "0", "retries.budget-min": "2" };
const NOTHING = { service: "orders", retries: 0, ejections: 0, overflows: {}, open: [] };

describe("the calls that a sidecar counts", () => {
  let calls: Calls;
  let conduct: ServiceConduct;
  let services: ReadonlyMap<string, KnownService>;

  beforeEach(() => {
    calls = new Calls();
    conduct = new ServiceConduct(POLICY);
    services = new Map([["orders", { conduct, ports: new Map() }]]);
  });

  const retry = (): boolean => conduct.conduct.budget.withdraw(0);

  it("are none of a service about which there has never been anything to tell", () => {
    assert.deepEqual(calls.take(services), []);
  });

  it("are told once, and the service is named from then on", () => {
    retry();
    assert.deepEqual(calls.take(services), [{ ...NOTHING, retries: 1 }]);
    assert.deepEqual(calls.take(services), [NOTHING]);
    retry();
    retry();
    const overflows = { "retry-budget": 1 };
    assert.deepEqual(calls.take(services), [{ ...NOTHING, retries: 1, overflows }]);
  });

  it("are told again when nobody has heard of them, together with what came since", () => {
    retry();
    const lost = calls.take(services);
    retry();
    calls.giveBack(lost, services);
    assert.deepEqual(calls.take(services), [{ ...NOTHING, retries: 2 }]);
    assert.deepEqual(calls.take(services), [NOTHING]);
  });

  it("say which limits are reached at the moment", () => {
    conduct.breaker.enter();
    assert.deepEqual(calls.take(services), [{ ...NOTHING, open: ["requests"] }]);
    assert.equal(conduct.breaker.enter(), false);
    conduct.breaker.leave();
    assert.deepEqual(calls.take(services), [{ ...NOTHING, overflows: { requests: 1 } }]);
  });

  it("begin anew with a service that was away", () => {
    retry();
    calls.take(services);
    const again = new ServiceConduct(POLICY);
    again.conduct.budget.withdraw(0);
    const later = new Map([["orders", { conduct: again, ports: new Map() }]]);
    assert.deepEqual(calls.take(later), [{ ...NOTHING, retries: 1 }]);
  });
});
