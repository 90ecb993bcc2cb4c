// Who may call whom, by labels, policies and Consul's intentions; and what a denial does to what is open already.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { docker, meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { KeyServer } from "../helpers/key-server.ts";
import { Mesh } from "../helpers/mesh.ts";
import { followStream, moodyService, openEcho } from "../helpers/moody.ts";
import { PolicyProject } from "../helpers/policy-project.ts";
import { sidecarsOf } from "../helpers/project.ts";
import { createKey, ISSUER, keySet, tokenBy } from "../helpers/tokens.ts";

const DENIED = 403;
const UNKNOWN_USER = 401;

describe("access by policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;

  before(async () => {
    mesh = await Mesh.start();
    // What a label allows; the rest is set while all of it runs.
    shop = await PolicyProject.up(
      mesh,
      "mesh-test-access",
      {
        "mesh.allow": "web, stranger",
        "mesh.rule.closed.action": "deny",
        "mesh.rule.closed.callers": "*",
        "mesh.rule.closed.path": "/closed",
      },
      { vault: moodyService({ "mesh.protocol": "tcp" }) },
    );
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    await shop.reset("orders");
    await shop.expect(200, "/");
  });

  /** A request of somebody without identity: straight to a container's address. */
  const callPlainly = async (): Promise<number> => {
    const [orders] = await shop.containersOf("orders");
    const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
    const address = await docker("inspect", "--format", format, String(orders));
    const response = await fetch(`http://${address}:8080/`, { signal: AbortSignal.timeout(5_000) });
    await response.text();
    return response.status;
  };

  /** Adds an intention and gives its id. */
  const intend = async (source: string, action: "allow" | "deny"): Promise<string> => {
    const response = await fetch(`${mesh.consulAddress}/v1/connect/intentions`, {
      method: "POST",
      body: JSON.stringify({
        SourceName: source,
        DestinationName: shop.service("orders"),
        SourceType: "consul",
        Action: action,
      }),
    });
    assert.equal(response.status, 200, await response.clone().text());
    return ((await response.json()) as { ID: string }).ID;
  };

  it("lets in whom labels allow, and nobody without identity", async () => {
    await shop.expect(200, "/");
    await shop.expect(DENIED, "/closed");
    await shop.expect(200, "/", { from: "stranger" });
    await eventually(async () => assert.equal(await callPlainly(), DENIED));
  });

  it("is changed by a policy while everything runs", async () => {
    await shop.set("orders", { allow: "web" });
    await eventually(async () => void (await shop.expect(DENIED, "/", { from: "stranger" })));
    const { headers } = await shop.expect(DENIED, "/", { from: "stranger" });
    assert.equal(headers["x-mesh-failure"], "ACCESS_DENIED");
    await shop.expect(200, "/");
  });

  it("is decided by method and path, however the path is written", async () => {
    await shop.set("orders", {
      "rule.admin.action": "deny",
      "rule.admin.callers": "web, stranger",
      "rule.admin.path-prefix": "/admin",
      "rule.reads.action": "allow",
      "rule.reads.callers": "stranger",
      "rule.reads.methods": "GET",
      allow: "web",
    });
    await eventually(
      async () => void (await shop.expect(DENIED, "/", { from: "stranger", method: "POST" })),
    );
    await shop.expect(200, "/", { from: "stranger" });
    for (const path of ["/admin", "/admin/x", "//admin/x", "/x/../admin", "/%61dmin", "/./admin"]) {
      const calls = await shop.call(path, 1, { from: "stranger" });
      assert.equal(calls[0]?.status, DENIED, path);
    }
  });

  it("only reports in audit mode", async () => {
    await shop.set("orders", { allow: "web", audit: "true" });
    const [orders] = await shop.containersOf("orders");
    const [sidecar] = await sidecarsOf(String(orders));
    await eventually(async () => {
      const calls = await shop.call("/", 20, { from: "stranger" });
      assert.ok(calls.every(({ status }) => status === 200));
      const log = await docker("logs", String(sidecar));
      assert.match(log, /would have refused.*mesh-test-access-stranger/);
    });
    await shop.set("orders", { audit: "false" });
    await eventually(async () => void (await shop.expect(DENIED, "/", { from: "stranger" })));
  });

  it("is denied by default where the whole mesh says so", async () => {
    await meshCommand("policy", "set", "*", "default-action=deny");
    try {
      await eventually(async () => void (await shop.expect(DENIED, "/", { to: "backup" })));
      await shop.expect(200, "/");
    } finally {
      await meshCommand("policy", "unset", "*", "default-action");
    }
    await eventually(async () => void (await shop.expect(200, "/", { to: "backup" })));
  });

  it("follows intentions that are edited in Consul, within a second", async () => {
    const edited = Date.now();
    const id = await intend(shop.service("web"), "deny");
    try {
      await eventually(async () => void (await shop.expect(DENIED, "/")), { interval: 20 });
      // Each look takes a container's `exec`, some tenths of a second.
      assert.ok(Date.now() - edited < 2_000, `after ${Date.now() - edited} ms`);
      await shop.expect(200, "/", { from: "stranger" });
    } finally {
      await fetch(`${mesh.consulAddress}/v1/connect/intentions/${id}`, { method: "DELETE" });
    }
    await eventually(async () => void (await shop.expect(200, "/")));
  });

  it("ends what is open already when it is denied, and leaves others alone", async () => {
    const url = "http://orders:8080/stream";
    const denied = followStream(shop.project, "stranger", url);
    const allowed = followStream(shop.project, "web", url);
    let allowedIsOver = false;
    void allowed.finally(() => {
      allowedIsOver = true;
    });
    // Both streams are open when the application has been asked for them.
    await eventually(async () => {
      const { workloads } = await mesh.status();
      const open = workloads.filter(({ service }) => service === shop.service("orders"));
      assert.ok(open.reduce((sum, { requests }) => sum + requests.inboundTls, 0) >= 2);
    });
    await shop.set("orders", { allow: "web" });
    assert.match(await denied, /open 200[\s\S]*over/);
    assert.equal(allowedIsOver, false);
    await shop.set("orders", { allow: "backup" });
    assert.match(await allowed, /open 200[\s\S]*over/);
  });

  for (const [what, to] of [
    ["WebSockets", "orders"],
    ["TCP connections", "vault"],
  ] as const) {
    it(`ends ${what} that are denied, and lets in no new ones`, async () => {
      const [stranger, web] = await Promise.all(
        ["stranger", "web"].map((from) => openEcho(shop.project, from, to)),
      );
      await stranger?.opened;
      await web?.opened;
      await shop.set(to, { deny: "stranger" });
      assert.equal(await stranger?.over, "open over");
      const next = await openEcho(shop.project, "stranger", to);
      assert.equal(await next.over, "over");
      assert.equal(await Promise.race([web?.over, "open"]), "open");
      await shop.reset(to);
    });
  }

  it("is decided by every value of a header", async () => {
    await shop.set("orders", {
      ...{ "rule.gold.action": "deny", "rule.gold.callers": "*" },
      "rule.gold.headers": "x-tier=gold",
    });
    await eventually(
      async () => void (await shop.expect(DENIED, "/", { headers: { "x-tier": "gold" } })),
    );
    await shop.expect(DENIED, "/", { headers: { "x-tier": ["silver", "gold"] } });
    await shop.expect(200, "/", { headers: { "x-tier": ["silver", "golden"] } });
  });

  describe("of end users with tokens", () => {
    const [one, two] = [createKey("one"), createKey("two")];
    const trusted = { "jwt.issuer": ISSUER, "jwt.audiences": "orders" };

    const bearer = (claims: object = {}, key = one): { headers: Record<string, string> } => ({
      headers: { authorization: `Bearer ${tokenBy(key, { aud: "orders", ...claims })}` },
    });

    it("lets in users with a good token and the claims that a rule asks for", async () => {
      const script = "require('fs').writeFileSync('/var/lib/mesh/keys.json', process.argv[1])";
      await docker("exec", await mesh.containerOf("agent"), "node", "-e", script, keySet(one));
      await shop.set("orders", {
        ...trusted,
        "jwt.jwks": "file:///var/lib/mesh/keys.json",
        "jwt.claims": "verified=true",
        "rule.admins.action": "deny",
        "rule.admins.path-prefix": "/admin",
        "rule.admins.claims": "role!=admin",
      });
      const verified = { verified: true };
      await eventually(async () => void (await shop.expect(200, "/", bearer(verified))));
      await shop.expect(UNKNOWN_USER, "/");
      await shop.expect(UNKNOWN_USER, "/", bearer({}));
      await shop.expect(UNKNOWN_USER, "/", bearer({ ...verified, exp: 1 }));
      await shop.expect(UNKNOWN_USER, "/", bearer({ ...verified, aud: "another" }));
      await shop.expect(UNKNOWN_USER, "/", bearer(verified, two));
      await shop.expect(DENIED, "/admin", bearer({ ...verified, role: "clerk" }));
      await shop.expect(200, "/admin", bearer({ ...verified, role: "admin" }));
      await shop.reset("orders");
      await eventually(async () => void (await shop.expect(200, "/")));
    });

    it("goes by the issuer's present keys, and by the last good ones while it is away", async () => {
      await using issuer = new KeyServer();
      await issuer.serve(keySet(one));
      await shop.set("orders", { ...trusted, "jwt.jwks": issuer.address });
      await eventually(async () => void (await shop.expect(200, "/", bearer())));
      await shop.expect(UNKNOWN_USER, "/", bearer({}, two));
      await issuer.leave();
      // The next agent asks at once, and has what the last one knew.
      await mesh.compose("up", "-d", "--force-recreate", "agent");
      await mesh.untilProblem(/keys\.json.*the last good ones count/);
      await shop.expect(200, "/", bearer());
      await shop.expect(UNKNOWN_USER, "/", bearer({}, two));
      await issuer.serve(keySet(two));
      // It asks again by itself, less and less often.
      await eventually(async () => void (await shop.expect(200, "/", bearer({}, two))), {
        timeout: 20_000,
      });
      await shop.expect(UNKNOWN_USER, "/", bearer());
      await shop.reset("orders");
      await eventually(async () => void (await shop.expect(200, "/")));
    });
  });
});
