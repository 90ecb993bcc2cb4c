import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { diffDocuments } from "../../../mesh/policy/diff.ts";
import { SINGLE_FIELDS } from "../../../mesh/policy/fields.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { resolvePolicy } from "../../../mesh/policy/resolve.ts";

describe("the policy in force", () => {
  it("has every field with its default when nobody says anything", () => {
    const { document, fields } = resolvePolicy([]);
    assert.deepEqual(Object.keys(document), SINGLE_FIELDS.map(({ name }) => name).sort());
    assert.equal(document["timeouts.connect"], "1s");
    assert.ok(fields.every(({ source }) => source === "default"));
  });

  it("takes each field from the strongest source that says it", () => {
    const { document, fields } = resolvePolicy([
      {
        source: "mesh",
        document: { "default-action": "deny", "timeouts.request": "10s", audit: "true" },
      },
      {
        source: "label",
        document: { "timeouts.request": "5s", allow: "web", "route.a.service": "b" },
      },
      { source: "policy", document: { "timeouts.request": "2s", "route.a.delay": "1s" } },
    ]);
    const said = fields.filter(({ source }) => source !== "default");
    assert.deepEqual(said, [
      { field: "allow", value: "web", source: "label" },
      { field: "audit", value: "true", source: "mesh" },
      { field: "default-action", value: "deny", source: "mesh" },
      { field: "route.a.delay", value: "1s", source: "policy" },
      { field: "route.a.service", value: "b", source: "label" },
      { field: "timeouts.request", value: "2s", source: "policy" },
    ]);
    assert.deepEqual(
      document,
      Object.fromEntries(fields.map(({ field, value }) => [field, value])),
    );
  });

  it("has none of what a stronger source takes away", () => {
    const { document } = resolvePolicy([
      { source: "label", document: { allow: "web", "retries.on": "5xx" } },
      { source: "policy", document: { allow: "", "retries.on": "" } },
    ]);
    const { policy } = readPolicy(document, "strict");
    assert.deepEqual([policy.access.rules, policy.retries.on], [[], []]);
  });

  it("keeps fields of who is newer", () => {
    const { document } = resolvePolicy([{ source: "policy", document: { "balance.spin": "up" } }]);
    assert.equal(document["balance.spin"], "up");
  });
});

describe("the difference between two documents", () => {
  it("is what was added, changed and taken away, by name", () => {
    assert.deepEqual(
      diffDocuments(
        { audit: "true", allow: "web", split: "" },
        { allow: "api", split: "", deny: "" },
      ),
      [
        { field: "allow", before: "web", after: "api" },
        { field: "audit", before: "true", after: undefined },
        { field: "deny", before: undefined, after: "" },
      ],
    );
  });

  it("is nothing between equal ones", () => {
    assert.deepEqual(diffDocuments({ allow: "web" }, { allow: "web" }), []);
    assert.deepEqual(diffDocuments({}, {}), []);
  });
});
