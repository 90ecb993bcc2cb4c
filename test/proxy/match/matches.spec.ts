// Which requests a condition speaks of, in each of its three readings, and that no spelling of a request gets around one.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { RequestMatch } from "../../../mesh/policy/policy.ts";
import { readMatch } from "../../../mesh/policy/read-match.ts";
import type { MessageHead } from "../../../proxy/http1/message-head.ts";
import { compileMatch, matches, type Reading } from "../../../proxy/match/matches.ts";
import { RequestView } from "../../../proxy/match/request-view.ts";
import { requestHead } from "../http1/heads.ts";

const READINGS: readonly Reading[] = ["route", "allow", "deny"];

function holds(document: PolicyDocument, head: MessageHead, reading: Reading): boolean {
  const match = readMatch(document);
  assert.ok("methods" in match, JSON.stringify(match));
  return matches(compileMatch(match), new RequestView().of(head), reading);
}

function get(target: string, ...lines: readonly string[]): MessageHead {
  return requestHead(`GET ${target} HTTP/1.1`, "Host: shop-orders", ...lines);
}

type Case = readonly [document: PolicyDocument, head: MessageHead, holds: boolean];

const PLAIN: readonly Case[] = [
  [{}, get("/"), true],
  [{}, get("/a%2fb"), true],
  [{ path: "/cart" }, get("/cart"), true],
  [{ path: "/cart" }, get("/cart?item=1"), true],
  [{ path: "/cart" }, get("/cart/x"), false],
  [{ path: "/cart" }, get("/carts"), false],
  [{ path: "/cart" }, get("/card"), false],
  [{ path: "/cart" }, get("/c%61rt"), true],
  [{ path: "/cart" }, get("http://shop-orders/cart"), true],
  [{ path: "/" }, get("http://shop-orders"), true],
  [{ path: "/a!" }, get("/a%21"), true],
  [{ path: "/a%21" }, get("/a!"), true],
  [{ "path-prefix": "/api/" }, get("/api/x"), true],
  [{ "path-prefix": "/api/" }, get("//api/x".slice(1)), true],
  [{ "path-prefix": "/api/" }, get("/apis"), false],
  [{ "path-prefix": "/api/" }, get("/v1/api/"), false],
  [{ "path-prefix": "/api" }, get("/apis"), true],
  [{ "path-prefix": "/api/" }, get("/x/..//api/y"), true],
  [{ "path-regex": "/users/[0-9]+" }, get("/users/12"), true],
  [{ "path-regex": "/users/[0-9]+" }, get("/users/12/edit"), false],
  [{ methods: "GET,HEAD" }, get("/"), true],
  [{ methods: "POST" }, get("/"), false],
  [{ query: "beta" }, get("/?beta"), true],
  [{ query: "beta" }, get("/?alpha&Beta"), false],
  [{ query: "!beta" }, get("/?alpha=1"), true],
  [{ query: "!beta" }, get("/?beta="), false],
  [{ query: "q=a b" }, get("/?q=a+b"), true],
  [{ query: "q=a b" }, get("/?q=a%20b"), true],
  [{ query: "q=é" }, get("/?%71=%c3%a9"), true],
  [{ query: "q^=a,r$=b,s=~c+" }, get("/?q=ax&r=xb&s=ccc"), true],
  [{ query: "q^=a,r$=b,s=~c+" }, get("/?q=ax&r=xb&s=cd"), false],
  [{ headers: "x-canary" }, get("/", "X-Canary:"), true],
  [{ headers: "x-canary" }, get("/"), false],
  [{ headers: "!x-canary" }, get("/"), true],
  [{ headers: "!x-canary" }, get("/", "x-canary: no"), false],
  [{ headers: "x-canary=yes" }, get("/", "x-canary: yes"), true],
  [{ headers: "x-canary=yes" }, get("/", "x-canary: Yes"), false],
  [{ headers: "x-canary!=yes" }, get("/", "x-canary: no"), true],
  [{ headers: "x-canary!=yes" }, get("/"), true],
  [{ headers: "x-canary!=yes" }, get("/", "x-canary: yes"), false],
  [{ headers: "x-v^=1." }, get("/", "x-v: 1.2"), true],
  [{ headers: "x-v$=.2" }, get("/", "x-v: 1.2"), true],
  [{ headers: "x-v=~[0-9]" }, get("/", "x-v: 12"), false],
  [{ headers: "host=shop-orders" }, get("/"), true],
  [{ headers: "host=evil" }, get("http://shop-orders/"), false],
  [
    { headers: "user-agent^=Mozilla/" },
    get("/", "User-Agent: Mozilla/5.0 (KHTML, like Gecko)"),
    true,
  ],
  [{ path: "/a", methods: "GET", headers: "x=1", query: "y=2" }, get("/a?y=2", "x: 1"), true],
  [{ path: "/a", methods: "GET", headers: "x=1", query: "y=2" }, get("/a?y=3", "x: 1"), false],
];

