// Which of a service's own rules decides about a caller and its request.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { uriOf } from "../../helpers/certificates.ts";
import { accessTo, judge, outcome, requestView } from "./judging.ts";

const NO_RULE = "no rule that allows it";

const rule = (name: string, fields: PolicyDocument): PolicyDocument =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [`rule.${name}.${key}`, value]));

type Case = readonly [policy: PolicyDocument, caller: string, outcome: string];

const BY_CALLER: readonly Case[] = [
  [{}, "shop-web", "allowed"],
  [{}, "anonymous", "allowed"],
  [{ "default-action": "deny" }, "shop-web", "default-action"],
  [{ "default-action": "deny" }, "anonymous", "default-action"],
  [{ allow: "shop-web" }, "shop-web", "allowed"],
  [{ allow: "shop-web" }, "shop-api", NO_RULE],
  [{ allow: "shop-web" }, "anonymous", NO_RULE],
  [{ allow: "shop-web" }, "shop-web2", NO_RULE],
  [{ allow: "shop-web" }, "shop", NO_RULE],
  [{ allow: "*" }, "anonymous", "allowed"],
  [{ allow: "anonymous" }, "anonymous", "allowed"],
  [{ allow: "anonymous" }, "shop-web", NO_RULE],
  [{ deny: "shop-web" }, "shop-web", "deny"],
  [{ deny: "shop-web" }, "shop-api", "allowed"],
  [{ deny: "shop-web", "default-action": "deny" }, "shop-api", "default-action"],
  [{ allow: "shop-web", deny: "shop-web" }, "shop-web", "deny"],
  [{ allow: "shop-web", deny: "*" }, "shop-web", "allowed"],
  [{ allow: "*", deny: "shop-web" }, "shop-web", "deny"],
  [{ allow: "shop-web", deny: "shop-*" }, "shop-web", "allowed"],
  [{ allow: "shop-*", deny: "shop-web" }, "shop-web", "deny"],
  [{ allow: "shop-we*", deny: "shop-*" }, "shop-web", "allowed"],
  [{ allow: "shop-*", deny: "*" }, "shop-web", "allowed"],
  [{ allow: "shop-*", deny: "*" }, "anonymous", "deny"],
  [{ allow: "anonymous", deny: "*" }, "anonymous", "allowed"],
  [{ allow: "*", deny: "anonymous" }, "anonymous", "deny"],
  [{ allow: uriOf("shop-web"), deny: "shop-*" }, "shop-web", "allowed"],
  [{ allow: uriOf("shop-web"), deny: "shop-web" }, "shop-web", "deny"],
  [{ allow: "shop-web" }, uriOf("shop-web", "other.consul"), NO_RULE],
  [{ allow: uriOf("shop-web", "other.consul") }, uriOf("shop-web", "other.consul"), "allowed"],
  [{ audit: "true", deny: "shop-web" }, "shop-web", "deny (audit)"],
  [{ audit: "true", allow: "shop-web" }, "shop-api", `${NO_RULE} (audit)`],
  [{ audit: "true", allow: "shop-web" }, "shop-web", "allowed"],
];

