// What `docker mesh explain` says of a request is what a real one then gets.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import type { Explanation } from "../../plugin/explain/explanation.ts";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { type Call, moodyService } from "../helpers/moody.ts";
import { type Fields, PolicyProject } from "../helpers/policy-project.ts";
import { ComposeProject } from "../helpers/project.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../helpers/tokens.ts";

const SHOP = "mesh-test-explain";
const ISLAND = "mesh-test-explain-apart";

interface Asked {
  readonly from?: string;
  readonly to?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Fields;
}

describe("an explanation", () => {
  let mesh: Mesh;
  let shop: PolicyProject;
  let island: ComposeProject;

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, SHOP);
    island = await ComposeProject.up(ISLAND, { services: { island: moodyService({}) } });
    await mesh.untilReady({ [`${ISLAND}-island`]: 1 });
  });

  after(async () => {
    await island?.[Symbol.asyncDispose]();
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => await shop.reset("orders"));

  async function explain({ from = "web", to = "orders", ...asked }: Asked): Promise<Explanation> {
    const { method = "GET", path = "/", headers = {} } = asked;
    const fields = Object.entries(headers).flatMap(([name, value]) => [
      "--header",
      `${name}: ${value}`,
    ]);
    const caller = shop.service(from);
    const args = [caller, to, method, path, ...fields, "--format", "json"];
    return JSON.parse(await meshCommand("explain", ...args)) as Explanation;
  }

  async function call({ path = "/", ...asked }: Asked, count: number): Promise<readonly Call[]> {
    return await shop.call(path, count, asked);
  }

  /** Both, which must agree. */
  async function agreed(asked: Asked): Promise<Explanation> {
    return await eventually(async () => {
      const explanation = await explain(asked);
      // Nobody knows how long it takes to find out that nobody has a name.
      const calls = await call(asked, explanation.result.kind === "outside" ? 1 : 12);
      for (const each of calls) assertAgrees(explanation, each);
      return explanation;
    });
  }

  function assertAgrees({ result, endpoints }: Explanation, { status, headers, body }: Call): void {
    if (result.kind === "goes") {
      assert.equal(status, 200, `${result.text}, but: ${status} ${body}`);
      const { replica } = JSON.parse(body) as { readonly replica: string };
      const used = endpoints.filter(({ share }) => share > 0).map(({ id }) => id.slice(-12));
      assert.ok(used.includes(replica), `${replica} answered, not one of ${used.join(", ")}`);
      return;
    }
    const found = [status, headers["x-mesh-failure"]];
    const expected = result.kind === "outside" ? [0, undefined] : [result.status, result.code];
    assert.deepEqual(found, expected, result.text);
  }

  const shares = ({ endpoints }: Explanation): number[] => endpoints.map(({ share }) => share);

  it("leads to all copies of a service of which nothing is said", async () => {
    const { result, endpoints } = await agreed({});
    assert.equal(result.text, `goes to one of 4 endpoints of ${SHOP}-orders`);
    assert.deepEqual(
      endpoints.map(({ state, health }) => [state, health]),
      Array(4).fill(["healthy", "passing"]),
    );
  });

  for (const [what, fields, asked, expected] of [
    [
      "the canary of a header",
      {
        ...{ split: "v1=100", "route.canary.headers": "x-canary=1" },
        "route.canary.split": "v2=100",
      },
      { headers: { "x-canary": "1" } },
      /^goes to .*next-1 on .* \(v2\)$/,
    ],
    ["the version that has all", { split: "v1=100" }, {}, /^goes to one of 3 endpoints/],
    [
      "another service",
      { "route.reports.path-regex": "/reports/[0-9]+", "route.reports.service": "backup" },
      { path: "/reports/7" },
      /^goes to .*backup-1 on /,
    ],
    [
      "an answer of the mesh",
      { "route.teapot.methods": "POST", "route.teapot.abort": "418" },
      { method: "POST", path: "/tea" },
      /^is answered with 418 FAULT_INJECTED by route teapot$/,
    ],
    [
      "somewhere else",
      { "route.old.path": "/old", "route.old.redirect": "/new" },
      { path: "/old?a=1" },
      /^is redirected to \/new with 302 by route old$/,
    ],
    [
      "a closed path",
      {
        ...{ "rule.closed.action": "deny", "rule.closed.callers": "*" },
        "rule.closed.path-prefix": "/closed",
      },
      { path: "/x/../%63losed/1" },
      /^is refused with 403 ACCESS_DENIED by .*: rule\.closed$/,
    ],
    [
      "a path that was rewritten to a closed one",
      {
        ...{ "rule.closed.action": "deny", "rule.closed.callers": "*" },
        ...{ "rule.closed.path": "/closed", "route.a.path": "/open", "route.a.rewrite": "/closed" },
      },
      { path: "/open" },
      /^is refused with 403/,
    ],
    [
      "a service that lets in others",
      { allow: "web" },
      { from: "stranger" },
      /^is refused with 403 ACCESS_DENIED by .*: no rule that allows it$/,
    ],
    [
      "a service that wants a token",
      { "jwt.issuer": "https://login.test/", "jwt.jwks": "https://login.test/keys" },
      {},
      /^is refused with 401 TOKEN_INVALID by .*: token: there is none$/,
    ],
  ] as const satisfies readonly (readonly [string, Fields, Asked, RegExp])[]) {
    it(`leads to ${what}`, async () => {
      await shop.enforce("orders", fields);
      const { result } = await agreed(asked);
      assert.match(result.text, expected);
    });
  }

  it("takes a user's token as the callee does", async () => {
    const [key, other] = [createKey("one"), createKey("two")];
    const script = "require('fs').writeFileSync('/var/lib/mesh/keys.json', process.argv[1])";
    await docker("exec", await mesh.containerOf("agent"), "node", "-e", script, keySet(key));
    await shop.enforce("orders", {
      ...{ "jwt.issuer": ISSUER, "jwt.jwks": "file:///var/lib/mesh/keys.json" },
      ...{ "rule.admins.action": "deny", "rule.admins.path-prefix": "/admin" },
      "rule.admins.claims": "role!=admin",
    });
    const asked = (path: string, claims: Fields, by = key): Asked => ({
      path,
      headers: { authorization: `Bearer ${tokenBy(by, claims)}` },
    });
    const good = await agreed(asked("/", {}));
    assert.equal(good.result.kind, "goes");
    const forged = await agreed(asked("/", {}, other));
    assert.equal(forged.result.code, "TOKEN_INVALID");
    const clerk = await agreed(asked("/admin", { role: "clerk" }));
    assert.equal(clerk.result.code, "ACCESS_DENIED");
    const admin = await agreed(asked("/admin", { role: "admin" }));
    assert.equal(admin.result.kind, "goes");
  });

  it("leads each user to the endpoint that the user has", async () => {
    await shop.enforce("orders", {
      ...{ "balance.algorithm": "maglev", "balance.hash-on": "header:x-user" },
    });
    for (const user of ["ada", "bob", "cid", "dan"]) {
      const explanation = await agreed({ headers: { "x-user": user } });
      assert.deepEqual(shares(explanation).toSorted(), [0, 0, 0, 100]);
    }
  });

  it("leads around an endpoint that the caller's sidecar has ejected", async () => {
    await shop.enforce("orders", {
      ...{ "balance.algorithm": "round-robin", "outlier.base-ejection-time": "1m" },
      "retries.attempts": "0",
    });
    const [failing = ""] = await shop.containersOf("orders");
    await shop.mood(failing, { fail: 1 });
    try {
      const explanation = await eventually(
        async () => {
          await shop.call("/", 20);
          const found = await explain({});
          assert.ok(found.endpoints.some(({ state }) => state === "ejected"));
          return found;
        },
        { timeout: 20_000 },
      );
      const ejected = explanation.endpoints.find(({ state }) => state === "ejected");
      assert.equal(ejected?.id.slice(-12), failing.slice(0, 12));
      assert.equal(ejected?.share, 0);
      assert.match(ejected?.reason ?? "", /^ejected after 5 answers of 5xx in a row$/);
      await agreed({});
    } finally {
      await shop.mood(failing, { fail: 0 });
    }
  });

  it("leads to the service that stands in, and nowhere without one", async () => {
    await shop.enforce("orders", { failover: "backup" });
    await shop.project.compose("stop", "orders", "next");
    try {
      await mesh.untilReady({ [shop.service("orders")]: 0 });
      assert.match((await agreed({})).result.text, /^goes to .*backup-1 on /);
      await shop.reset("orders");
      const { result } = await agreed({});
      assert.match(result.text, /^is answered with 503 NO_HEALTHY_ENDPOINT by the sidecar of /);
    } finally {
      await shop.project.compose("start", "orders", "next");
      await mesh.untilReady({ [shop.service("orders")]: 4 });
    }
  });

  it("leads nowhere for a service on no shared network, and for a name that nobody has", async () => {
    const { result } = await agreed({ to: `${ISLAND}-island` });
    assert.deepEqual([result.kind, result.code], ["outside", "NETWORK_NOT_SHARED"]);
    const unknown = await agreed({ to: "oders" });
    assert.match(
      unknown.result.text,
      /no service of the mesh is called "oders".*did you mean orders\?$/,
    );
  });

  it("is a story that people can read", async () => {
    const text = await meshCommand("explain", shop.service("web"), "orders", "GET", "/orders/1");
    assert.match(text, /calls mesh-test-explain-orders: GET \/orders\/1\n\n1\. The name leads to /);
    assert.match(text, /\nResult: the request goes to one of 4 endpoints of /);
    assert.doesNotMatch(text, /\nNote: /);
  });
});
