import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import { type ConsulServer, startConsul } from "../../helpers/consul.ts";
import { eventually } from "../../helpers/eventually.ts";
import { type Answer, ConsoleRig, type LoggedIn } from "./console-rig.ts";

describe("Consul behind the console", function () {
  this.timeout(60_000);

  let consul: ConsulServer;
  let rig: ConsoleRig;
  let admin: LoggedIn;
  let viewer: LoggedIn;

  before(async () => {
    consul = await startConsul({ forgetful: true });
    rig = await ConsoleRig.start({ consul: { address: consul.address, token: undefined } });
    admin = await rig.logIn();
    viewer = await rig.logIn("viewer");
    for (const key of ["docker-mesh/policies/orders", "passwords/database"]) {
      const answer = await fetch(`${consul.address}/v1/kv/${key}`, {
        method: "PUT",
        body: "secret",
      });
      assert.equal(answer.status, 200);
    }
  });

  after(async () => {
    await rig?.[Symbol.asyncDispose]();
    await consul?.[Symbol.asyncDispose]();
  });

  /** As Consul's UI asks: without the session's field, but from a page of the console. */
  async function change(
    method: string,
    target: string,
    body: unknown,
    as = admin,
  ): Promise<Answer> {
    const headers = {
      "x-mesh-csrf": undefined,
      origin: rig.origin,
      "content-type": "application/json",
    };
    return await rig.ask(target, { method, as, headers, body: JSON.stringify(body) });
  }

  it("tells the page that it is there", () => {
    assert.equal(admin.consul, true);
  });

  it("shows its UI, whose own scripts run and no others", async () => {
    const { status, headers, body } = await rig.ask("/ui/dc1/services", { as: viewer });
    assert.equal(status, 200);
    assert.match(body, /<title>Consul/);
    const policy = String(headers["content-security-policy"]);
    const [scripts = ""] = policy.split("; ").filter((part) => part.startsWith("script-src"));
    const inline = body.match(/<script>/g)?.length ?? 0;
    assert.ok(inline > 0);
    assert.match(
      scripts,
      new RegExp(`^script-src 'self'(?: 'sha256-[A-Za-z0-9+/=]{44}'){${inline}}$`),
    );
    assert.match(policy, /frame-ancestors 'none'/);
  });

  it("has browsers ask again for its UI's files, and sends no more than it must", async () => {
    const { body } = await rig.ask("/ui/", { as: viewer });
    const [path = ""] = /\/ui\/assets\/vendor-\w+\.js/.exec(body) ?? [];
    const first = await rig.ask(path, { as: viewer });
    assert.equal(first.status, 200);
    assert.equal(first.headers["cache-control"], "private, no-cache");
    assert.ok(first.body.length > 100_000);
    const seen = { "if-modified-since": String(first.headers["last-modified"]) };
    assert.equal((await rig.ask(path, { as: viewer, headers: seen })).status, 304);
  });

  it("is found by its path without the slash", async () => {
    const { status, headers } = await rig.ask("/ui", { as: viewer });
    assert.deepEqual([status, headers.location], [302, "/ui/"]);
  });

  it("lets its UI change intentions, as an admin", async () => {
    const intention = { SourceName: "web", DestinationName: "orders", Action: "deny" };
    const created = await change("POST", "/v1/connect/intentions?dc=dc1", intention);
    assert.equal(created.status, 200, created.body);
    const { ID: id } = JSON.parse(created.body);
    const seen = await rig.ask("/v1/connect/intentions", { as: viewer });
    assert.match(seen.body, /"SourceName":"web"/);
    assert.equal((await change("DELETE", `/v1/connect/intentions/${id}`, undefined)).status, 200);
  });

  it("changes nothing for a page that is not the console's, and for viewers", async () => {
    const intention = { SourceName: "web", DestinationName: "*", Action: "allow" };
    const path = "/v1/connect/intentions";
    const asked = { method: "POST", as: admin, body: JSON.stringify(intention) };
    const nameless = { "x-mesh-csrf": undefined };
    assert.equal((await rig.ask(path, { ...asked, headers: nameless })).status, 403);
    const foreign = { origin: "http://127.0.0.1:1" };
    assert.equal((await rig.ask(path, { ...asked, headers: foreign })).status, 403);
    assert.equal((await change("POST", path, intention, viewer)).status, 403);
    assert.equal((await rig.ask(path, { as: viewer })).body, "[]");
  });

  it("lets viewers ask what they may do, which Consul takes by POST", async () => {
    const { status } = await change("POST", "/v1/internal/acl/authorize", [], viewer);
    assert.notEqual(status, 403);
  });

  describe("keeps back", () => {
    for (const [method, target] of [
      ["GET", "/v1/agent/connect/ca/leaf/orders"],
      ["HEAD", "/v1/agent/connect/ca/leaf/orders"],
      ["GET", "/v1/agent/connect/ca/leaf/orders?dc=dc1"],
      ["GET", "/v1/agent/connect/ca/%6ceaf/orders"],
      ["GET", "/v1/connect/ca/configuration"],
      ["GET", "/v1/acl/tokens"],
      ["GET", "/v1/acl/token/self"],
      ["PUT", "/v1/acl/bootstrap"],
      ["GET", "/v1/snapshot"],
      ["GET", "/v1/agent/self"],
      ["GET", "/v1/agent/monitor"],
      ["GET", "/v1/agent/metrics"],
      ["PUT", "/v1/agent/leave"],
      ["PUT", "/v1/agent/service/register"],
      ["PUT", "/v1/catalog/register"],
      ["GET", "/v1/operator/keyring"],
      ["GET", "/v1/operator/raft/configuration"],
      ["PUT", "/v1/txn"],
      ["PUT", "/v1/event/fire/x"],
      ["GET", "/v1/config/proxy-defaults/global"],
      ["GET", "/v1"],
      ["POST", "/ui/"],
    ] as const) {
      it(`${method} ${target}, from admins too`, async () => {
        for (const as of [admin, viewer]) {
          const { status, body } = await rig.ask(target, { method, as });
          assert.ok(status === 403 || status === 404, String(status));
          assert.doesNotMatch(body, /PRIVATE KEY/);
        }
      });
    }

    it("a private key that Consul itself would give: the leaf is there", async () => {
      const given = await fetch(`${consul.address}/v1/agent/connect/ca/leaf/orders`);
      assert.match(await given.text(), /PRIVATE KEY/);
    });
  });

  describe("of its keys", () => {
    const statuses = async (target: string): Promise<readonly number[]> => [
      (await rig.ask(target, { as: admin })).status,
      (await rig.ask(target, { as: viewer })).status,
    ];

    it("shows the mesh's to everybody, and others to admins", async () => {
      assert.deepEqual(await statuses("/v1/kv/docker-mesh/policies/orders"), [200, 200]);
      assert.deepEqual(await statuses("/v1/kv/passwords/database"), [200, 403]);
      assert.deepEqual(await statuses("/v1/kv/passwords/database?raw"), [200, 403]);
      assert.deepEqual(await statuses("/v1/kv/?recurse"), [200, 403]);
      assert.deepEqual(await statuses("/v1/kv/docker-mesh/?recurse"), [200, 200]);
    });

    it("shows names to viewers, without what stands in them", async () => {
      const { status, body } = await rig.ask("/v1/kv/?keys&separator=/", { as: viewer });
      assert.deepEqual([status, JSON.parse(body)], [200, ["docker-mesh/", "passwords/"]]);
    });

    for (const query of [
      "keys?x&recurse",
      "keys=%zz&recurse",
      "keys;recurse",
      "recurse;keys&raw",
    ]) {
      it(`shows viewers nothing by a query that can be read in two ways: ${query}`, async () => {
        const { status, body } = await rig.ask(`/v1/kv/?${query}`, { as: viewer });
        assert.equal(status, 403);
        assert.doesNotMatch(body, /c2VjcmV0|secret/);
      });
    }

    it("lets admins change them", async () => {
      const target = "/v1/kv/notes";
      assert.equal((await change("PUT", target, "text")).body.trim(), "true");
      assert.equal((await change("PUT", target, "text", viewer)).status, 403);
      assert.equal((await change("DELETE", target, undefined)).status, 200);
    });
  });

  it("holds an answer back as long as it is asked to, and gives it when something changes", async () => {
    const target = "/v1/kv/docker-mesh/policies/orders";
    const { headers } = await rig.ask(target, { as: viewer });
    const index = Number(headers["x-consul-index"]);
    let answered = false;
    const waiting = rig.ask(`${target}?index=${index}&wait=5m`, { as: viewer }).finally(() => {
      answered = true;
    });
    await rig.ask(target, { as: viewer });
    assert.equal(answered, false);
    await change("PUT", target, "other");
    assert.ok(Number((await waiting).headers["x-consul-index"]) > index);
  });

  describe("when it is away", () => {
    it("says that Consul is away, without repeating what was asked, and is there again with it", async () => {
      await consul.stop();
      const api = await rig.ask("/v1/catalog/services?dc=<script>", { as: viewer });
      assert.equal(api.status, 502);
      assert.equal(JSON.parse(api.body).error.code, "CATALOG_UNAVAILABLE");
      const page = await rig.ask("/ui/dc1/<b>x", { as: viewer });
      assert.equal(page.status, 404);
      const plain = await rig.ask("/ui/dc1/something", { as: viewer });
      assert.deepEqual(
        [plain.status, plain.headers["content-type"]],
        [502, "text/html; charset=utf-8"],
      );
      for (const { body } of [api, plain])
        assert.doesNotMatch(body, /script|something|127\.0\.0\.1/);
      assert.match(String(plain.headers["content-security-policy"]), /^default-src 'none'/);
      await consul.start();
      await eventually(async () => {
        assert.equal((await rig.ask("/v1/catalog/services", { as: viewer })).status, 200);
      });
    });
  });
});
