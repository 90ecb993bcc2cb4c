// Who may call, through real sidecars: over links, over HTTP/1.1, in plaintext; and what becomes of that which is open.
import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { request as requestTls } from "node:https";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, it } from "mocha";
import { createLog } from "../../mesh/log.ts";
import type { Snapshot } from "../../proxy/configuration/snapshot.ts";
import { connectCallers, type Place } from "../helpers/callers.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Answer, call } from "../helpers/http-call.ts";
import { SidecarRig } from "../helpers/sidecar-rig.ts";
import { createKey, ISSUER, inAnHour, keySet, tokenBy } from "../helpers/tokens.ts";

const only = (source: string, action: "allow" | "deny"): Snapshot["intentions"] => ({
  defaultAction: "allow",
  list: [{ source, action, permissions: [] }],
});

describe("access to a service", () => {
  let rig: SidecarRig;
  beforeEach(async () => {
    rig = await SidecarRig.create();
  });
  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  /** Says which path it was asked for. */
  const echo = (): Promise<number> =>
    rig.httpApplication((incoming, response) => response.end(incoming.url));
  const status = async (at: Place, path = "/", headers = {}): Promise<number> =>
    (await call({ ...at, path, headers })).status;
  const statuses = async (...places: readonly Place[]): Promise<number[]> =>
    Promise.all(places.map((place) => status(place)));
  const dial = (at: Place): Socket => {
    const socket = connect({ ...at, allowHalfOpen: true });
    socket.on("error", () => undefined);
    rig.defer(() => void socket.destroy());
    return socket;
  };

  /** Whether by a reset or by an end. */
  const closed = (socket: Socket): Promise<void> =>
    new Promise((resolve) => void socket.once("close", () => resolve()).resume());

  it("follows the rules of the service from the moment they are in force", async () => {
    const { callee, web, api, outside } = await connectCallers(rig, await echo());
    assert.deepEqual(await statuses(web, api, outside), [200, 200, 200]);
    await callee.configure({ policy: { allow: "shop-web" } });
    assert.deepEqual(await statuses(web, api, outside), [200, 403, 403]);
    await callee.configure({ policy: { allow: "shop-*" } });
    assert.deepEqual(await statuses(web, api, outside), [200, 200, 403]);
    await callee.configure({ policy: { "default-action": "deny" } });
    assert.deepEqual(await statuses(web, api, outside), [403, 403, 403]);
    await callee.configure({ policy: {} });
    assert.deepEqual(await statuses(web, api, outside), [200, 200, 200]);
    assert.equal(callee.sidecar.report().counters.failures["ACCESS_DENIED"], 6);
  });

  it("follows Consul's intentions as well", async () => {
    const { callee, web, api, outside } = await connectCallers(rig, await echo());
    await callee.configure({ intentions: only("shop-web", "deny") });
    assert.deepEqual(await statuses(web, api, outside), [403, 200, 200]);
    await callee.configure({ policy: { deny: "shop-api" } });
    assert.deepEqual(await statuses(web, api, outside), [403, 403, 200]);
  });

  it("tells callers who refused them, and the log by which rule", async () => {
    const lines: string[] = [];
    const log = createLog("info", (line) => void lines.push(line));
    const { callee, api, outside } = await connectCallers(rig, await echo(), "http", log);
    await callee.configure({ policy: { "rule.night.action": "deny" } });
    const answers = await Promise.all([call(outside), call(outside), call(api)]);
    for (const { status, headers, body } of answers) {
      assert.equal(status, 403);
      assert.equal(headers["x-mesh-failure"], "ACCESS_DENIED");
      assert.match(body, /^docker-mesh: shop-orders .*\n$/);
      assert.doesNotMatch(body, /night/);
    }
    const refusals = lines.filter((line) => line.includes("refused a caller"));
    const callers = refusals.map((line): string => JSON.parse(line).caller);
    assert.deepEqual(callers.sort(), ["a caller without identity (127.0.0.1)", "shop-api"]);
    for (const line of refusals) assert.equal(JSON.parse(line).by, "rule.night");
  });

  it("is judged by paths in normal form, which is what the application gets", async () => {
    const { callee, web } = await connectCallers(rig, await echo());
    await callee.configure({
      policy: {
        "rule.open.action": "allow",
        "rule.open.path-prefix": "/open/",
      },
    });
    const answer = await call({ ...web, path: "/closed/../open/./x%7e?a=%2e" });
    assert.deepEqual([answer.status, answer.body], [200, "/open/x~?a=%2e"]);
    assert.equal(await status(web, "/open/../closed"), 403);
    assert.equal(await status(web, "/open/%2e%2e%2fclosed"), 403);
    assert.equal(await status(web, "/open//../../closed"), 403);
  });

  it("is judged for callers that speak HTTP/1.1 over mutual TLS as well", async () => {
    const { callee, inbound } = await connectCallers(rig, await echo());
    const ask = async (service: string): Promise<number | undefined> => {
      const { certificateChain, privateKey, roots } = await rig.authority.certificatesFor(service);
      const outgoing = requestTls({
        ...{ host: "127.0.0.1", port: inbound.tlsPort, agent: false, path: "/" },
        ...{ cert: certificateChain, key: privateKey, ca: [...roots] },
        checkServerIdentity: () => undefined,
      });
      outgoing.end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      response.resume();
      return response.statusCode;
    };
    await callee.configure({ policy: { allow: "shop-web" } });
    assert.deepEqual(await Promise.all([ask("shop-web"), ask("shop-api")]), [200, 403]);
  });

  it("is only reported under audit", async () => {
    const { callee, web, api } = await connectCallers(rig, await echo());
    await callee.configure({ policy: { allow: "shop-web", audit: "true" } });
    assert.deepEqual(await statuses(web, api), [200, 200]);
    const { failures, auditedDenials } = callee.sidecar.report().counters;
    assert.equal(failures["ACCESS_DENIED"], undefined);
    assert.equal(auditedDenials, 1);
  });

  it("of a byte stream is reported once for each change of access, whatever else changes", async () => {
    const port = await rig.tcpApplication((socket) => void socket.pipe(socket));
    const { callee, web } = await connectCallers(rig, port, "tcp");
    const policy = { deny: "shop-web", audit: "true" };
    await callee.configure({ policy });
    const socket = dial(web);
    socket.write("a");
    await once(socket, "data");
    const audited = (): number => callee.sidecar.report().counters.auditedDenials;
    assert.equal(audited(), 1);
    await callee.configure({ policy: { ...policy, "timeouts.connect": "2s" } });
    await callee.configure({ draining: true });
    assert.equal(audited(), 1);
    await callee.configure({ policy: { ...policy, allow: "shop-api" } });
    assert.equal(audited(), 2);
  });

  describe("that is taken away", () => {
    /** Sends a part of a response and waits. */
    const streaming = (): Promise<number> =>
      rig.httpApplication((_, response) => {
        response.write("begun");
        responses.push(response);
      });
    let responses: ServerResponse[];
    beforeEach(() => {
      responses = [];
    });
    /** What the application says now arrives. */
    const assertOpen = async (response: IncomingMessage): Promise<void> => {
      for (const each of responses) each.write("more");
      const [more] = (await once(response, "data")) as [Buffer];
      assert.equal(more.toString(), "more");
    };
    const open = async (at: Place, path = "/"): Promise<IncomingMessage> => {
      const outgoing = request({ ...at, path, agent: false });
      outgoing.on("error", () => undefined);
      rig.defer(() => void outgoing.destroy());
      outgoing.end();
      const [response] = (await once(outgoing, "response")) as [IncomingMessage];
      await once(response, "data");
      return response;
    };
    const brokenOff = (response: IncomingMessage): Promise<unknown> => once(response, "aborted");

    it("ends responses that are on their way, and those of others go on", async () => {
      const { callee, web, api, outside } = await connectCallers(rig, await streaming());
      const [ended, goesOn, alsoEnded] = await Promise.all([open(web), open(api), open(outside)]);
      await Promise.all([
        brokenOff(ended),
        brokenOff(alsoEnded),
        callee.configure({ policy: { allow: "shop-api" } }),
      ]);
      await assertOpen(goesOn);
    });

    it("ends those alone that the rules speak of", async () => {
      const { callee, web } = await connectCallers(rig, await streaming());
      const [ended, goesOn] = await Promise.all([open(web, "/private/x"), open(web, "/public/x")]);
      const policy = { "rule.p.action": "deny", "rule.p.path-prefix": "/private/" };
      await Promise.all([brokenOff(ended), callee.configure({ policy })]);
      await assertOpen(goesOn);
    });

    it("ends connections that were upgraded", async () => {
      const port = await rig.httpApplication(
        () => assert.fail("expected an upgrade"),
        (server: Server) => {
          server.on("upgrade", (_: IncomingMessage, socket: Socket) => {
            socket.on("error", () => undefined);
            socket.write(
              "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
            );
            socket.pipe(socket);
          });
        },
      );
      const { callee, web, api } = await connectCallers(rig, port);
      const upgrade = async (at: Place): Promise<Socket> => {
        const socket = dial(at);
        socket.write(
          "GET / HTTP/1.1\r\nHost: shop-orders\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n",
        );
        const [head] = (await once(socket, "data")) as [Buffer];
        assert.match(head.toString(), /^HTTP\/1\.1 101 /);
        return socket;
      };
      const [ended, goesOn] = await Promise.all([upgrade(web), upgrade(api)]);
      await Promise.all([
        closed(ended),
        callee.configure({ intentions: only("shop-web", "deny") }),
      ]);
      goesOn.write("still here");
      const [echoed] = (await once(goesOn, "data")) as [Buffer];
      assert.equal(echoed.toString(), "still here");
    });

    it("ends byte streams, and lets no new one in", async () => {
      const port = await rig.tcpApplication((socket) => void socket.pipe(socket));
      const { callee, web, api } = await connectCallers(rig, port, "tcp");
      const talk = async (socket: Socket, words: string): Promise<string> => {
        socket.write(words);
        const [echoed] = (await once(socket, "data")) as [Buffer];
        return echoed.toString();
      };
      const ended = dial(web);
      const goesOn = dial(api);
      assert.deepEqual(await Promise.all([talk(ended, "a"), talk(goesOn, "b")]), ["a", "b"]);
      await Promise.all([closed(ended), callee.configure({ policy: { deny: "shop-web" } })]);
      assert.equal(await talk(goesOn, "c"), "c");
      const late = dial(web);
      late.write("a");
      await closed(late);
      assert.equal(await talk(dial(api), "d"), "d");
      assert.equal(callee.sidecar.report().counters.failures["ACCESS_DENIED"], 2);
    });

    it("ends byte streams that nobody has said anything on yet", async () => {
      const accepted = Promise.withResolvers<Socket>();
      const port = await rig.tcpApplication((socket) => accepted.resolve(socket));
      const { callee, outside } = await connectCallers(rig, port, "auto");
      const socket = dial(outside);
      await accepted.promise;
      await Promise.all([closed(socket), callee.configure({ policy: { allow: "shop-web" } })]);
    });

    it("ends nothing when something else changes", async () => {
      const { callee, web } = await connectCallers(rig, await streaming());
      const policy = { "rule.r.action": "allow", "rule.r.path": "/stream" };
      await callee.configure({ policy });
      const response = await open(web, "/stream");
      await callee.configure({ jwks: keySet() });
      await callee.configure({ draining: true });
      await assertOpen(response);
    });
  });

  describe("with tokens of end users", () => {
    const key = createKey("one");
    const next = createKey("two", "RS256");
    const policy = { "jwt.issuer": ISSUER, "jwt.jwks": "https://login.test/keys" };
    const bearer = (token: string): { authorization: string } => ({
      authorization: `Bearer ${token}`,
    });
    const ask = (at: Place, token: string): Promise<Answer> =>
      call({ ...at, headers: bearer(token) });

    it("is for requests with a token that is valid", async () => {
      const { callee, web, outside } = await connectCallers(rig, await echo());
      await callee.configure({ policy, jwks: keySet(key) });
      const token = tokenBy(key);
      for (const place of [web, web, outside]) assert.equal((await ask(place, token)).status, 200);
      const missing = await call(web);
      assert.equal(missing.status, 401);
      assert.equal(missing.headers["www-authenticate"], "Bearer");
      assert.equal(missing.headers["x-mesh-failure"], "TOKEN_INVALID");
      assert.equal((await ask(web, tokenBy(createKey("one")))).status, 401);
      const invalid = await ask(outside, tokenBy(createKey("one")));
      assert.equal(invalid.status, 401);
      assert.equal(invalid.headers["www-authenticate"], 'Bearer error="invalid_token"');
    });

    it("waits for the token of a request with a body to be verified", async () => {
      const port = await rig.httpApplication((incoming, response) => void incoming.pipe(response));
      const { callee, web } = await connectCallers(rig, port);
      await callee.configure({ policy, jwks: keySet(key) });
      const body = "x".repeat(300_000);
      const answer = await call({ ...web, method: "POST", body, headers: bearer(tokenBy(key)) });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, body);
    });

    it("may be had without a token where none is required", async () => {
      const { callee, web } = await connectCallers(rig, await echo());
      await callee.configure({ policy: { ...policy, "jwt.required": "false" }, jwks: keySet(key) });
      assert.equal(await status(web), 200);
      assert.equal((await ask(web, "x.y.z")).status, 401);
    });

    it("depends on claims that rules ask for", async () => {
      const { callee, web } = await connectCallers(rig, await echo());
      const admins = { "rule.a.action": "allow", "rule.a.claims": "roles=admin" };
      await callee.configure({ policy: { ...policy, ...admins }, jwks: keySet(key) });
      assert.equal((await ask(web, tokenBy(key, { roles: ["admin", "user"] }))).status, 200);
      assert.equal((await ask(web, tokenBy(key, { roles: ["user"] }))).status, 403);
    });

    it("ends for tokens of a key that was withdrawn, at once and for what is open", async () => {
      const port = await rig.httpApplication((_, response) => void response.write("begun"));
      const { callee, web } = await connectCallers(rig, port);
      await callee.configure({ policy, jwks: keySet(key, next) });
      const open = async (token: string): Promise<IncomingMessage> => {
        const outgoing = request({ ...web, agent: false, headers: bearer(token) });
        outgoing.on("error", () => undefined).end();
        rig.defer(() => void outgoing.destroy());
        const [response] = (await once(outgoing, "response")) as [IncomingMessage];
        assert.equal(response.statusCode, 200);
        await once(response, "data");
        return response;
      };
      const [withdrawn, kept] = await Promise.all([open(tokenBy(key)), open(tokenBy(next))]);
      await Promise.all([
        once(withdrawn, "aborted"),
        callee.configure({ jwks: keySet(next, createKey("three")) }),
      ]);
      assert.equal(kept.destroyed, false);
      assert.equal((await ask(web, tokenBy(key, { exp: inAnHour() + 1 }))).status, 401);
    });

    it("is refused while the keys are not there", async () => {
      const { callee, web } = await connectCallers(rig, await echo());
      await callee.configure({ policy });
      assert.equal((await ask(web, tokenBy(key))).status, 401);
    });
  });

  describe("within limits", () => {
    it("is refused with 429 beyond a caller's rate, and others have theirs", async () => {
      const { callee, web, api } = await connectCallers(rig, await echo());
      await callee.configure({ policy: { "limits.rate-per-caller": "1", "limits.burst": "2" } });
      const answers = await Promise.all(Array.from({ length: 30 }, () => call(web)));
      const refused = answers.filter((answer) => answer.status !== 200);
      assert.ok(answers.length - refused.length >= 2);
      assert.ok(refused.length > 0);
      for (const { status, headers } of refused) {
        assert.equal(status, 429);
        assert.equal(headers["x-mesh-failure"], "RATE_LIMITED");
        assert.equal(headers["retry-after"], "1");
      }
      assert.equal(await status(api), 200);
    });

    it("is refused with 503 while the application has enough to do", async () => {
      const waiting: (() => void)[] = [];
      const port = await rig.httpApplication((_, response) => {
        waiting.push(() => response.end("done"));
      });
      const { callee, outside } = await connectCallers(rig, port);
      await callee.configure({ policy: { "limits.inbound-requests": "1" } });
      const first = call(outside);
      await eventually(() => assert.equal(waiting.length, 1));
      const second = await call(outside);
      assert.equal(second.status, 503);
      assert.equal(second.headers["x-mesh-failure"], "OVERLOADED");
      assert.equal(second.headers["retry-after"], "1");
      waiting[0]?.();
      assert.equal((await first).status, 200);
      const third = call(outside);
      await eventually(() => assert.equal(waiting.length, 2));
      waiting[1]?.();
      assert.equal((await third).status, 200);
    });

    it("counts byte streams too", async () => {
      const port = await rig.tcpApplication((socket) => void socket.end("hello"));
      const { callee, web } = await connectCallers(rig, port, "tcp");
      await callee.configure({ policy: { "limits.rate": "1" } });
      const words = Array.from({ length: 10 }, () => text(dial(web)).catch(() => "refused"));
      assert.ok((await Promise.all(words)).includes("hello"));
      const { failures } = callee.sidecar.report().counters;
      assert.ok((failures["RATE_LIMITED"] ?? 0) > 0);
    });
  });
});
