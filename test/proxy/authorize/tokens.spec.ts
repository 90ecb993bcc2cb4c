// Tokens of end users: which are believed, which are not, and for how long.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { JwtPolicy } from "../../../mesh/policy/policy.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { LONGEST_TOKEN, readBearer } from "../../../proxy/authorize/bearer.ts";
import { MAX_TOKENS, TokenChecks } from "../../../proxy/authorize/token-checks.ts";
import {
  createKey,
  ISSUER,
  inAnHour,
  keySet,
  signingInput,
  tokenBy,
  tokenBySecret,
} from "../../helpers/tokens.ts";
import { requestView } from "./judging.ts";

const NOW = Date.UTC(2026, 5, 1);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function policyWith(more: Readonly<Record<string, string>> = {}): JwtPolicy {
  const fields = { "jwt.issuer": ISSUER, "jwt.jwks": "https://login.test/keys", ...more };
  const { jwt } = readPolicy(fields, "strict").policy;
  assert.ok(jwt !== undefined);
  return jwt;
}

const KEY = createKey("one");
const RSA = createKey("rsa", "RS256");
const EDWARDS = createKey("ed", "EdDSA");
const STRANGER = createKey("one");
const KEYS = keySet(KEY, RSA, EDWARDS);

const ours = { exp: inAnHour(NOW) };

/** `accepted`, or why not. */
async function check(checks: TokenChecks, token: string): Promise<string> {
  const { refused } = await checks.check(token);
  return refused ?? "accepted";
}

const fresh = (policy = policyWith(), jwks: string | undefined = KEYS): TokenChecks =>
  new TokenChecks(policy, jwks, () => NOW);

const unsigned = `${signingInput({ alg: "none" }, ours)}.`;

const ACCEPTED: readonly (readonly [what: string, token: string])[] = [
  ["signed with ES256", tokenBy(KEY, ours)],
  ["signed with RS256", tokenBy(RSA, ours)],
  ["signed with EdDSA", tokenBy(EDWARDS, ours)],
  ["that does not name its key", tokenBy(KEY, ours, { kid: undefined })],
  ["that expired within the leeway", tokenBy(KEY, { exp: NOW / SECOND - 29 })],
  ["that is valid from within the leeway", tokenBy(KEY, { ...ours, nbf: NOW / SECOND + 29 })],
];

const REFUSED: readonly (readonly [what: string, token: string])[] = [
  ["of somebody else's key of the same name", tokenBy(STRANGER, ours)],
  ["of an unknown key", tokenBy(createKey("two"), ours)],
  [
    "whose key is a path into the file system",
    tokenBy(STRANGER, ours, { kid: "../../etc/passwd" }),
  ],
  ["that brings its own key", tokenBy(STRANGER, ours, { jwk: STRANGER.jwk })],
  ["that says where its key is", tokenBy(STRANGER, ours, { jku: "https://evil.test/" })],
  ["that says it is not signed", `${unsigned}AA`],
  ["signed with the public key as a secret", tokenBySecret(JSON.stringify(KEY.jwk), ours)],
  ["signed with another algorithm than its key's", tokenBy(RSA, ours, { alg: "PS256" })],
  ["that demands an extension", tokenBy(KEY, ours, { crit: ["x"], x: 1 })],
  ["of another issuer", tokenBy(KEY, { ...ours, iss: "https://evil.test/" })],
  ["of an issuer that begins alike", tokenBy(KEY, { ...ours, iss: `${ISSUER}x` })],
  ["that has expired", tokenBy(KEY, { exp: NOW / SECOND - 31 })],
  ["that never expires", tokenBy(KEY, { exp: undefined })],
  ["whose expiry is no number", tokenBy(KEY, { exp: "tomorrow" })],
  ["that is not valid yet", tokenBy(KEY, { ...ours, nbf: NOW / SECOND + 31 })],
  ["with changed claims", forge(tokenBy(KEY, ours))],
  ["that is no token", "a.b.c"],
];

function forge(token: string): string {
  const [header, , signature] = token.split(".");
  const [, claims] = signingInput({}, { ...ours, role: "admin" }).split(".");
  return `${header}.${claims}.${signature}`;
}

