import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import type { RoutePolicy } from "../../../mesh/policy/policy.ts";
import { readMatch } from "../../../mesh/policy/read-match.ts";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";

function routes(document: PolicyDocument): readonly RoutePolicy[] {
  const { policy, problems } = readPolicy(document, "strict");
  assert.deepEqual(problems, []);
  return policy.routes;
}

/** Names in the order in which the routes are tried. */
function order(document: PolicyDocument): readonly string[] {
  return routes(document).map(({ name }) => name);
}

describe("routes of a policy", () => {
  it("are tried by priority, then the most exact path first, then by conditions, then by name", () => {
    const document = {
      "route.any.service": "a",
      "route.another.service": "a",
      "route.canary.headers": "x-canary",
      "route.busy.headers": "x-canary,x-other",
      "route.busy.query": "a",
      "route.expression.path-regex": "/a.*",
      "route.short.path-prefix": "/a",
      "route.long.path-prefix": "/a/b/",
      "route.exact.path": "/a",
      "route.first.priority": "1",
      "route.last.path": "/a",
      "route.last.priority": "-1",
    };
    const expected = [
      "first",
      "exact",
      "long",
      "short",
      "expression",
      "busy",
      "canary",
      "another",
      "any",
      "last",
    ];
    assert.deepEqual(order(document), expected);
    const reversed = Object.fromEntries(Object.entries(document).reverse());
    assert.deepEqual(order(reversed), expected);
  });

  it("have all that their fields say", () => {
    const [route] = routes({
      "route.r.path-prefix": "/api/",
      "route.r.methods": "GET,HEAD",
      "route.r.headers": "X-Canary=yes,!x-bot",
      "route.r.query": "Beta^=1\\,2",
      "route.r.service": "next",
      "route.r.mirror": "orders@v2",
      "route.r.mirror-percent": "5",
      "route.r.delay": "300ms",
      "route.r.abort": "503",
      "route.r.abort-percent": "0.5",
      "route.r.redirect": "https://shop.example/",
      "route.r.redirect-status": "308",
      "route.r.rewrite": "/v2/",
      "route.r.request-set": "X-Tier=gold, x-b=1\\,2",
      "route.r.response-remove": "Server",
      "route.r.timeout": "3s",
      "route.r.attempts": "0",
      "route.r.retry-on": "5xx",
    });
    assert.deepEqual(route, {
      name: "r",
      match: {
        path: { kind: "prefix", text: "/api/" },
        methods: ["GET", "HEAD"],
        headers: [
          { name: "x-canary", kind: "exact", text: "yes", matcher: undefined },
          { name: "x-bot", kind: "absent", text: "", matcher: undefined },
        ],
        query: [{ name: "Beta", kind: "prefix", text: "1,2", matcher: undefined }],
      },
      service: "next",
      split: [],
      failover: [],
      mirror: { service: "orders", version: "v2", percent: 5 },
      fault: { delay: 300, delayPercent: 100, abort: 503, abortPercent: 0.5 },
      redirect: { location: "https://shop.example/", status: 308 },
      rewrite: "/v2/",
      requestHeaders: {
        set: [
          { name: "x-tier", value: "gold" },
          { name: "x-b", value: "1,2" },
        ],
        add: [],
        remove: [],
      },
      responseHeaders: { set: [], add: [], remove: ["server"] },
      timeout: 3_000,
      perTryTimeout: undefined,
      attempts: 0,
      retryOn: ["5xx"],
    });
  });

  it("are left out while they are not enabled", () => {
    assert.deepEqual(order({ "route.a.service": "b", "route.a.enabled": "false" }), []);
  });

  for (const [title, document, field] of [
    [
      "two kinds of path",
      { "route.a.path": "/a", "route.a.path-regex": "/a" },
      "route.a.path-regex",
    ],
    ["a rewrite without path", { "route.a.rewrite": "/a" }, "route.a.rewrite"],
    [
      "a rewrite of an expression",
      { "route.a.rewrite": "/a", "route.a.path-regex": "/b" },
      "route.a.rewrite",
    ],
  ] as const) {
    it(`refuse ${title}`, () => {
      const { problems } = readPolicy(document, "strict");
      assert.deepEqual(
        problems.map((problem) => [problem.field, problem.conflict]),
        [[field, true]],
      );
    });
  }

  it("are left out as a whole when a condition is not understood, or two contradict each other", () => {
    for (const document of [
      { "route.a.headers": "x-a=~(b)\\1", "route.a.service": "b" },
      { "route.a.path": "/a", "route.a.path-prefix": "/b", "route.a.service": "b" },
    ]) {
      assert.deepEqual(readPolicy(document, "lenient").policy.routes, []);
    }
  });

  it("stay when something else about them is not understood", () => {
    const document = { "route.a.path": "/a", "route.a.delay": "soon", "route.a.teleport": "yes" };
    const [route] = readPolicy(document, "lenient").policy.routes;
    assert.equal(route?.fault.delay, 0);
  });
});

describe("conditions of header fields, query and claims", () => {
  for (const [text, kind, value] of [
    ["x-a", "present", ""],
    ["!x-a", "absent", ""],
    ["x-a=b", "exact", "b"],
    ["x-a=", "exact", ""],
    ["x-a!=b", "not", "b"],
    ["x-a^=b", "prefix", "b"],
    ["x-a$=b", "suffix", "b"],
    ["x-a=b=~c", "exact", "b=~c"],
    ["x-a=!b", "exact", "!b"],
    [" x-a=b ", "exact", "b"],
  ] as const) {
    it(`"${text}" is ${kind}`, () => {
      const [route] = routes({ "route.a.headers": text });
      const expected = [{ name: "x-a", kind, text: value, matcher: undefined }];
      assert.deepEqual(route?.match.headers, expected);
    });
  }

  it("match expressions as a whole", () => {
    const [route] = routes({ "route.a.headers": "x-a=~b+\\,?" });
    const [condition] = route?.match.headers ?? [];
    assert.equal(condition?.kind, "regex");
    assert.equal(condition?.matcher?.test("bb,"), true);
    assert.equal(condition?.matcher?.test("bbc"), false);
  });
});

describe("a match on its own", () => {
  it("has the conditions of a route", () => {
    const match = readMatch({
      "path-prefix": "/api",
      methods: "GET",
      headers: "x-a",
      query: "b=1",
    });
    assert.ok("headers" in match);
    assert.deepEqual(match.path, { kind: "prefix", text: "/api" });
    assert.deepEqual(match.methods, ["GET"]);
    assert.equal(match.headers.length + match.query.length, 2);
  });

  it("is for every request when it says nothing", () => {
    const expected = { path: undefined, methods: [], headers: [], query: [] };
    assert.deepEqual(readMatch({}), expected);
  });

  it("tells all that is wrong with it", () => {
    const problems = readMatch({ path: "a", "path-regex": "(", teleport: "yes" });
    assert.ok(Array.isArray(problems));
    assert.deepEqual(
      problems.map(({ field }) => field),
      ["teleport", "path", "path-regex"],
    );
    const both = readMatch({ path: "/a", "path-prefix": "/b" });
    assert.ok(Array.isArray(both));
    assert.deepEqual(
      both.map(({ field }) => field),
      ["path-prefix"],
    );
  });
});
