import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
import { ServicePolicies } from "../../../plugin/policy/service-policies.ts";
import type { PoliciesView } from "../../../registry/policy-store.ts";
import { NO_INTENTIONS, policiesView, storedPolicy } from "../../helpers/policies.ts";

describe("what is known of policies", () => {
  let state: PolicyState;

  beforeEach(() => {
    state = new PolicyState();
  });

  it("is enough once policies and intentions have been heard of", () => {
    assert.equal(state.isComplete, false);
    state.setPolicies(policiesView({}));
    assert.equal(state.isComplete, false);
    state.setIntentions(NO_INTENTIONS);
    assert.equal(state.isComplete, true);
  });

  it("is the newest", () => {
    state.setPolicies(policiesView({ "shop-orders": { audit: "true" }, "*": { audit: "false" } }));
    assert.deepEqual(state.document("shop-orders"), { audit: "true" });
    assert.deepEqual([state.version("shop-orders"), state.version("shop-web")], [1, 0]);
    state.setPolicies(policiesView({ "*": { audit: "false" } }));
    assert.deepEqual(state.document("shop-orders"), {});
  });

  const damaged = storedPolicy("shop-orders", { audit: "true", "retries.attempts": "-1" }, 2);

  it("keeps the last good document where the newest does not hold up", () => {
    state.setPolicies(policiesView({ "shop-orders": { audit: "false" } }));
    state.setPolicies({ policies: new Map([["shop-orders", damaged]]), problems: [] });
    assert.deepEqual(state.document("shop-orders"), { audit: "false" });
    assert.equal(state.version("shop-orders"), 1);
    const [problem] = state.problems;
    assert.equal(problem?.code, "POLICY_INVALID");
    assert.match(
      problem?.message ?? "",
      /^version 2 of the stored policy is left aside as a whole, version 1 stays in force: retries\.attempts: expected/,
    );
    state.setPolicies(policiesView({ "shop-orders": { audit: "true" } }));
    assert.deepEqual([state.document("shop-orders"), state.problems], [{ audit: "true" }, []]);
  });

  describe("of a document that does not hold up, with no good one before", () => {
    const of = (document: PolicyDocument, service = "shop-orders", version = 2): PoliciesView => ({
      policies: new Map([[service, storedPolicy(service, document, version)]]),
      problems: [],
    });

    it("is what can be understood: an agent that has just started opens nothing by that", () => {
      state.setPolicies(of({ "default-action": "deny", "a-field-of-tomorrow": "1" }, "*"));
      const { caller, callee } = new ServicePolicies(state).of("shop-orders");
      assert.equal(callee["default-action"], "deny");
      assert.equal(readPolicy(caller.document, "lenient").policy.retries.attempts, 2);
      assert.match(
        state.problems[0]?.message ?? "",
        /^version 2 of the stored policy is in force as far as it is understood, and what is unclear about access refuses: a-field-of-tomorrow: /,
      );
    });

    it("refuses where access is what is not understood", () => {
      state.setPolicies(of({ allow: "web;api" }));
      const { callee } = new ServicePolicies(state).of("shop-orders");
      assert.deepEqual(
        readPolicy(callee, "lenient").policy.access.rules.map(({ name, callers }) => [
          name,
          callers,
        ]),
        [["allow", []]],
      );
    });

    it("follows further edits, and is no good one for later", () => {
      state.setPolicies(of({ audit: "maybe", "retries.attempts": "-1" }));
      state.setPolicies(of({ audit: "true", "retries.attempts": "-1" }, "shop-orders", 3));
      assert.deepEqual(
        [state.version("shop-orders"), state.document("shop-orders")["audit"]],
        [3, "true"],
      );
      state.setPolicies(policiesView({ "shop-orders": { audit: "false" } }));
      state.setPolicies(of({ audit: "maybe" }));
      assert.deepEqual(state.document("shop-orders"), { audit: "false" });
    });
  });

  it("tells ten problems of a document, and how many more there are", () => {
    const names = Array.from({ length: 3_000 }, (_, number) => `not-a-field-${number}`);
    const long = `x${"y".repeat(100_000)}`;
    const nonsense = Object.fromEntries([long, ...names].map((name) => [name, "1"]));
    const damagedAltogether = storedPolicy("shop-orders", nonsense, 2);
    state.setPolicies({ policies: new Map([["shop-orders", damagedAltogether]]), problems: [] });
    const message = state.problems[0]?.message ?? "";
    assert.match(message, /not-a-field-8: expected a field[^;]*; and 2992 more$/);
    assert.ok(message.length < 2_000);
  });

  it("tells what the stores cannot read, and what of intentions cannot be followed to the letter", () => {
    state.setPolicies({ policies: new Map(), problems: ["the entry a is no JSON"] });
    state.setIntentions({ ...NO_INTENTIONS, problems: ["an intention has another kind of match"] });
    assert.deepEqual(
      state.problems.map(({ subject, message }) => `${subject}: ${message}`),
      ["policy: the entry a is no JSON", "intentions: an intention has another kind of match"],
    );
  });
});
