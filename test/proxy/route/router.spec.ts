// Which route a request takes, and what is decided about it there.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { PolicyDocument } from "../../../mesh/policy/document.ts";
import { UNLIMITED } from "../../../proxy/resilience/unlimited.ts";
import type { RouteDecision, Router } from "../../../proxy/route/router.ts";
import { requestHead } from "../http1/heads.ts";
import { type Endpoints, isShare, OWN, ScriptedServices } from "./scripted-targets.ts";

const ENDPOINTS: Endpoints = {
  [OWN]: ["any"],
  [`${OWN}@v1`]: ["v1"],
  [`${OWN}@v2`]: ["v2"],
  "shop-backup": ["backup"],
  "shop-other": ["other"],
  "shop-other@v1": ["other-v1"],
};

function routerFor(document: PolicyDocument, others: Record<string, PolicyDocument> = {}): Router {
  return new ScriptedServices(ENDPOINTS, { [OWN]: document, ...others }).router();
}

function decide(router: Router, line: string, ...fields: readonly string[]): RouteDecision {
  return router.decide(requestHead(`${line} HTTP/1.1`, "Host: orders", ...fields));
}

/** The endpoint of the first try. */
function endpointOf({ targets }: RouteDecision): string | undefined {
  return targets.next(0, [], true)?.id;
}

describe("a service without routes", () => {
  it("gets its requests as they are, and decides nothing anew", () => {
    const router = routerFor({});
    const decision = decide(router, "GET /a%2fb");
    assert.equal(decision, decide(router, "POST /"));
    assert.equal(endpointOf(decision), "any");
    const { route, service, before, edits, mirror, conduct } = decision;
    assert.deepEqual(
      [route, service, before, edits, mirror],
      ["", OWN, undefined, undefined, undefined],
    );
    assert.equal(conduct, UNLIMITED);
  });

  it("has its requests shared out between versions, and stood in for", () => {
    const services = new ScriptedServices(ENDPOINTS, {
      [OWN]: { split: "v2=100", failover: "shop-backup" },
    });
    const decision = decide(services.router(), "GET /");
    assert.equal(endpointOf(decision), "v2");
    services.targetsOf(`${OWN}@v2`).usable = false;
    assert.equal(endpointOf(decision), "backup");
  });
});

describe("the route of a request", () => {
  const ORDER: PolicyDocument = {
    "route.a-rest.timeout": "1s",
    "route.b-api.path-prefix": "/api/",
    "route.c-api-v2.path-prefix": "/api/v2/",
    "route.d-one.path": "/api/v2/one",
    "route.e-posts.path-prefix": "/api/",
    "route.e-posts.headers": "x-kind",
    "route.f-first.headers": "x-urgent=yes",
    "route.f-first.priority": "5",
    "route.g-off.path": "/off",
    "route.g-off.enabled": "false",
  };

  const CASES: readonly (readonly [route: string, line: string, ...fields: string[]])[] = [
    ["a-rest", "GET /"],
    ["a-rest", "GET /api"],
    ["b-api", "GET /api/x"],
    ["c-api-v2", "GET /api/v2/two"],
    ["d-one", "GET /api/v2/one?x"],
    ["e-posts", "GET /api/x", "x-kind: any"],
    ["f-first", "GET /api/v2/one", "x-urgent: yes"],
    ["a-rest", "GET /off"],
    // However it is spelt; and no route of paths for what cannot be judged.
    ["d-one", "GET /api/./v2//on%65"],
    ["d-one", "GET /api/x/../v2/one"],
    ["a-rest", "GET /api%2fv2"],
    ["a-rest", "GET //api/x"],
    ["a-rest", "GET /api/x;y"],
    ["a-rest", "OPTIONS *"],
    // All values of a repeated field have to fit.
    ["a-rest", "GET /", "x-urgent: yes", "x-urgent: no"],
  ];

  for (const [route, line, ...fields] of CASES) {
    it(`is ${route} for ${[line, ...fields].join(", ")}`, () =>
      assert.equal(decide(routerFor(ORDER), line, ...fields).route, route));
  }

  it("is none when no route matches", () =>
    assert.equal(decide(routerFor({ "route.a.path": "/a" }), "GET /b").route, ""));

  it("pins a canary by a field, whatever the shares", () => {
    const router = routerFor({
      split: "v1=100,v2=0",
      "route.canary.headers": "x-canary=yes",
      "route.canary.split": "v2=100",
    });
    for (let call = 0; call < 20; call += 1) {
      assert.equal(endpointOf(decide(router, "GET /")), "v1");
      assert.equal(endpointOf(decide(router, "GET /", "x-canary: yes")), "v2");
    }
  });
});

