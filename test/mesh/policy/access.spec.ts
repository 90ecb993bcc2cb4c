import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { AccessPolicy, AccessRule, JwtPolicy } from "../../../mesh/policy/policy.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";

const EVERY_REQUEST = { path: undefined, methods: [], headers: [], query: [] };

function access(document: PolicyDocument, mode: "strict" | "lenient" = "strict"): AccessPolicy {
  const { policy, problems } = readPolicy(document, mode);
  if (mode === "strict") assert.deepEqual(problems, []);
  return policy.access;
}

function onlyRule(document: PolicyDocument): AccessRule {
  const { rules } = access(document, "lenient");
  assert.equal(rules.length, 1);
  return rules[0] as AccessRule;
}

describe("access by policy", () => {
  it("names callers in every way", () => {
    const uri = "spiffe://a.consul/ns/default/dc/dc1/svc/web";
    const { rules } = access({ allow: `web, shop-*, anonymous, ${uri}`, deny: "*" });
    assert.deepEqual(rules, [
      {
        name: "allow",
        action: "allow",
        callers: [
          { kind: "service", text: "web" },
          { kind: "prefix", text: "shop-" },
          { kind: "anonymous" },
          { kind: "uri", text: uri },
        ],
        match: EVERY_REQUEST,
        claims: [],
      },
      {
        name: "deny",
        action: "deny",
        callers: [{ kind: "any" }],
        match: EVERY_REQUEST,
        claims: [],
      },
    ]);
  });

  it("has rules by name, for everybody unless they name callers", () => {
    const { rules } = access({
      "rule.admin.action": "deny",
      "rule.admin.path-prefix": "/admin/",
      "rule.staff.action": "allow",
      "rule.staff.callers": "web",
      "rule.staff.claims": "Role=admin",
      "rule.asleep.action": "deny",
      "rule.asleep.enabled": "false",
    });
    assert.deepEqual(
      rules.map(({ name, action, callers }) => [name, action, callers]),
      [
        ["admin", "deny", [{ kind: "any" }]],
        ["staff", "allow", [{ kind: "service", text: "web" }]],
      ],
    );
    assert.deepEqual(rules[0]?.match.path, { kind: "prefix", text: "/admin/" });
    assert.equal(rules[1]?.claims[0]?.name, "Role");
  });

  it("needs an action for every rule", () => {
    const { problems } = readPolicy({ "rule.admin.callers": "web" }, "strict");
    assert.deepEqual(problems, [
      {
        field: "rule.admin.action",
        message: "expected allow or deny, found nothing",
        conflict: true,
      },
    ]);
  });
});

describe("access by a policy that is not understood", () => {
  it("permits nobody by an unread list", () => {
    assert.deepEqual(onlyRule({ allow: "group:staff" }).callers, []);
  });

  it("refuses everybody by an unread list", () => {
    assert.deepEqual(onlyRule({ deny: "group:staff" }).callers, [{ kind: "any" }]);
  });

  it("refuses by default when the default is unread", () => {
    assert.equal(access({ "default-action": "ask" }, "lenient").defaultAction, "deny");
  });

  for (const [title, extra] of [
    ["unread conditions", { "rule.r.headers": "x-a=~(b)\\1" }],
    ["unread callers", { "rule.r.callers": "group:staff" }],
    ["conditions that are not known here", { "rule.r.weekday": "monday" }],
    ["two kinds of path", { "rule.r.path": "/a", "rule.r.path-prefix": "/b" }],
  ] as const) {
    it(`permits nobody by a rule with ${title}`, () => {
      const rule = onlyRule({ "rule.r.action": "allow", ...extra });
      assert.deepEqual([rule.action, rule.callers], ["allow", []]);
    });

    it(`refuses at least as much by a rule with ${title}`, () => {
      const rule = onlyRule({ "rule.r.action": "deny", ...extra });
      assert.deepEqual(
        [rule.action, rule.callers, rule.match],
        ["deny", [{ kind: "any" }], EVERY_REQUEST],
      );
    });
  }

  it("permits nobody by a rule that is named in a way not known here", () => {
    for (const name of ["Staff", "staff.night", "*", ""]) {
      const rule = onlyRule({ [`rule.${name}.action`]: "allow", [`rule.${name}.callers`]: "web" });
      assert.deepEqual([rule.action, rule.callers], ["allow", []], name);
    }
  });

  it("permits nobody by a rule whose action is unread or missing", () => {
    for (const document of [{ "rule.r.action": "ask" }, { "rule.r.callers": "web" }]) {
      const rule = onlyRule(document);
      assert.deepEqual([rule.action, rule.callers], ["allow", []]);
    }
  });
});

describe("tokens by policy", () => {
  const both = { "jwt.issuer": "https://login.example/", "jwt.jwks": "https://login.example/keys" };

  function jwt(document: PolicyDocument): JwtPolicy | undefined {
    return readPolicy(document, "lenient").policy.jwt;
  }

  it("need issuer and keys", () => {
    assert.deepEqual(jwt({ ...both, "jwt.audiences": "shop, admin", "jwt.required": "false" }), {
      issuer: "https://login.example/",
      audiences: ["shop", "admin"],
      jwks: "https://login.example/keys",
      required: false,
      claims: [],
    });
  });

  for (const [given, missing] of [
    ["jwt.issuer", "jwt.jwks"],
    ["jwt.jwks", "jwt.issuer"],
  ] as const) {
    it(`are refused with ${given} alone`, () => {
      const { problems } = readPolicy({ [given]: both[given] }, "strict");
      const message = `expected ${missing} beside it, found nothing`;
      assert.deepEqual(problems, [{ field: given, message, conflict: true }]);
    });
  }

  it("are nobody's business when both are taken away", () => {
    assert.equal(jwt({ "jwt.issuer": "", "jwt.jwks": "", "jwt.required": "true" }), undefined);
  });

  for (const [title, document] of [
    ["half of it is missing", { "jwt.issuer": "https://login.example/" }],
    ["a condition is unread", { ...both, "jwt.claims": "a=~(b)\\1" }],
    ["audiences are unread", { ...both, "jwt.audiences": "a b" }],
    ["a field is not known here", { ...both, "jwt.maximum-age": "1h" }],
  ] as const) {
    it(`let nobody in when ${title}`, () => {
      const policy = jwt({ ...document, "jwt.required": "false" });
      assert.equal(policy?.required, true);
      assert.deepEqual(policy.claims, [{ name: "", kind: "regex", text: "", matcher: undefined }]);
    });
  }
});