const ADMIN_CLOSED: PolicyDocument = {
  allow: "shop-web",
  ...rule("admin", { action: "deny", "path-prefix": "/admin" }),
  ...rule("web-admin", { action: "deny", callers: "shop-web", "path-prefix": "/admin" }),
};
const LAYERS: PolicyDocument = {
  ...rule("a", { action: "deny", callers: "shop-web", "path-prefix": "/" }),
  ...rule("b", { action: "allow", callers: "shop-web", "path-prefix": "/open/" }),
  ...rule("c", { action: "deny", callers: "shop-web", path: "/open/never" }),
  ...rule("d", { action: "allow", callers: "shop-web", "path-regex": "/.*" }),
};
/** A closed path beside an open door, and the exceptions that do and do not open it. */
const DOOR: PolicyDocument = {
  allow: "shop-web",
  ...rule("admin", { action: "deny", "path-prefix": "/admin" }),
};
const DOOR_WITH_KEY: PolicyDocument = {
  ...DOOR,
  ...rule("key", { action: "allow", callers: "shop-web", "path-prefix": "/admin/mine" }),
};
const CLOSED_TO_WEB: PolicyDocument = {
  deny: "shop-web",
  ...rule("public", { action: "allow", callers: "*", "path-prefix": "/public" }),
};
const CLOSED_WITH_KEY: PolicyDocument = {
  ...rule("all", { action: "deny", callers: "shop-web", "path-prefix": "/admin" }),
  ...rule("key", {
    action: "allow",
    callers: "shop-web",
    "path-prefix": "/admin",
    headers: "x-key=1",
  }),
};
const READ_ONLY: PolicyDocument = rule("read", {
  action: "allow",
  callers: "shop-web",
  methods: "GET,HEAD",
});
const TENANT: PolicyDocument = rule("t", {
  action: "allow",
  callers: "*",
  headers: "x-tenant=blue",
});
const NO_BOTS: PolicyDocument = rule("bots", {
  action: "deny",
  callers: "*",
  headers: "x-bot=yes",
});

type RequestCase = readonly [
  policy: PolicyDocument,
  request: readonly [line: string, ...fields: readonly string[]],
  outcome: string,
];

const UNREADABLE = [
  ...["//admin", "/x%2f..%2fadmin", "/x%5c..%5cadmin", "/%2e%2e/admin", "/admin;x", "/admin%3bx"],
  ...["/admin%00", "/%zz", "/%252e%252e/admin", "/%c0%afadmin"],
];

const BY_REQUEST: readonly RequestCase[] = [
  [ADMIN_CLOSED, ["GET /"], "allowed"],
  [ADMIN_CLOSED, ["GET /admin"], "rule.web-admin"],
  [ADMIN_CLOSED, ["GET /admin/x"], "rule.web-admin"],
  [ADMIN_CLOSED, ["GET /x/../admin"], "rule.web-admin"],
  [ADMIN_CLOSED, ["GET /./admin"], "rule.web-admin"],
  [ADMIN_CLOSED, ["GET /%61dmin"], "rule.web-admin"],
  [ADMIN_CLOSED, ["GET http://shop-orders/admin"], "rule.web-admin"],
  ...UNREADABLE.map(
    (path): RequestCase => [ADMIN_CLOSED, [`GET ${path}`], "a path that cannot be judged"],
  ),
  [LAYERS, ["GET /"], "rule.a"],
  [LAYERS, ["GET /open/x"], "allowed"],
  [LAYERS, ["GET /open/never"], "rule.c"],
  [DOOR, ["GET /"], "allowed"],
  [DOOR, ["GET /admin"], "rule.admin"],
  [DOOR_WITH_KEY, ["GET /admin/mine/x"], "allowed"],
  [DOOR_WITH_KEY, ["GET /admin/yours"], "rule.admin"],
  [CLOSED_TO_WEB, ["GET /public"], "deny"],
  [CLOSED_WITH_KEY, ["GET /admin", "x-key: 1"], "allowed"],
  [CLOSED_WITH_KEY, ["GET /admin", "x-key: 2"], "rule.all"],
  [{ ...NO_BOTS, allow: "shop-web" }, ["GET /", "x-bot: yes"], "rule.bots"],
  [READ_ONLY, ["GET /"], "allowed"],
  [READ_ONLY, ["POST /"], NO_RULE],
  [READ_ONLY, ["get /"], NO_RULE],
  [READ_ONLY, ["GET /a%2fb"], "allowed"],
  [TENANT, ["GET /", "x-tenant: blue"], "allowed"],
  [TENANT, ["GET /"], NO_RULE],
  [TENANT, ["GET /", "x-tenant: blue", "x-tenant: red"], NO_RULE],
  [TENANT, ["GET /", "x-tenant: blue, red"], NO_RULE],
  [TENANT, ["GET /", "x-tenant: blue", "x_tenant: red"], NO_RULE],
  [TENANT, ["GET /", "x-tenant: blue", "connection: x-tenant"], NO_RULE],
  [NO_BOTS, ["GET /", "x-bot: no"], "allowed"],
  [NO_BOTS, ["GET /", "x-bot: no", "X-Bot: yes"], "rule.bots"],
  [NO_BOTS, ["GET /", "x-bot: no,yes"], "rule.bots"],
  [NO_BOTS, ["GET /", "x_bot: yes"], "rule.bots"],
];

