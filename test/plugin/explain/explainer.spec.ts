import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Explanation, Question } from "../../../plugin/explain/explanation.ts";
import { explained, explainerOf, ORDERS, type ShopSays } from "../../helpers/explain-shop.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../../helpers/tokens.ts";

const KEY = createKey("one");
const JWT = { "jwt.issuer": ISSUER, "jwt.jwks": "https://login.test/keys" };
const KEYS = { "https://login.test/keys": keySet(KEY) };

describe("the explanation of a request", () => {
  for (const [what, says, question, expected] of [
    ["without any policy", {}, {}, "goes: goes to one of 3 endpoints of shop-orders"],
    [
      "to a version of which there is one copy",
      { policies: { orders: { split: "v2=100" } } },
      {},
      "goes: goes to shop-orders-3 on node-a (v2)",
    ],
    [
      "that a route sends to another service",
      { policies: { orders: { "route.r.path-prefix": "/reports", "route.r.service": "reports" } } },
      { path: "/reports/7" },
      "goes: goes to shop-reports-1 on node-b",
    ],
    [
      "that a rule of the callee refuses",
      { policies: { orders: { allow: "reports" } } },
      {},
      "refused 403 ACCESS_DENIED: is refused with 403 ACCESS_DENIED by shop-orders: no rule that allows it",
    ],
    [
      "that a rule about a path refuses, however it is spelt",
      {
        labels: {
          "rule.closed.action": "deny",
          "rule.closed.callers": "*",
          "rule.closed.path": "/closed",
        },
      },
      { path: "/a/../%63losed/" },
      "refused 403 ACCESS_DENIED: is refused with 403 ACCESS_DENIED by shop-orders: rule.closed",
    ],
    [
      "that an intention refuses",
      {
        intentions: [
          {
            ...{ source: "shop-web", destination: "shop-orders", action: "deny" },
            permissions: [],
          },
        ],
      },
      {},
      "refused 403 ACCESS_DENIED: is refused with 403 ACCESS_DENIED by shop-orders: intention shop-web → shop-orders",
    ],
    [
      "that no intention allows",
      { defaultIntention: "deny" },
      {},
      "refused 403 ACCESS_DENIED: is refused with 403 ACCESS_DENIED by shop-orders: the default of intentions",
    ],
    [
      "that is denied under audit",
      { policies: { orders: { deny: "web", audit: "true" } } },
      {},
      "goes: goes to one of 3 endpoints of shop-orders",
    ],
    [
      "that a route answers on purpose",
      { policies: { orders: { "route.t.path": "/teapot", "route.t.abort": "418" } } },
      { path: "/teapot" },
      "answered 418 FAULT_INJECTED: is answered with 418 FAULT_INJECTED by route t",
    ],
    [
      "that a route redirects",
      { policies: { orders: { "route.old.path": "/old", "route.old.redirect": "/new" } } },
      { path: "/old" },
      "answered 302: is redirected to /new with 302 by route old",
    ],
    [
      "while no copy can be used",
      { health: allOf("critical") },
      {},
      "answered 503 NO_HEALTHY_ENDPOINT: is answered with 503 NO_HEALTHY_ENDPOINT by the sidecar of shop-web-1: no endpoint of shop-orders can be used",
    ],
    [
      "while another service stands in",
      { health: allOf("critical"), policies: { orders: { failover: "backup" } } },
      {},
      "goes: goes to shop-backup-1 on node-b",
    ],
    [
      "to a service that is not in mesh.upstreams",
      { upstreams: ["reports"] },
      {},
      "outside SERVICE_UNKNOWN: does not go through the mesh: label mesh.upstreams of shop-web-1 does not name orders: add it there; it names reports",
    ],
    [
      "to a service on no shared network",
      {},
      { to: "island" },
      "outside NETWORK_NOT_SHARED: does not go through the mesh: shop-web-1 and shop-island share no network: found shop_default here and island_default there: add a common network to both",
    ],
    [
      "to a name with a slip in it",
      {},
      { to: "oders" },
      'outside SERVICE_UNKNOWN: does not go through the mesh: no service of the mesh is called "oders" where shop-web-1 runs: did you mean orders?',
    ],
    [
      "to a port that nobody offers",
      {},
      { port: 81 },
      "outside SERVICE_UNKNOWN: does not go through the mesh: shop-orders has no port 81: expected one of 8080; nobody listens there",
    ],
    ["by the full name", {}, { to: "shop-vault" }, "goes: goes to shop-vault-1 on node-a"],
    [
      "without the token that is required",
      { policies: { orders: { ...JWT, "jwt.required": "true" } }, keys: KEYS },
      {},
      "refused 401 TOKEN_INVALID: is refused with 401 TOKEN_INVALID by shop-orders: token: there is none",
    ],
    [
      "with a good token",
      { policies: { orders: { ...JWT, "jwt.required": "true" } }, keys: KEYS },
      { headers: [["authorization", `Bearer ${tokenBy(KEY)}`]] },
      "goes: goes to one of 3 endpoints of shop-orders",
    ],
  ] as const satisfies readonly (readonly [string, ShopSays, Partial<Question>, string])[]) {
    it(`tells what becomes of one ${what}`, async () => {
      const { result } = await explained(says, question);
      const answer = [result.kind, result.status, result.code].filter(Boolean).join(" ");
      assert.equal(`${answer}: ${result.text}`, expected);
    });
  }

  it("tells the share of each where chance decides", async () => {
    const aborting = { "route.all.abort": "503", "route.all.abort-percent": "30" };
    const { result } = await explained({ policies: { orders: aborting } });
    const [, goes, fails] =
      /^(\d+)% goes to one of 3 endpoints of shop-orders; (\d+)% is answered with 503 FAULT_INJECTED by route all$/.exec(
        result.text,
      ) ?? [];
    assert.equal(result.kind, "mixed");
    assert.ok(Math.abs(Number(goes) - 70) <= 2 && Math.abs(Number(fails) - 30) <= 2, result.text);
  });
});