/** What can be read in more than one way: whether a route, an allow and a deny hold. */
type Disputed = readonly [
  document: PolicyDocument,
  head: MessageHead,
  holds: Readonly<Record<Reading, boolean>>,
];

const CAREFUL = { route: false, allow: false, deny: true };
const AS_SENT = { route: true, allow: false, deny: true };

const DISPUTED: readonly Disputed[] = [
  // Paths that cannot be judged.
  [{ path: "/admin" }, get("//admin"), CAREFUL],
  [{ path: "/admin" }, get("/x;/../admin"), CAREFUL],
  [{ "path-prefix": "/public/" }, get("/public/..%2fadmin"), CAREFUL],
  [{ "path-prefix": "/public/" }, get("/public/%252e%252e/admin"), CAREFUL],
  [{ "path-regex": ".*" }, get("/%ff"), CAREFUL],
  [{ "path-prefix": "/" }, requestHead("OPTIONS * HTTP/1.1", "Host: a"), CAREFUL],
  // Paths that many routers take for the same.
  [{ path: "/cart" }, get("/cart/"), CAREFUL],
  [{ path: "/cart/" }, get("/cart"), CAREFUL],
  [{ path: "/cart" }, get("/Cart"), CAREFUL],
  [{ path: "/Cart" }, get("/c%41RT//"), CAREFUL],
  [{ "path-prefix": "/api/" }, get("/api"), CAREFUL],
  [{ "path-prefix": "/Api/" }, get("/aPI/x"), CAREFUL],
  [{ "path-prefix": "/api" }, get("/APIs"), CAREFUL],
  [{ "path-regex": "/users/[0-9]+" }, get("/Users/12/"), CAREFUL],
  // Methods as forgetful applications read them.
  [{ methods: "GET" }, requestHead("get / HTTP/1.1", "Host: a"), CAREFUL],
  // Several values: which of them counts depends on the application.
  [{ query: "role=user" }, get("/?role=user&role=admin"), CAREFUL],
  [{ query: "role=admin" }, get("/?role=user&ro%6ce=admin"), CAREFUL],
  [{ query: "role!=admin" }, get("/?role=user&role=admin"), CAREFUL],
  [{ query: "role=user" }, get("/?role=user&role=%zz"), CAREFUL],
  [{ query: "role=user" }, get("/?role=user&%zz=admin"), CAREFUL],
  [{ query: "!role" }, get("/?rol%=admin"), CAREFUL],
  [{ headers: "x-role=user" }, get("/", "x-role: user", "x-role: admin"), CAREFUL],
  [{ headers: "x-role=admin" }, get("/", "x-role: user", "X-Role: admin"), CAREFUL],
  [{ headers: "x-role=admin" }, get("/", "x-role: user, admin"), CAREFUL],
  [{ headers: "x-role=admin" }, get("/", "x-role: admin,"), CAREFUL],
  [{ headers: "x-role!=admin" }, get("/", "x-role: user, admin"), AS_SENT],
  [{ headers: "x-role^=user" }, get("/", "x-role: user, admin"), AS_SENT],
  [{ headers: "x-role$=admin" }, get("/", "x-role: user,admin"), AS_SENT],
  [{ headers: "x-role=~user.*" }, get("/", "x-role: user, admin"), AS_SENT],
  [
    { headers: "x-role=user\\, admin" },
    get("/", "x-role: user, admin"),
    { ...AS_SENT, allow: true },
  ],
  // Names that many applications take for the same.
  [{ headers: "x-role=user" }, get("/", "x-role: user", "x_role: admin"), AS_SENT],
  [{ headers: "x-role=admin" }, get("/", "x_role: admin"), CAREFUL],
  [{ headers: "x-role" }, get("/", "x_role: admin"), CAREFUL],
  [{ headers: "!x-role" }, get("/", "X_Role: admin"), AS_SENT],
  [{ headers: "x-role!=user" }, get("/", "x_role: user"), AS_SENT],
];

const VALUES = ["u", "v", "uv"];
const LISTS = [...VALUES, "", "u, v", "v,u", "u,", ", v", "uv,uv"];

const fields = fc.array(
  fc
    .tuple(fc.constantFrom("x-a", "X-A", "x_a"), fc.constantFrom(...LISTS))
    .map(([name, value]) => `${name}: ${value}`),
  { maxLength: 3 },
);

const heads: fc.Arbitrary<MessageHead> = fc
  .tuple(
    fc.constantFrom("GET", "get", "POST"),
    fc.constantFrom("/", "/a", "/a/../b", "/%61", "//a", "/a%2fb", "/a;b"),
    fc.array(fc.constantFrom("a=u", "a=v", "%61=u", "a", "a=%", "%=u"), { maxLength: 3 }),
    fields,
  )
  .map(([method, path, query, lines]) =>
    requestHead(`${method} ${path}?${query.join("&")} HTTP/1.1`, "Host: a", ...lines),
  );

const CONDITIONS = ["a", "!a", "a=u", "a!=u", "a^=u", "a$=v", "a=~u.*"];

