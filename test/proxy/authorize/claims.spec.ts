// What rules see of a token's claims.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { DEFAULT_POLICY, readPolicy } from "../../../mesh/policy/read-policy.ts";
import { claimsMatch, claimValues } from "../../../proxy/authorize/claims.ts";

const CLAIMS = {
  sub: "user-1",
  age: 41,
  verified: true,
  roles: ["reader", "editor", { name: "owner" }],
  realm: { access: { roles: ["admin"] } },
  "https://shop.example/tenant": "blue",
  nothing: null,
  toString: "own",
};

const VALUES: readonly (readonly [name: string, values: readonly string[]])[] = [
  ["sub", ["user-1"]],
  ["age", ["41"]],
  ["verified", ["true"]],
  ["roles", ["reader", "editor"]],
  ["realm.access.roles", ["admin"]],
  ["realm.access", []],
  ["realm", []],
  ["https://shop.example/tenant", ["blue"]],
  ["nothing", []],
  ["Sub", []],
  ["toString", ["own"]],
  ["constructor", []],
  ["realm.constructor.name", []],
  ["roles.0", []],
  ["", []],
];

const CONDITIONS: readonly (readonly [text: string, holds: boolean])[] = [
  ["roles=editor", true],
  ["roles=admin", false],
  ["roles!=editor", false],
  ["roles!=admin", true],
  ["missing!=admin", true],
  ["missing", false],
  ["!missing", true],
  ["!roles", false],
  ["age=41,verified=true", true],
  ["age=41,verified=false", false],
  ["realm.access.roles^=adm", true],
  ["sub=~user-[0-9]+", true],
];

describe("the claims of a token", () => {
  for (const [name, values] of VALUES) {
    it(`${JSON.stringify(name)} has the values ${JSON.stringify(values)}`, () => {
      assert.deepEqual(claimValues(CLAIMS, name), values);
    });
  }
  for (const [text, holds] of CONDITIONS) {
    it(`${text} ${holds ? "holds" : "does not hold"}`, () => {
      const { jwt } = readPolicy(
        { "jwt.issuer": "i", "jwt.jwks": "https://i/", "jwt.claims": text },
        "strict",
      ).policy;
      assert.ok(jwt !== undefined && jwt.claims.length > 0);
      assert.equal(claimsMatch(jwt.claims, CLAIMS), holds);
    });
  }
  it("are none where there is no token", () => {
    assert.equal(DEFAULT_POLICY.jwt, undefined);
    assert.ok(claimsMatch([], undefined));
  });
});
