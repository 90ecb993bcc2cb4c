import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { PolicyState } from "../../../plugin/policy/policy-state.ts";
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

  it("is nothing of a service whose first document does not hold up", () => {
    state.setPolicies({ policies: new Map([["shop-orders", damaged]]), problems: [] });
    assert.deepEqual(state.document("shop-orders"), {});
    assert.match(state.problems[0]?.message ?? "", /as a whole, none is in force: /);
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