describe("an explanation", () => {
  it("names each route that was passed over, with what the request lacks", async () => {
    const { routes } = await explained(
      {
        policies: {
          orders: {
            ...{ "route.a.path": "/a", "route.a.methods": "POST", "route.a.priority": "30" },
            ...{ "route.b.headers": "x-user, x-canary=1", "route.b.priority": "20" },
            ...{ "route.c.path-prefix": "/", "route.d.priority": "-1" },
          },
        },
      },
      { headers: [["x-user", "ada"]] },
    );
    assert.deepEqual(routes, [
      { name: "a", matched: false, unmet: ["path /a", "method POST"] },
      { name: "b", matched: false, unmet: ["header x-canary=1"] },
      { name: "c", matched: true, unmet: [] },
    ]);
  });

  it("says what the route that matches does", async () => {
    const { effects } = await explained(
      {
        policies: {
          orders: {
            ...{ "route.a.path-prefix": "/v1", "route.a.rewrite": "/", "route.a.mirror": "backup" },
            ...{ "route.a.request-set": "x-a=1", "route.a.response-remove": "server" },
            ...{
              "route.a.delay": "50ms",
              "route.a.delay-percent": "10",
              "route.a.split": "v1=100",
            },
          },
        },
      },
      { path: "/v1/items?x=1" },
    );
    assert.deepEqual(effects, [
      "delays 10% of such requests by 50ms",
      "splits: v1 100%",
      "rewrites the path to /items?x=1",
      "sets x-a: 1 in the request",
      "removes server from the response",
      "sends a copy to shop-backup",
    ]);
  });

  it("judges the request that goes on, not the one that came", async () => {
    const { access } = await explained(
      {
        policies: {
          orders: {
            ...{ "route.a.path": "/open", "route.a.rewrite": "/closed" },
            ...{ "rule.c.action": "deny", "rule.c.callers": "*", "rule.c.path": "/closed" },
          },
        },
      },
      { path: "/open" },
    );
    assert.deepEqual(
      access.map(({ decision, code }) => [decision, code]),
      [["refused", "ACCESS_DENIED"]],
    );
  });

  it("says of each setting who said it, the route before its service", async () => {
    const { settings } = await explained({
      labels: { "retries.attempts": "5", "timeouts.request": "9s" },
      policies: {
        orders: { "route.a.timeout": "2s", "limits.rate": "50" },
        "*": { "timeouts.per-try": "1s" },
      },
    });
    const shown = settings.map(({ field, value, source }) => `${field}=${value} ${source}`);
    for (const expected of [
      "route.a.timeout=2s policy",
      "timeouts.per-try=1s mesh",
      "retries.attempts=5 label",
      "limits.rate=50 policy",
      "timeouts.connect=1s default",
    ])
      assert.ok(shown.includes(expected), `${expected} is not among ${shown.join(", ")}`);
    assert.ok(!shown.some((line) => line.startsWith("timeouts.request")));
  });

  const reasons = ({ endpoints }: Explanation): string[] =>
    endpoints.map(({ container, share, reason }) => `${container} ${share}% ${reason}`.trim());

  it("says of each endpoint how much it gets, and why another gets nothing", async () => {
    const explanation = await explained({
      policies: { orders: { "balance.algorithm": "round-robin", failover: "backup" } },
      states: [
        { id: ORDERS[1] ?? "", state: "ejected", share: 0, reason: "5 answers of 5xx in a row" },
      ],
      health: { "shop-orders-3": "draining" },
    });
    assert.deepEqual(reasons(explanation), [
      "shop-orders-1 100%",
      "shop-orders-2 0% ejected after 5 answers of 5xx in a row",
      "shop-orders-3 0% it is about to stop",
      "shop-backup-1 0% it stands in only while nothing else can be used",
    ]);
  });

  it("shares out by versions, and says which have none", async () => {
    const explanation = await explained({ policies: { orders: { split: "v2=100" } } });
    assert.deepEqual(reasons(explanation), [
      "shop-orders-1 0% version v1 has no share",
      "shop-orders-2 0% version v1 has no share",
      "shop-orders-3 100%",
    ]);
  });

  it("knows that one that recovers gets less, and one that is probed nothing for now", async () => {
    const explanation = await explained({
      policies: { orders: { "balance.algorithm": "round-robin" } },
      states: [
        { id: ORDERS[0] ?? "", state: "recovering", share: 55, reason: "a timeout" },
        { id: ORDERS[1] ?? "", state: "probing", share: 0, reason: "a timeout" },
      ],
    });
    const [first, second, third] = explanation.endpoints;
    assert.ok(Math.abs((first?.share ?? 0) - 35) <= 2, `${first?.share}%`);
    assert.equal(first?.reason, "recovering: it has 55% of its usual load");
    assert.equal(second?.share, 0);
    assert.equal(second?.reason, "asked one request at a time, to see whether it is back");
    // Each is rounded by itself.
    assert.ok(Math.abs((first?.share ?? 0) + (third?.share ?? 0) - 100) <= 1);
  });

  it("leads requests of a kind to the endpoint that they have", async () => {
    const policy = { "balance.algorithm": "maglev", "balance.hash-on": "header:x-user" };
    const shares = async (user: string): Promise<number[]> => {
      const headers = [["x-user", user]] as const;
      const { endpoints } = await explained({ policies: { orders: policy } }, { headers });
      return endpoints.map(({ share }) => share);
    };
    for (const user of ["ada", "bob", "cid"])
      assert.deepEqual((await shares(user)).toSorted(), [0, 0, 100]);
  });

  it("tells which rules concern the caller, and which do not", async () => {
    const { access } = await explained({
      policies: {
        orders: {
          ...{ allow: "web", "rule.admins.action": "deny", "rule.admins.callers": "web" },
          ...{ "rule.admins.path-prefix": "/admin", "rule.others.action": "deny" },
          ...{ "rule.others.callers": "reports" },
        },
      },
    });
    assert.deepEqual(
      access.map(({ because }) => because),
      [
        [
          "no intention speaks of it: the default is allow",
          "allow concerns it",
          "rule.admins (deny) does not concern it: path /admin…",
        ],
      ],
    );
  });

  it("says of byte streams that routes are not for them", async () => {
    const { routes, notes, result } = await explained(
      {
        policies: { vault: { "route.a.abort": "418", deny: "web" } },
      },
      { to: "vault" },
    );
    assert.deepEqual(routes, []);
    assert.match(notes.join(), /byte streams/);
    assert.equal(result.text, "is refused with ACCESS_DENIED by shop-vault: deny");
  });

  it("says which limits the caller's sidecar has reached", async () => {
    const call = { service: "shop-orders", retries: 0, ejections: 0, overflows: {} };
    const { notes } = await explained({ calls: [{ ...call, open: ["requests"] }] });
    assert.deepEqual(notes, [
      "the sidecar of shop-web-1 has reached limits.requests of shop-orders at this moment: more than that is OVERLOADED",
    ]);
  });

  it("says where it does not know the keys that a token is judged by", async () => {
    const headers = [["authorization", `Bearer ${tokenBy(KEY)}`]] as const;
    const { notes } = await explained({ policies: { orders: JWT } }, { headers });
    assert.match(
      notes.join(),
      /^the keys of https:\/\/login\.test\/keys are not known on this node/,
    );
  });

  it("says what it cannot know of a caller on another node", async () => {
    const { caller, notes, result } = await explained({}, { from: "far" });
    assert.deepEqual([caller.node, caller.local], ["node-b", false]);
    assert.match(notes.join(), /shop-far-1 runs on node-b.*ask there/);
    assert.equal(result.kind, "goes");
  });

  for (const [what, question, expected] of [
    [
      "a caller that is not there",
      { from: "wep" },
      /named "wep" runs in the mesh: did you mean web\?/,
    ],
    ["a method that is none", { method: "GE T" }, /expected a request that can be sent/],
    ["a header that holds another", { headers: [["x-a", "1\r\nx-b: 2"]] }, /line breaks|sent/],
  ] as const) {
    it(`is not to be had for ${what}`, async () => {
      const whole = { to: "orders", method: "GET", path: "/", port: undefined, headers: [] };
      await assert.rejects(explainerOf().explain({ from: "web", ...whole, ...question }), expected);
    });
  }
});

function allOf(health: "critical"): Readonly<Record<string, "critical">> {
  return { "shop-orders-1": health, "shop-orders-2": health, "shop-orders-3": health };
}
