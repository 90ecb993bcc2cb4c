import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { labelPolicies } from "../../../plugin/policy/label-policies.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";

function copy(letter: string, createdAt: number, policy: PolicyDocument): Instance {
  const containerName = `shop-orders-${letter}`;
  return { ...toInstance(workloadOf("orders", letter), NODE), containerName, createdAt, policy };
}

const RANDOM = { "balance.algorithm": "random" };
const MAGLEV = { "balance.algorithm": "maglev", audit: "true" };

describe("what labels say about a service's policy", () => {
  it("counts when all copies agree, in whichever order they say it", () => {
    const reversed = Object.fromEntries(Object.entries(MAGLEV).reverse());
    const { facts, problems } = labelPolicies([copy("a", 1, MAGLEV), copy("b", 2, reversed)]);
    assert.deepEqual(facts.get("shop-orders"), { project: "shop", labels: reversed });
    assert.deepEqual(problems, []);
  });

  it("is what the youngest says as a whole, and the others are named", () => {
    const copies = [copy("b", 2, RANDOM), copy("c", 3, { audit: "true" }), copy("a", 1, MAGLEV)];
    const { facts, problems } = labelPolicies(copies);
    assert.deepEqual(facts.get("shop-orders")?.labels, { audit: "true" });
    assert.deepEqual(problems, [
      {
        ...{ subject: "shop-orders", code: "LABEL_CONFLICT" },
        message:
          "its containers have different labels about policy: those of shop-orders-c, the youngest, count, not those of shop-orders-a, shop-orders-b: recreate these",
      },
    ]);
  });

  it("is told again while nothing changes, and read again when a copy does", () => {
    const [a, b] = [copy("a", 1, RANDOM), copy("b", 2, MAGLEV)];
    const first = labelPolicies([a, b]);
    assert.equal(first.problems.length, 1);
    const second = labelPolicies([a, b], first);
    assert.deepEqual([second.facts, second.problems], [first.facts, first.problems]);
    const third = labelPolicies([a, copy("b", 2, RANDOM)], second);
    assert.deepEqual(third.problems, []);
    assert.deepEqual(third.facts.get("shop-orders")?.labels, RANDOM);
    assert.equal(labelPolicies([], third).facts.size, 0);
  });

  it("is the same for every agent when several started at once", () => {
    const copies = [copy("b", 1, RANDOM), copy("a", 1, MAGLEV)];
    const { facts } = labelPolicies(copies);
    assert.deepEqual(facts.get("shop-orders")?.labels, MAGLEV);
    assert.deepEqual(labelPolicies(copies.reverse()).facts, facts);
  });

  it("may be nothing", () => {
    const { facts, problems } = labelPolicies([copy("a", 1, RANDOM), copy("b", 2, {})]);
    assert.deepEqual(facts.get("shop-orders")?.labels, {});
    assert.equal(problems.length, 1);
  });

  it("is left aside as a whole where somebody wrote nonsense into the catalog", () => {
    const nonsense = { "balance.algorithm": "randon", audit: "true" };
    const { facts, problems } = labelPolicies([copy("a", 1, RANDOM), copy("b", 2, nonsense)]);
    assert.deepEqual(facts.get("shop-orders")?.labels, RANDOM);
    assert.match(
      problems.map(({ subject, code, message }) => `${subject} ${code} ${message}`).join(),
      /^shop-orders POLICY_INVALID what the labels of shop-orders-b say .* balance\.algorithm: [^;]*$/,
    );
  });
});