describe("where a route leads", () => {
  const FAR: Record<string, PolicyDocument> = {
    "shop-other": { split: "v1=100", failover: "shop-backup", "balance.hash-on": "source" },
  };

  it("is another service, by that service's own shares and stand-ins", () => {
    const services = new ScriptedServices(ENDPOINTS, {
      ...{ [OWN]: { split: "v2=100", "route.a.service": "shop-other" } },
      ...FAR,
    });
    const decision = decide(services.router(), "GET /");
    assert.equal(decision.service, "shop-other");
    assert.equal(decision.policy.balance.hashOn.kind, "source");
    assert.equal(endpointOf(decision), "other-v1");
    services.targetsOf("shop-other@v1").usable = false;
    assert.equal(endpointOf(decision), "backup");
  });

  it("is the own service by its own shares and stand-ins if the route says nothing about them", () => {
    const services = new ScriptedServices(ENDPOINTS, {
      [OWN]: { split: "v2=100", failover: "shop-backup", "route.a.timeout": "1s" },
    });
    const decision = decide(services.router(), "GET /");
    assert.deepEqual([decision.route, endpointOf(decision)], ["a", "v2"]);
    services.targetsOf(`${OWN}@v2`).usable = false;
    assert.equal(endpointOf(decision), "backup");
  });

  it("is nowhere if there is no such service, and never another one", () => {
    const document = { split: "v1=100", failover: "shop-backup", "route.a.service": "shop-gone" };
    const decision = decide(routerFor(document), "GET /");
    assert.equal(decision.service, "shop-gone");
    assert.equal(endpointOf(decision), undefined);
  });

  it("is nowhere if there is no such version, unless something stands in", () => {
    assert.equal(endpointOf(decide(routerFor({ split: "v9=100" }), "GET /")), undefined);
    const standIn = routerFor({ split: "v9=100", failover: "shop-gone,shop-backup" });
    assert.equal(endpointOf(decide(standIn, "GET /")), "backup");
  });

  it("has the route's times and tries in place of the service's, and its limits and budget", () => {
    const router = routerFor({
      "route.a.path": "/a",
      "route.a.timeout": "3s",
      "route.a.per-try-timeout": "1s",
      "route.a.attempts": "5",
      "route.a.retry-on": "5xx",
      "route.b.path": "/b",
    });
    const { conduct } = decide(router, "GET /a");
    const { timeouts, retries, breaker, budget } = conduct;
    assert.deepEqual(
      [timeouts.request, timeouts.perTry, timeouts.connect],
      [3_000, 1_000, UNLIMITED.timeouts.connect],
    );
    assert.deepEqual([retries.attempts, retries.on, retries.backoff], [5, ["5xx"], 0]);
    assert.equal(breaker, UNLIMITED.breaker);
    assert.equal(budget, UNLIMITED.budget);
    assert.equal(decide(router, "GET /a").conduct, conduct, "one for all requests");
    assert.deepEqual(decide(router, "GET /b").conduct, UNLIMITED);
  });
});