const documents: fc.Arbitrary<PolicyDocument> = fc.oneof(
  fc.constantFrom("/", "/a", "/b").map((path) => ({ path })),
  fc.constantFrom("/", "/a", "/b").map((path) => ({ "path-prefix": path })),
  fc.constantFrom("GET", "GET,POST").map((methods) => ({ methods })),
  fc.constantFrom(...CONDITIONS).map((query) => ({ query })),
  fc.constantFrom(...CONDITIONS).map((condition) => ({ headers: condition.replace("a", "x-a") })),
);

describe("conditions on requests", () => {
  for (const [document, head, expected] of PLAIN) {
    it(`${JSON.stringify(document)} ${expected ? "holds" : "does not hold"} for ${show(head)}`, () => {
      for (const reading of READINGS)
        assert.equal(holds(document, head, reading), expected, reading);
    });
  }

  it("see the fields that go on, not those that Connection takes out", () => {
    const taken = get("/", "Connection: x-role", "x-role: admin");
    for (const reading of READINGS) {
      assert.equal(holds({ headers: "x-role=admin" }, taken, reading), false);
      assert.equal(holds({ headers: "!x-role" }, taken, reading), true);
    }
    const lookalike = get("/", "Connection: x-role", "x_role: admin");
    assert.equal(holds({ headers: "x-role=admin" }, lookalike, "deny"), true);
  });

  it("do not see what callers say in the mesh's own fields, which do not go on", () => {
    const spoofed = get("/", "X-Forwarded-Client-Cert: By=a;URI=b", "X-Mesh-Role: admin");
    for (const reading of READINGS) {
      for (const name of ["x-forwarded-client-cert", "x-mesh-role"]) {
        assert.equal(holds({ headers: name }, spoofed, reading), false, name);
        assert.equal(holds({ headers: `!${name}` }, spoofed, reading), true, name);
      }
    }
  });

  it("compare paths of policies in the form that requests have, however they are written", () => {
    const written = ["/caf%c3%a9", "/%63af%C3%A9", "/x/../caf%C3%A9", "/.//caf%C3%A9"];
    for (const text of written) {
      const match: RequestMatch = {
        ...{ path: { kind: "exact", text }, methods: [], headers: [], query: [] },
      };
      const view = new RequestView().of(get("/caf%C3%A9"));
      for (const reading of READINGS) assert.ok(matches(compileMatch(match), view, reading), text);
    }
  });
});

describe("conditions on requests that can be read in several ways", () => {
  for (const [document, head, expected] of DISPUTED) {
    for (const reading of READINGS) {
      const verdict = expected[reading] ? "holds" : "does not hold";
      it(`${JSON.stringify(document)} of ${named(reading)} ${verdict} for ${show(head)}`, () =>
        assert.equal(holds(document, head, reading), expected[reading]));
    }
  }

  it("allow nothing that they would not deny, or that is not there as it was sent", () => {
    fc.assert(
      fc.property(documents, heads, (document, head) => {
        fc.pre(holds(document, head, "allow"));
        assert.ok(holds(document, head, "deny"), "denied");
        assert.ok(holds(document, head, "route"), "as it was sent");
      }),
      { seed: 20_260_716, numRuns: 2_000 },
    );
  });

  it("deny whatever one spelling of it alone would be denied for", () => {
    fc.assert(
      fc.property(fields, fc.constantFrom(...VALUES), (lines, value) => {
        fc.pre(lines.some((line) => line.split(": ")[1]?.split(/, ?/).includes(value) === true));
        assert.ok(holds({ headers: `x-a=${value}` }, get("/", ...lines), "deny"));
      }),
      { seed: 20_260_717, numRuns: 1_000 },
    );
  });
});

describe("a view of requests", () => {
  it("forgets the one before", () => {
    const view = new RequestView().of(requestHead("POST /a?x=1 HTTP/1.1", "Host: a", "x: 1"));
    assert.deepEqual(
      [view.method, view.path, view.parameter("x").values, view.field("x", false)],
      ["POST", "/a", ["1"], ["1"]],
    );
    view.of(get("/b%2fc?y=1", "y: 1"));
    assert.deepEqual(
      [view.method, view.path, view.parameter("x").values, view.field("x", false)],
      ["GET", undefined, [], []],
    );
    assert.equal(view.rawPath, "/b%2fc");
  });

  it("has every value of what is repeated, in order", () => {
    const view = new RequestView().of(get("/?a=1&b=2&a=&a&&a=%31", "x: 1", "y: 2", "X: 3, 4"));
    assert.deepEqual(view.parameter("a").values, ["1", "", "", "1"]);
    assert.deepEqual(view.field("x", false), ["1", "3, 4"]);
  });
});

function named(reading: Reading): string {
  return reading === "allow" ? "an allow" : `a ${reading}`;
}

function show(head: MessageHead): string {
  return head.bytes.toString("latin1", 0, head.bytes.length - 4).replaceAll("\r\n", " | ");
}
