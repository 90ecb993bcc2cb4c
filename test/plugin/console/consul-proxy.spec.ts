import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import fastCheck from "fast-check";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../../helpers/eventually.ts";
import { ConsoleRig, type LoggedIn } from "./console-rig.ts";
import { ConsulBackend } from "./consul-backend.ts";

const ASKED = "/v1/catalog/services";

describe("what goes to Consul and comes back", () => {
  let backend: ConsulBackend;
  let rig: ConsoleRig;
  let admin: LoggedIn;
  let viewer: LoggedIn;

  beforeEach(async () => {
    backend = await ConsulBackend.start();
    rig = await ConsoleRig.start({ consul: { address: backend.address, token: "the mesh's" } });
    admin = await rig.logIn();
    viewer = await rig.logIn("viewer");
  });

  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
    await backend[Symbol.asyncDispose]();
  });

  for (const [what, more] of [
    ["", {}],
    [", also when the client expects to be told to go on", { expect: "100-continue" }],
  ] as const) {
    it(`is the mesh's own token, and nothing of who asks${what}`, async () => {
      const headers = {
        ...{
          authorization: "Bearer x",
          "x-consul-token": "theirs",
          "x-forwarded-for": "192.0.2.1",
        },
        ...{ "x-mesh-other": "x", accept: "application/json", ...more },
      };
      const { status } = await rig.ask(`${ASKED}?dc=dc1&index=3`, { as: admin, headers });
      assert.equal(status, 200);
      const { url, headers: seen } = backend.last ?? {};
      assert.equal(url, `${ASKED}?dc=dc1&index=3`);
      assert.deepEqual(seen, {
        ...{ host: backend.address.slice("http://".length), connection: "keep-alive" },
        ...{ accept: "application/json", "x-consul-token": "the mesh's" },
      });
    });
  }

  it("is the body of a change, whole", async () => {
    const body = JSON.stringify({ Note: "x".repeat(100_000) });
    const headers = { "content-type": "application/json" };
    const asked = { method: "PUT", as: admin, body, headers };
    assert.equal((await rig.ask("/v1/connect/intentions/exact?source=a", asked)).status, 200);
    assert.deepEqual([backend.last?.method, backend.last?.body], ["PUT", body]);
  });

  it("is nothing that its UI does not ask for", async () => {
    assert.equal((await rig.ask("/v1/agent/connect/ca/leaf/a", { as: admin })).status, 403);
    assert.equal((await rig.ask("/v1/kv/passwords", { as: viewer })).status, 403);
    assert.deepEqual(backend.arrived, []);
  });

  it("sets no cookie and opens nothing to other sites", async () => {
    const { headers } = await rig.ask(ASKED, { as: admin });
    assert.equal(headers["set-cookie"], undefined);
    assert.equal(headers["access-control-allow-origin"], undefined);
    assert.match(String(headers["content-security-policy"]), /^default-src 'none'/);
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.equal(headers["x-consul-index"], "7");
  });

  /** Asks for what Consul holds back, and gives what becomes of it once Consul has been asked. */
  async function wait(
    as: LoggedIn,
    client = new AbortController(),
  ): Promise<{ failed: Promise<void> }> {
    const before = backend.held.length;
    const answer = rig.ask(`${ASKED}?wait=5m`, { as, signal: client.signal });
    const failed = assert.rejects(answer);
    await eventually(() => assert.equal(backend.held.length, before + 1));
    return { failed };
  }

  it("ends when the browser goes away", async () => {
    const client = new AbortController();
    const { failed } = await wait(admin, client);
    client.abort();
    await failed;
    await eventually(() => assert.equal(backend.aborted, 1));
  });

  it("ends when the session does, and no other with it", async () => {
    const { failed } = await wait(admin);
    const other = rig.ask(`${ASKED}?wait=5m`, { as: viewer });
    await eventually(() => assert.equal(backend.held.length, 2));
    await rig.ask("/api/session", { method: "DELETE", as: admin });
    await failed;
    await eventually(() => assert.equal(backend.aborted, 1));
    backend.held[1]?.end("{}");
    assert.equal((await other).body, "{}");
  });

  it("is seen to be cut when Consul dies in the middle of it", async () => {
    const { failed } = await wait(admin);
    backend.held[0]?.write("{");
    backend.held[0]?.destroy();
    await failed;
  });

  it("is not more at a time than leaves the agent its connections to Consul", async () => {
    const client = new AbortController();
    const all = [];
    for (let count = 0; count < 32; count += 1) all.push((await wait(admin, client)).failed);
    assert.equal((await rig.ask(ASKED, { as: viewer })).status, 429);
    client.abort();
    await Promise.all(all);
    await eventually(async () => assert.equal((await rig.ask(ASKED, { as: viewer })).status, 200));
  });

  it("is nothing without a login, whatever the request looks like", async () => {
    const part = fastCheck.constantFrom(
      ...[
        "/",
        "//",
        "v1",
        "V1",
        "ui",
        "api",
        "mesh",
        "..",
        ".",
        "%2e",
        "%2f",
        "%5c",
        "\\",
        "?",
        "#",
        ";",
      ],
      ...["catalog", "services", "session", "kv", "@", "127.0.0.1", "http:", "*", "%00", "%v1"],
    );
    const target = fastCheck
      .array(part, { minLength: 1, maxLength: 10 })
      .map((all) => `/${all.join("")}`);
    const method = fastCheck.constantFrom(
      "GET",
      "HEAD",
      "POST",
      "PUT",
      "DELETE",
      "OPTIONS",
      "PATCH",
    );
    const cookie = fastCheck.constantFrom(
      "",
      "=;=",
      `mesh-session-${rig.port}=x`,
      "a".repeat(3_000),
    );
    await fastCheck.assert(
      fastCheck.asyncProperty(target, method, cookie, async (path, how, field) => {
        const headers = { cookie: field, host: `127.0.0.1:${rig.port}`, origin: rig.origin };
        const { status } = await rig.ask(path, { method: how, headers });
        // The page is for everybody.
        if (status !== 200) assert.ok([400, 401, 404, 405, 415].includes(status), `${status}`);
        else assert.match(path, /^\/(?:\?|$)/);
      }),
      { numRuns: 300 },
    );
    assert.deepEqual(backend.arrived, []);
  });

  describe("of upgrades", () => {
    /** Asks for a WebSocket and gives the answer's first line, with the connection. */
    async function upgrade(
      target: string,
      as: LoggedIn | undefined,
      fields: readonly string[] = [`Origin: ${rig.origin}`],
      host = `127.0.0.1:${rig.port}`,
    ): Promise<[line: string, socket: Socket]> {
      const socket = rig.connect();
      const lines = [
        `GET ${target} HTTP/1.1`,
        `Host: ${host}`,
        ...["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"],
        ...(as === undefined ? [] : [`Cookie: ${as.cookie}`]),
        ...fields,
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      const [data] = (await once(socket, "data")) as [Buffer];
      return [data.toString().split("\r\n")[0] ?? "", socket];
    }

    async function isRefused(status: number, ...asked: Parameters<typeof upgrade>): Promise<void> {
      const [line, socket] = await upgrade(...asked);
      assert.match(line, new RegExp(`^HTTP/1\\.1 ${status} `));
      socket.resume();
      if (!socket.destroyed) await once(socket, "close");
      assert.deepEqual(backend.arrived, []);
    }

    for (const role of ["admin", "viewer"] as const) {
      it(`passes one of somebody who has logged in as ${role}, in both directions`, async () => {
        const [line, socket] = await upgrade(ASKED, role === "admin" ? admin : viewer);
        assert.match(line, /^HTTP\/1\.1 101 /);
        socket.write("hello");
        assert.equal(String((await once(socket, "data"))[0]), "hello");
        const { cookie, "x-consul-token": token } = backend.last?.headers ?? {};
        assert.deepEqual([cookie, token], [undefined, "the mesh's"]);
        socket.destroy();
        await eventually(() => assert.ok(backend.upgraded[0]?.destroyed));
      });
    }

    it("refuses one without a login", async () => await isRefused(401, ASKED, undefined));
    it("refuses one of another page", async () =>
      await isRefused(403, ASKED, admin, ["Origin: http://127.0.0.1:1"]));
    it("refuses one that does not say which page asks", async () =>
      await isRefused(403, ASKED, admin, []));
    it("refuses one under another host's name", async () =>
      await isRefused(421, ASKED, admin, [`Origin: ${rig.origin}`], "evil.example"));

    for (const target of [
      "/",
      "/api/events",
      "/ui/",
      "/v1/agent/monitor",
      "/v1/agent/connect/ca/leaf/a",
      "//v1/catalog/services",
      "/V1/catalog/services",
      "/v1/./catalog/services",
      "/v1/kv/x",
    ]) {
      it(`refuses one to ${target}`, async () => await isRefused(404, target, viewer));
    }

    it("ends one with its session", async () => {
      const [, socket] = await upgrade(ASKED, admin);
      const closed = once(socket, "close");
      await rig.ask("/api/session", { method: "DELETE", as: admin });
      await closed;
      await eventually(() => assert.ok(backend.upgraded[0]?.destroyed));
    });

    it("ends one that Consul has not answered yet with its session", async () => {
      const socket = rig.connect().on("error", () => undefined);
      const lines = [
        ...[`GET ${ASKED}?silent HTTP/1.1`, `Host: 127.0.0.1:${rig.port}`, `Origin: ${rig.origin}`],
        ...[`Cookie: ${admin.cookie}`, "Connection: upgrade", "Upgrade: websocket"],
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      await eventually(() => assert.equal(backend.upgraded.length, 1));
      await rig.ask("/api/session", { method: "DELETE", as: admin });
      await eventually(() => assert.ok(backend.upgraded[0]?.destroyed));
    });

    it("ends one with the agent", async () => {
      const [, socket] = await upgrade(ASKED, admin);
      const closed = once(socket, "close");
      await rig[Symbol.asyncDispose]();
      await closed;
      rig = await ConsoleRig.start();
    });

    it("gives Consul's answer where it does not upgrade", async () => {
      const [line, socket] = await upgrade(`${ASKED}?declined`, admin);
      assert.match(line, /^HTTP\/1\.1 403 /);
      socket.resume();
      await once(socket, "close");
    });

    it("ends one when Consul is away", async () => {
      await backend[Symbol.asyncDispose]();
      const socket = rig.connect();
      socket.write(
        `GET ${ASKED} HTTP/1.1\r\nHost: 127.0.0.1:${rig.port}\r\nOrigin: ${rig.origin}\r\nCookie: ${admin.cookie}\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`,
      );
      await once(socket.resume(), "close");
      backend = await ConsulBackend.start();
    });
  });
});