const STREAMS: readonly Case[] = [
  [{ allow: "shop-web" }, "shop-web", "allowed"],
  [{ deny: "shop-web" }, "shop-web", "deny"],
  [READ_ONLY, "shop-web", NO_RULE],
  [NO_BOTS, "shop-web", "rule.bots"],
  [{ ...NO_BOTS, allow: "shop-web" }, "shop-web", "rule.bots"],
  [{ audit: "true", ...NO_BOTS }, "shop-web", "rule.bots (audit)"],
];

const BLIND: readonly Case[] = [
  [READ_ONLY, "shop-web", "allowed"],
  [READ_ONLY, "shop-api", NO_RULE],
  [NO_BOTS, "shop-web", "rule.bots"],
  [{ deny: "shop-web" }, "shop-web", "deny"],
];

describe("the rules of a service", () => {
  for (const [policy, caller, expected] of BY_CALLER) {
    it(`${JSON.stringify(policy)}: ${caller} is ${expected}`, () => {
      assert.equal(judge(accessTo(policy, caller), requestView()), expected);
    });
  }
  for (const [policy, [line, ...fields], expected] of BY_REQUEST) {
    it(`${JSON.stringify(policy)}: ${[line, ...fields].join(" | ")} is ${expected}`, () => {
      assert.equal(judge(accessTo(policy, "shop-web"), requestView(line, ...fields)), expected);
    });
  }
  for (const [policy, caller, expected] of STREAMS) {
    it(`${JSON.stringify(policy)}: a byte stream of ${caller} is ${expected}`, () => {
      assert.equal(outcome(accessTo(policy, caller).decideStream()), expected);
    });
  }
  for (const [policy, caller, expected] of BLIND) {
    it(`${JSON.stringify(policy)}: a request of ${caller} that is not at hand is ${expected}`, () => {
      assert.equal(outcome(accessTo(policy, caller).decideBlindly()), expected);
    });
  }

  it("need no look at requests where a caller may do all or nothing", () => {
    const settled = ([policy, caller]: readonly [PolicyDocument, string]): boolean =>
      accessTo(policy, caller).isSettled;
    assert.ok(settled([{}, "shop-web"]));
    assert.ok(settled([{ allow: "shop-web" }, "shop-web"]));
    assert.ok(settled([{ allow: "shop-web" }, "anonymous"]));
    assert.ok(settled([{ allow: "shop-web", deny: "*" }, "shop-web"]));
    assert.ok(!settled([READ_ONLY, "shop-web"]));
    assert.ok(settled([READ_ONLY, "shop-api"]));
  });

  it("ask for claims of the user", () => {
    const policy = rule("admins", { action: "allow", callers: "*", claims: "role=admin" });
    const access = accessTo(policy, "shop-web");
    assert.equal(judge(access, requestView(), { role: "admin" }), "allowed");
    assert.equal(judge(access, requestView(), { role: ["user", "admin"] }), "allowed");
    assert.equal(judge(access, requestView(), { role: "user" }), NO_RULE);
    assert.equal(judge(access, requestView()), NO_RULE);
    assert.equal(outcome(access.decideStream()), NO_RULE);
  });
});