describe("a token of an end user", () => {
  for (const [what, token] of ACCEPTED) {
    it(`${what} is accepted`, async () => {
      assert.equal(await check(fresh(), token), "accepted");
    });
  }
  for (const [what, token] of REFUSED) {
    it(`${what} is refused`, async () => {
      assert.notEqual(await check(fresh(), token), "accepted");
    });
  }

  it("must be for one of the audiences, where there are any", async () => {
    const checks = fresh(policyWith({ "jwt.audiences": "shop,admin" }));
    assert.equal(await check(checks, tokenBy(KEY, { ...ours, aud: "shop" })), "accepted");
    assert.equal(await check(checks, tokenBy(KEY, { ...ours, aud: ["x", "admin"] })), "accepted");
    assert.notEqual(await check(checks, tokenBy(KEY, { ...ours, aud: "shop2" })), "accepted");
    assert.notEqual(await check(checks, tokenBy(KEY, ours)), "accepted");
  });

  it("must have the claims that are required", async () => {
    const checks = fresh(policyWith({ "jwt.claims": "roles=admin" }));
    assert.equal(await check(checks, tokenBy(KEY, { ...ours, roles: ["admin"] })), "accepted");
    const refused = await check(checks, tokenBy(KEY, ours));
    assert.equal(refused, "the token lacks a claim that is required");
  });

  it("is refused while there are no keys", async () => {
    const checks = new TokenChecks(policyWith(), undefined, () => NOW);
    assert.equal(await check(checks, tokenBy(KEY, ours)), "there are no keys of the issuer yet");
  });

  for (const jwks of ["", "[]", "{}", '{"keys":[null,1,{}]}']) {
    it(`is refused with ${jwks || "nothing"} for a key set`, async () => {
      assert.notEqual(await check(fresh(policyWith(), jwks), tokenBy(KEY, ours)), "accepted");
    });
  }

  it("is accepted with its key beside what is no key", async () => {
    const { jwk } = KEY;
    const jwks = JSON.stringify({ keys: [[], null, { kty: 7 }, { ...jwk, x: "!", y: "!" }, jwk] });
    assert.equal(await check(fresh(policyWith(), jwks), tokenBy(KEY, ours)), "accepted");
  });

  it("does not choose the words by which it is refused", async () => {
    const word = "that its bearer chose";
    const refused = await check(fresh(), tokenBy(KEY, ours, { crit: [word], [word]: 1 }));
    assert.ok(!refused.includes(word), refused);
  });

  it("signed with a secret that is among the public keys is refused", async () => {
    const secret = "0123456789abcdef0123456789abcdef";
    const jwk = { kty: "oct", k: Buffer.from(secret).toString("base64url"), alg: "HS256" };
    const checks = fresh(policyWith(), keySet({ jwk }, KEY));
    assert.notEqual(await check(checks, tokenBySecret(secret, ours)), "accepted");
  });

  it("is verified once and then known until it expires", async () => {
    let now = NOW;
    const checks = new TokenChecks(policyWith(), KEYS, () => now);
    const token = tokenBy(KEY, { ...ours, role: "admin" });
    assert.equal(checks.recall(token), undefined);
    const first = checks.check(token);
    assert.ok(first instanceof Promise);
    assert.equal(checks.check(token), first);
    await first;
    const again = checks.check(token);
    assert.ok(!(again instanceof Promise));
    assert.equal(again.claims?.["role"], "admin");
    now += 61 * MINUTE;
    const late = checks.check(token);
    assert.ok(!(late instanceof Promise));
    assert.equal(late.refused, "the token has expired");
  });

  it("is still known after other keys have come, and no longer once its own is gone", async () => {
    const before = fresh(policyWith(), keySet(KEY, RSA));
    const kept = tokenBy(KEY, ours);
    const gone = tokenBy(RSA, ours);
    await Promise.all([before.check(kept), before.check(gone)]);
    const after = new TokenChecks(policyWith(), keySet(EDWARDS, KEY), () => NOW, before);
    assert.equal(after.recall(kept)?.refused, undefined);
    assert.notEqual(after.recall(kept), undefined);
    assert.equal(after.recall(gone), undefined);
    assert.notEqual(await check(after, gone), "accepted");
  });

  it("is forgotten when what is wanted of tokens has changed", async () => {
    const before = fresh();
    const token = tokenBy(KEY, ours);
    await before.check(token);
    const stricter = policyWith({ "jwt.audiences": "shop" });
    const after = new TokenChecks(stricter, KEYS, () => NOW, before);
    assert.equal(after.recall(token), undefined);
    assert.notEqual(await check(after, token), "accepted");
  });

  it("that was not used for longest makes room for others", async function () {
    this.timeout(30_000);
    const checks = fresh();
    const first = tokenBy(KEY, { ...ours, number: -1 });
    const second = tokenBy(KEY, { ...ours, number: -2 });
    await checks.check(first);
    await checks.check(second);
    for (let number = 2; number < MAX_TOKENS; number += 1) {
      await checks.check(tokenBy(KEY, { ...ours, number }));
    }
    assert.notEqual(checks.recall(first), undefined);
    await checks.check(tokenBy(KEY, { ...ours, number: MAX_TOKENS }));
    assert.notEqual(checks.recall(first), undefined);
    assert.equal(checks.recall(second), undefined);
  });
});

const BEARERS: readonly (readonly [fields: readonly string[], found: string])[] = [
  [[], "none"],
  [["authorization: Bearer aa.bb.cc"], "token"],
  [["Authorization: bearer   aa.bb.cc"], "token"],
  [["authorization: Basic dTpw"], "none"],
  [["authorization: BearerX aa.bb.cc"], "none"],
  [["authorization: Bearer-X aa.bb.cc"], "none"],
  // What applications that are not as strict take for a token.
  [["authorization: Bearer\taa.bb.cc"], "unusable"],
  [["authorization: Bearer\xa0aa.bb.cc"], "unusable"],
  [["authorization: Bearer\x85aa.bb.cc"], "unusable"],
  [["authorization: Bearer:aa.bb.cc"], "unusable"],
  [["authorization: Bearer, Bearer aa.bb.cc"], "unusable"],
  [["authorization: Bearer \taa.bb.cc"], "unusable"],
  [["authorization: Bearer"], "unusable"],
  [["authorization: Bearer aa.bb"], "unusable"],
  [["authorization: Bearer aa.bb."], "unusable"],
  [["authorization: Bearer aa.bb.cc.dd"], "unusable"],
  [["authorization: Bearer aa.bb.cc, Bearer dd.ee.ff"], "unusable"],
  [["authorization: Bearer aa.bb.cc", "authorization: Bearer dd.ee.ff"], "unusable"],
  [["authorization: Bearer aa.bb.cc", "Authorization: Basic dTpw"], "unusable"],
  [["authorization: Bearer aa.bb.cc", "connection: authorization"], "none"],
  [[`authorization: Bearer aa.bb.${"c".repeat(LONGEST_TOKEN)}`], "unusable"],
];

describe("the token of a request", () => {
  for (const [fields, found] of BEARERS) {
    it(`${JSON.stringify(fields).slice(0, 90)}: ${found}`, () => {
      assert.equal(readBearer(requestView("GET /", ...fields)).kind, found);
    });
  }
});
