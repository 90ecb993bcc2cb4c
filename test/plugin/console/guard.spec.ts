import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { serveApiOnSocket } from "../../../plugin/api/serve-api.ts";
import { callSocket } from "../../../plugin/commands/api-socket.ts";
import { type Asked, ConsoleRig, type LoggedIn } from "./console-rig.ts";

const POLICY = "/api/mesh/v1/services/shop-orders/policy";

describe("what the console lets through", () => {
  let rig: ConsoleRig;
  let admin: LoggedIn;
  let viewer: LoggedIn;

  before(async () => {
    rig = await ConsoleRig.start();
    admin = await rig.logIn();
    viewer = await rig.logIn("viewer");
  });

  after(async () => {
    await rig[Symbol.asyncDispose]();
  });

  async function statusOf(target: string, asked: Asked = {}): Promise<number> {
    return (await rig.ask(target, asked)).status;
  }

  /** A change that the API refuses with 422 once it gets there: a document that is none. */
  async function change(
    headers: Readonly<Record<string, string | undefined>>,
    as = admin,
  ): Promise<number> {
    const json = { "content-type": "application/json", "if-none-match": "*" };
    const asked = { method: "PUT", body: '{"bogus":"1"}', as, headers: { ...json, ...headers } };
    return await statusOf(POLICY, asked);
  }

  describe("without a login", () => {
    for (const target of [
      "/api/events",
      "/api/tap",
      "/api/intentions",
      "/api/mesh/v1/status",
      "/api/mesh/metrics",
      "/api/mesh",
      "/api/none",
      "/v1/kv/",
      "/v1/agent/self",
      "/ui/",
      "/ui",
      "/ui/assets/x.js",
      "/index.htm",
    ]) {
      it(`is not ${target}`, async () => {
        for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"])
          assert.equal(await statusOf(target, { method }), 401, method);
      });
    }

    for (const cookie of [
      "",
      "mesh-session",
      "mesh-session=",
      "=",
      ";;;=;",
      "mesh-session-PORT=",
      "mesh-session-PORT=short",
      `mesh-session-PORT=${"A".repeat(43)}`,
      `mesh-session-PORT=${"A".repeat(5_000)}`,
      `mesh-session-PORT="${"A".repeat(43)}"`,
      "mesh-session-PORT=__proto__",
      "mesh-session-PORT=%00%00",
    ]) {
      it(`is nothing by the cookie ${JSON.stringify(cookie.slice(0, 40))}`, async () => {
        const headers = { cookie: cookie.replace("PORT", String(rig.port)) };
        assert.equal(await statusOf("/api/intentions", { headers }), 401);
      });
    }

    it("is nothing by a session's cookie beside another one of its name", async () => {
      const headers = { cookie: `${admin.cookie}; ${admin.cookie.split("=")[0]}=x` };
      assert.equal(await statusOf("/api/intentions", { headers }), 401);
      const among = { cookie: `a=b; ${admin.cookie}; c=d` };
      assert.equal(await statusOf("/api/intentions", { headers: among }), 200);
    });

    it("leads who opens Consul's UI in a browser to the login", async () => {
      for (const target of ["/ui", "/ui/dc1/services"]) {
        const answer = await rig.ask(target, { headers: { "sec-fetch-mode": "navigate" } });
        assert.deepEqual([answer.status, answer.headers.location], [302, "/"]);
      }
    });

    it("is nothing by a token in place of a cookie", async () => {
      const headers = { authorization: `Bearer ${rig.console.access.admin}` };
      assert.equal(await statusOf("/api/mesh/v1/status", { headers }), 401);
    });
  });

  describe("by paths that two readers could understand differently", () => {
    for (const target of [
      "//v1/kv/",
      "/api//mesh/v1/status",
      "/api/./mesh/v1/status",
      "/api/mesh/../intentions",
      "/api/mesh/v1/services/..%2f..%2fx/policy",
      "/api/mesh/v1/services/%2e%2e/policy",
      "/api%2fintentions",
      "/api\\intentions",
      "/api/%5cintentions",
      "/api/intentions%00",
      "/api/%",
      "/api/%zz",
      "/api/%ff",
      "/api/%252e%252e/x",
      "/api/intentions#x",
      "http://127.0.0.1/api/intentions",
      "*",
    ]) {
      it(`is nothing: ${target}`, async () => {
        const { status, body } = await rig.ask(target, { as: admin });
        assert.equal(status, 404);
        assert.equal(JSON.parse(body).error.code, "NOT_FOUND");
      });
    }

    for (const target of [
      "/API/intentions",
      "/V1/kv/",
      "/UI/",
      "/api/intentions/",
      "/Api/mesh/v1/status",
    ]) {
      it(`is nothing in other letters: ${target}`, async () => {
        assert.equal(await statusOf(target), 401);
        assert.equal(await statusOf(target, { as: admin }), 404);
      });
    }

    it("is a name with a star or a percent-encoded letter, which have one meaning", async () => {
      assert.equal(await statusOf("/api/mesh/v1/services/*/policy", { as: admin }), 200);
      assert.equal(
        await statusOf("/api/mesh/v1/services/shop%2Dorders/policy", { as: admin }),
        200,
      );
    });
  });

  describe("of hosts that it does not have", () => {
    const own = async (host: string): Promise<number> => {
      const cookie = admin.cookie.replace(`-${rig.port}=`, `-${/:(\d+)$/.exec(host)?.[1] ?? 80}=`);
      return await statusOf("/api/session", { headers: { host, cookie } });
    };
    for (const host of [
      "evil.example",
      "evil.example:PORT",
      "localhost.evil.example",
      "127.0.0.1.evil.example",
      "a@127.0.0.1",
      "127.0.0.1/x",
      "[::1",
      "mesh_host",
      "evil.example.",
      "1.2.3",
      "0x7f.1",
    ]) {
      it(`is nothing: ${JSON.stringify(host)}`, async () => {
        const answer = await rig.ask("/", {
          headers: { host: host.replace("PORT", String(rig.port)) },
        });
        assert.equal(answer.status, 421);
        assert.equal(JSON.parse(answer.body).error.code, "HOST_UNKNOWN");
      });
    }

    for (const host of [
      "127.0.0.1",
      "127.0.0.1:8600",
      "192.0.2.1:80",
      "[::1]:8600",
      "localhost:8600",
      "mesh.localhost",
      "LOCALHOST",
    ]) {
      it(`is all of ${host}`, async () => assert.equal(await own(host), 200));
    }
  });

  describe("of changes", () => {
    it("are those that show the session's field", async () => {
      assert.equal(await change({}), 422);
      assert.equal(await change({ origin: rig.origin }), 422);
      assert.equal(await change({ origin: rig.origin, "sec-fetch-site": "same-origin" }), 422);
    });

    for (const [name, csrf] of [
      ["none", undefined],
      ["an empty one", ""],
      ["another one", "A".repeat(43)],
    ] as const) {
      it(`is nothing with ${name}`, async () => {
        assert.equal(await change({ "x-mesh-csrf": csrf }), 403);
        assert.equal(await change({ "x-mesh-csrf": csrf, origin: rig.origin }), 403);
      });
    }

    it("is nothing with the field of another session", async () => {
      const other = await rig.logIn();
      assert.equal(await change({ "x-mesh-csrf": other.csrf }), 403);
    });

    it("is nothing of viewers, who may look", async () => {
      assert.equal(await change({}, viewer), 403);
      assert.equal(await statusOf(POLICY, { as: viewer }), 200);
      assert.equal(await statusOf(POLICY, { method: "DELETE", as: viewer }), 403);
      const rollback = { method: "POST", as: viewer, body: "{}" };
      assert.equal(await statusOf(`${POLICY}/rollback`, rollback), 403);
    });

    it("reads a body once, and takes what the API takes", async () => {
      const headers = { "content-type": "application/json", "if-none-match": "*" };
      const asked = { method: "PUT", body: '{"retries.attempts":"2"}', as: admin, headers };
      const { status, body } = await rig.ask(POLICY, asked);
      assert.equal(status, 200);
      assert.deepEqual(JSON.parse(body).document, { "retries.attempts": "2" });
    });

    it("is nothing by other methods", async () => {
      for (const method of ["PATCH", "OPTIONS", "TRACE", "PROPFIND"])
        assert.equal(await statusOf("/api/intentions", { method, as: admin }), 405, method);
    });

    it("is no logout without the field", async () => {
      const asked = { method: "DELETE", as: admin, headers: { "x-mesh-csrf": undefined } };
      assert.equal(await statusOf("/api/session", asked), 403);
    });
  });

  describe("of other sites", () => {
    const other = (headers: Readonly<Record<string, string>>): Asked => ({ as: admin, headers });
    for (const origin of [
      "https://evil.example",
      "null",
      "http://127.0.0.1:1",
      "http://localhost",
      "",
      "file://",
    ]) {
      it(`is nothing with the origin ${JSON.stringify(origin)}`, async () => {
        assert.equal(await statusOf("/api/intentions", other({ origin })), 403);
        assert.equal(await change({ origin }), 403);
        assert.equal((await rig.tryToken(rig.console.access.admin, { origin })).status, 403);
      });
    }

    for (const site of ["cross-site", "same-site", "bogus"]) {
      it(`is nothing that a ${site} page fetches`, async () => {
        assert.equal(await statusOf("/api/intentions", other({ "sec-fetch-site": site })), 403);
        assert.equal(await change({ "sec-fetch-site": site }), 403);
        assert.equal(
          await statusOf("/", other({ "sec-fetch-site": site, "sec-fetch-dest": "image" })),
          403,
        );
      });
    }

    it("are links to the page, but not into a frame or to the API", async () => {
      const link = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
      assert.equal(await statusOf("/", other({ ...link, "sec-fetch-dest": "document" })), 200);
      assert.equal(await statusOf("/", other({ ...link, "sec-fetch-dest": "iframe" })), 403);
      assert.equal(
        await statusOf("/api/intentions", other({ ...link, "sec-fetch-dest": "document" })),
        403,
      );
    });
  });

  describe("says with every answer what browsers must not do", () => {
    for (const target of [
      "/",
      "/api/session",
      "/api/intentions",
      "/api/mesh/v1/status",
      "//",
      "/none",
    ]) {
      it(target, async () => {
        const { headers } = await rig.ask(target, { as: admin });
        const policy = String(headers["content-security-policy"]);
        assert.match(policy, /^default-src 'none'; .*frame-ancestors 'none'/);
        assert.doesNotMatch(policy, /unsafe/);
        assert.equal(headers["x-content-type-options"], "nosniff");
        assert.equal(headers["x-frame-options"], "DENY");
        assert.equal(headers["referrer-policy"], "no-referrer");
        assert.equal(headers["cache-control"], "no-store");
        assert.equal(headers["access-control-allow-origin"], undefined);
        assert.equal(headers["x-powered-by"], undefined);
      });
    }
  });

  for (const path of ["/v1/leave", "/v1/leave/", "/v1/Leave", "/v1//leave", "/v1/other"])
    it(`does not have ${path} of the agent's API, not even for admins`, async () => {
      for (const method of ["GET", "POST"])
        assert.ok([400, 404].includes(await statusOf(`/api/mesh${path}`, { method, as: admin })));
    });

  it("never tells the console's tokens through the API that it shows", async () => {
    for (const somebody of [admin, viewer]) {
      const { status, body } = await rig.ask("/api/mesh/v1/console", { as: somebody });
      assert.equal(status, 404);
      assert.ok(!body.includes(rig.console.access.admin));
    }
  });

  it("tells them, and the traffic that it watches, where the API is root's alone", async () => {
    const path = join(rig.directory, "api.sock");
    const stop = new AbortController();
    const { closed } = await serveApiOnSocket(rig.console.withAccess, path, stop.signal);
    const ask = async (asked: string): Promise<string> =>
      String((await callSocket(path, { method: "GET", path: asked }, stop.signal)).body);
    assert.deepEqual(JSON.parse(await ask("/v1/console")), rig.console.access);
    assert.deepEqual(JSON.parse(await ask("/v1/traffic")), { edges: [] });
    assert.deepEqual(JSON.parse(await ask("/v1/health")), { healthy: true });
    stop.abort();
    await closed;
  });

  it("answers an upgrade that nobody has logged in for, and ends its connection", async () => {
    const socket = rig.connect();
    socket.write(
      "GET /v1/agent/self HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    );
    const [data] = await once(socket, "data");
    assert.match(String(data), /^HTTP\/1\.1 401 Unauthorized\r\n/);
    await once(socket, "close");
  });

  it("ends CONNECT without an answer", async () => {
    const socket = rig.connect();
    socket.write("CONNECT 127.0.0.1:80 HTTP/1.1\r\nHost: 127.0.0.1:80\r\n\r\n");
    socket.resume();
    await once(socket, "close");
    assert.equal(socket.bytesRead, 0);
  });
});