describe("a lone version", () => {
  it("is given as it is, so that cookies can name its endpoints", () => {
    const services = new ScriptedServices(ENDPOINTS, { [OWN]: { split: "v2=100" } });
    const { targets } = decide(services.router(), "GET /");
    assert.equal(targets, services.targetsOf(`${OWN}@v2`));
  });
});

describe("what happens to a route's requests", () => {
  const RUNS = 4_000;

  it("is a copy for a share of them, to a service or a version", () => {
    const router = routerFor({
      "route.a.path": "/a",
      "route.a.mirror": "shop-other@v1",
      "route.a.mirror-percent": "25",
      "route.b.path": "/b",
      "route.b.mirror": "@v2",
      "route.c.path": "/c",
      "route.c.mirror": "shop-gone",
    });
    let copies = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const { mirror, targets } = decide(router, "GET /a");
      assert.equal(targets.next(0, [], true)?.id, "any");
      if (mirror === undefined) continue;
      copies += 1;
      assert.equal(mirror.targets.next(0, [], true)?.id, "other-v1");
    }
    assert.ok(isShare(copies, RUNS, 25), `${copies} of ${RUNS}`);
    assert.equal(decide(router, "GET /b").mirror?.targets.next(0, [], true)?.id, "v2");
    assert.equal(decide(router, "GET /c").mirror, undefined);
  });

  it("is a delay for a share and an answer for another, independent of one another", () => {
    const router = routerFor({
      "route.a.delay": "300ms",
      "route.a.delay-percent": "40",
      "route.a.abort": "418",
      "route.a.abort-percent": "20",
    });
    const counts = { delayed: 0, aborted: 0, both: 0 };
    for (let run = 0; run < RUNS; run += 1) {
      const before = decide(router, "GET /").before;
      const delayed = before?.delay === 300;
      const aborted = before?.answer?.status === 418;
      assert.equal(before === undefined, !delayed && !aborted);
      counts.delayed += delayed ? 1 : 0;
      counts.aborted += aborted ? 1 : 0;
      counts.both += delayed && aborted ? 1 : 0;
    }
    assert.ok(isShare(counts.delayed, RUNS, 40), JSON.stringify(counts));
    assert.ok(isShare(counts.aborted, RUNS, 20), JSON.stringify(counts));
    assert.ok(isShare(counts.both, RUNS, 8), JSON.stringify(counts));
  });

  it("is an answer that says whose doing it is", () => {
    const answer = decide(routerFor({ "route.a.abort": "503" }), "GET /").before?.answer;
    assert.equal(answer?.code, "FAULT_INJECTED");
    assert.match(answer?.text ?? "", /fault.*shop-orders/);
    for (const status of ["204", "304"]) {
      const bodiless = decide(routerFor({ "route.a.abort": status }), "GET /").before?.answer;
      assert.deepEqual([bodiless?.status, bodiless?.text], [Number(status), ""]);
    }
  });

  it("is a redirect, unless a fault comes first", () => {
    const document = { "route.a.redirect": "/new", "route.a.redirect-status": "308" };
    const answer = decide(routerFor(document), "GET /old?a=1").before?.answer;
    assert.deepEqual(
      [answer?.status, answer?.fields, answer?.code],
      [308, "location: /new?a=1\r\n", undefined],
    );
    const faulty = routerFor({ ...document, "route.a.abort": "500" });
    assert.equal(decide(faulty, "GET /").before?.answer?.status, 500);
  });

  it("is a change of request and response", () => {
    const router = routerFor({
      "route.a.path-prefix": "/v1/",
      "route.a.rewrite": "/",
      "route.a.request-set": "x-tier=gold",
      "route.a.response-remove": "server",
    });
    const head = requestHead("GET /v1/%69tems?a=1 HTTP/1.1", "Host: orders");
    const edited = router.decide(head).edits?.request(head);
    assert.equal(edited?.targetText(), "/items?a=1");
    assert.equal(edited?.fieldText("x-tier"), "gold");
  });
});
