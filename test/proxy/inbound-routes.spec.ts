// Which changes of a policy make what is in flight be judged anew.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../mesh/policy/document.ts";
import { ACCESS_FIELDS, JWT_FIELDS, RULE_FIELDS } from "../../mesh/policy/fields/access.ts";
import { ALL_FIELDS } from "../../mesh/policy/fields.ts";
import { buildInbound, type InboundRoutes } from "../../proxy/configuration/inbound-routes.ts";
import type { Snapshot } from "../../proxy/configuration/snapshot.ts";
import { TRUST_DOMAIN } from "../helpers/certificates.ts";
import { NO_POLICY } from "../helpers/plans.ts";

function build(policy: PolicyDocument, previous?: InboundRoutes): InboundRoutes {
  const certificates = { trustDomain: TRUST_DOMAIN };
  const parts = { service: "shop-orders", certificates, inbound: [], ...NO_POLICY, policy };
  const source = {
    sidecar: () => assert.fail("nobody is called"),
    application: () => assert.fail("there are no ports"),
  };
  return buildInbound(parts as unknown as Snapshot, source, previous);
}

const OF_ACCESS: ReadonlySet<string> = new Set(
  [ACCESS_FIELDS, RULE_FIELDS, JWT_FIELDS]
    .flatMap((fields) => Object.values(fields))
    .map(({ name }) => name),
);

describe("a change of policy", () => {
  for (const { name, example } of ALL_FIELDS) {
    const judges = OF_ACCESS.has(name);
    it(`in ${name} ${judges ? "makes what is in flight be judged anew" : "leaves what is in flight alone"}`, () => {
      const before = build({});
      const after = build({ [name.replace("<name>", "x")]: example }, before);
      assert.equal(after.accessChanged, judges);
      assert.equal(build({}, build({})).accessChanged, false);
    });
  }

  it("in a part of a rule that is not known here makes what is in flight be judged anew", () => {
    assert.equal(build({ "rule.x.newer": "y" }, build({})).accessChanged, true);
    assert.equal(build({ "jwt.newer": "y" }, build({})).accessChanged, true);
  });
});
