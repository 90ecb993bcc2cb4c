import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
import { ServicePolicies } from "../../../plugin/policy/service-policies.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import { NO_INTENTIONS, policiesView } from "../../helpers/policies.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";
import { SHOP } from "../api/sources.ts";

interface Said {
  readonly mesh?: PolicyDocument;
  readonly label?: PolicyDocument;
  readonly policy?: PolicyDocument;
}

function policiesOf({ mesh = {}, label = {}, policy = {} }: Said): ServicePolicies {
  const state = new PolicyState();
  state.setPolicies(policiesView({ "*": mesh, "shop-orders": policy }));
  state.setIntentions(NO_INTENTIONS);
  const policies = new ServicePolicies(state);
  policies.refresh([toInstance(workloadOf("orders", "a", { policy: label }), NODE)], SHOP);
  return policies;
}

const FIELD = "balance.algorithm";

describe("the policy of a service", () => {
  for (const [said, value] of [
    [{}, "peak-ewma"],
    [{ mesh: { [FIELD]: "random" } }, "random"],
    [{ mesh: { [FIELD]: "random" }, label: { [FIELD]: "maglev" } }, "maglev"],
    [{ label: { [FIELD]: "maglev" }, policy: { [FIELD]: "round-robin" } }, "round-robin"],
    [{ mesh: { [FIELD]: "random" }, policy: { [FIELD]: "round-robin" } }, "round-robin"],
  ] as const) {
    it(`is ${value} with ${JSON.stringify(said)}`, () => {
      const { caller } = policiesOf(said).of("shop-orders");
      assert.equal(caller.document[FIELD], value);
    });
  }

  it("has for callers what concerns callers and for itself what concerns itself, all of it", () => {
    const { caller, callee } = policiesOf({}).of("shop-orders");
    for (const name of ["balance.algorithm", "retries.attempts", "outlier.interval", "split"]) {
      assert.ok(Object.hasOwn(caller.document, name) && !Object.hasOwn(callee, name), name);
    }
    for (const name of ["allow", "default-action", "limits.rate", "check.interval"]) {
      assert.ok(Object.hasOwn(callee, name) && !Object.hasOwn(caller.document, name), name);
    }
    assert.deepEqual(readPolicy(callee, "strict").problems, []);
  });

  it("names other services as the catalog does, and says which", () => {
    const policy = {
      ...{ failover: "backup", "route.a.service": "web", "route.a.mirror": "copy@v2" },
      ...{ "route.a.failover": "backup,spare", "route.b.mirror": "@v2", allow: "web" },
    };
    const { caller, callee } = policiesOf({ policy }).of("shop-orders");
    assert.equal(caller.document["failover"], "shop-backup");
    assert.deepEqual(caller.services, ["shop-backup", "shop-copy", "shop-spare", "shop-web"]);
    assert.equal(callee["allow"], "shop-web");
  });

  it("understands names in what holds for the mesh within each service's own project", () => {
    assert.equal(
      policiesOf({ mesh: { allow: "web" } }).of("shop-orders").callee["allow"],
      "shop-web",
    );
  });

  it("says where the keys are only when tokens are checked", () => {
    const jwks = { "jwt.jwks": "https://login.example/keys" };
    assert.equal(policiesOf({}).of("shop-orders").keySet, undefined);
    const both = policiesOf({ mesh: jwks, label: { "jwt.issuer": "https://login.example" } });
    assert.equal(both.of("shop-orders").keySet, "https://login.example/keys");
  });

  it("tells what contradicts itself only now that all is together", () => {
    const said = { label: { "route.a.path": "/a" }, policy: { "route.a.path-prefix": "/b" } };
    const [problem, ...others] = policiesOf(said).problems;
    assert.deepEqual(
      [problem?.subject, problem?.code, others],
      ["shop-orders", "POLICY_INVALID", []],
    );
    assert.match(problem?.message ?? "", /route\.a\.path-prefix: expected one of path/);
  });

  it("keeps what the labels said when the last copy is gone, for that is when stand-ins are needed", () => {
    const policies = policiesOf({ label: { failover: "backup" } });
    policies.refresh([], SHOP);
    assert.equal(policies.of("shop-orders").caller.document["failover"], "shop-backup");
    policies.refresh([], []);
    assert.equal(policies.of("shop-orders").caller.document["failover"], "");
  });

  it("is worked out anew only when something about it has changed", () => {
    const policies = policiesOf({ label: { failover: "web" } });
    const before = policies.of("shop-orders");
    const copies = [toInstance(workloadOf("orders", "a", { policy: { failover: "web" } }), NODE)];
    policies.refresh(copies, structuredClone(SHOP));
    assert.equal(policies.of("shop-orders"), before);
    const renamed = [{ service: "front", aliases: [{ project: "shop", alias: "web" }] }];
    policies.refresh(copies, [...SHOP.slice(0, 1), ...renamed]);
    assert.equal(policies.of("shop-orders").caller.document["failover"], "front");
  });
});
