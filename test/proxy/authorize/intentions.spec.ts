// Consul's intentions as the callee follows them, alone and beside the service's own rules.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { OwnIntention, OwnIntentions } from "../../../proxy/configuration/snapshot.ts";
import { accessTo, judge, outcome, requestView } from "./judging.ts";

const simple = (source: string, action: "allow" | "deny"): OwnIntention => ({
  ...{ source, action, permissions: [] },
});
const allow = (...list: readonly OwnIntention[]): OwnIntentions => ({
  defaultAction: "allow",
  list,
});
const deny = (...list: readonly OwnIntention[]): OwnIntentions => ({ defaultAction: "deny", list });
const byRequest = (...permissions: OwnIntention["permissions"]): OwnIntention => ({
  ...{ source: "shop-web", action: undefined, permissions },
});

const CASES: readonly (readonly [OwnIntentions, string, string])[] = [
  [allow(), "shop-web", "allowed"],
  [deny(), "shop-web", "the default of intentions"],
  [deny(simple("shop-web", "allow")), "shop-web", "allowed"],
  [deny(simple("shop-web", "allow")), "shop-api", "the default of intentions"],
  [deny(simple("shop-web", "allow")), "anonymous", "the default of intentions"],
  [allow(simple("shop-web", "deny")), "shop-web", "intention shop-web → shop-orders"],
  [allow(simple("shop-web", "deny")), "anonymous", "allowed"],
  [allow(simple("shop-web", "allow"), simple("*", "deny")), "shop-web", "allowed"],
  [
    allow(simple("shop-web", "allow"), simple("*", "deny")),
    "shop-api",
    "intention * → shop-orders",
  ],
  [allow(simple("*", "deny")), "anonymous", "intention * → shop-orders"],
];

const READ_ONLY = byRequest(
  { action: "deny", match: { "path-prefix": "/admin" } },
  { action: "allow", match: { methods: "GET" } },
);
const REQUESTS: readonly (readonly [OwnIntentions, string, string])[] = [
  [deny(READ_ONLY), "GET /", "allowed"],
  [deny(READ_ONLY), "POST /", "the default of intentions"],
  [allow(READ_ONLY), "POST /", "allowed"],
  [deny(READ_ONLY), "GET /admin", "intention shop-web → shop-orders"],
  [deny(READ_ONLY), "GET /x/../admin", "intention shop-web → shop-orders"],
  [deny(READ_ONLY), "GET /%2fadmin", "a path that cannot be judged"],
  [
    deny(byRequest({ action: "allow", match: { nonsense: "1" } })),
    "GET /",
    "the default of intentions",
  ],
  [
    allow(byRequest({ action: "deny", match: { nonsense: "1" } })),
    "GET /",
    "intention shop-web → shop-orders",
  ],
  [deny(byRequest({ action: "allow", match: {} })), "POST /x", "allowed"],
];

describe("the intentions about a service", () => {
  for (const [intentions, caller, expected] of CASES) {
    const list = intentions.list.map(({ source, action }) => `${source} ${action}`).join(", ");
    it(`${list || "none"}, otherwise ${intentions.defaultAction}: ${caller} is ${expected}`, () => {
      assert.equal(judge(accessTo({}, caller, intentions), requestView()), expected);
    });
  }
  for (const [intentions, line, expected] of REQUESTS) {
    const { permissions = [] } = intentions.list[0] ?? {};
    it(`${JSON.stringify(permissions)}, otherwise ${intentions.defaultAction}: ${line} is ${expected}`, () => {
      assert.equal(judge(accessTo({}, "shop-web", intentions), requestView(line)), expected);
    });
  }

  it("let a byte stream in only where no permission could refuse it and one without conditions allows it", () => {
    const streams = (intentions: OwnIntentions): string =>
      outcome(accessTo({}, "shop-web", intentions).decideStream());
    assert.equal(streams(deny(READ_ONLY)), "intention shop-web → shop-orders");
    const conditional = byRequest({ action: "allow", match: { path: "/" } });
    assert.equal(streams(deny(conditional)), "the default of intentions");
    assert.equal(streams(deny(simple("shop-web", "allow"))), "allowed");
  });

  it("and the service's own rules must both allow", () => {
    const both = (policy: Record<string, string>, intentions: OwnIntentions): string =>
      judge(accessTo(policy, "shop-web", intentions), requestView());
    const open = allow(simple("shop-web", "allow"));
    const closed = allow(simple("shop-web", "deny"));
    assert.equal(both({ allow: "shop-web" }, open), "allowed");
    assert.equal(both({ allow: "shop-web" }, closed), "intention shop-web → shop-orders");
    assert.equal(both({ deny: "shop-web" }, open), "deny");
    assert.equal(both({ deny: "shop-web" }, closed), "intention shop-web → shop-orders");
  });

  it("are enforced under audit as well", () => {
    const closed = allow(simple("shop-web", "deny"));
    const access = accessTo({ audit: "true", deny: "shop-web" }, "shop-web", closed);
    assert.equal(judge(access, requestView()), "intention shop-web → shop-orders");
  });
});
