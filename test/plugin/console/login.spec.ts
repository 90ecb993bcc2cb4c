import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { ConsoleRig, type LoggedIn } from "./console-rig.ts";

const HOUR = 3_600_000;

describe("logging in to the console", () => {
  let clock: ManualClock;
  let rig: ConsoleRig;

  beforeEach(async () => {
    clock = new ManualClock();
    rig = await ConsoleRig.start({ clock });
  });

  afterEach(async () => {
    await rig[Symbol.asyncDispose]();
  });

  async function isIn(somebody: LoggedIn): Promise<boolean> {
    return (await rig.ask("/api/session", { as: somebody })).status === 200;
  }

  it("takes the token that the agent has made, which is its owner's alone", async () => {
    const path = join(rig.directory, "state/console.token");
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    const answer = await rig.tryToken((await readFile(path, "utf8")).trim());
    assert.equal(answer.status, 200);
    assert.equal(JSON.parse(answer.body).role, "admin");
  });

  it("knows viewers by another token", async () => {
    const { role, consul } = await rig.logIn("viewer");
    assert.deepEqual([role, consul], ["viewer", false]);
  });

  it("gives a cookie that no script sees and no other site sends", async () => {
    const { headers } = await rig.tryToken(rig.console.access.viewer);
    const cookie = `mesh-session-${rig.port}=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200`;
    assert.match(headers["set-cookie"]?.join("|") ?? "", new RegExp(`^${cookie}$`));
    assert.equal(headers["cache-control"], "no-store");
  });

  it("shows the session to who has one", async () => {
    const viewer = await rig.logIn("viewer");
    const answer = await rig.ask("/api/session", { as: viewer });
    const { cookie: _cookie, ...session } = viewer;
    assert.deepEqual(JSON.parse(answer.body), session);
    assert.equal((await rig.ask("/api/session")).status, 401);
  });

  for (const token of ["", "x", undefined, null, 7, ["a"], {}, "a".repeat(10_000)]) {
    it(`refuses the token ${JSON.stringify(token)?.slice(0, 20)}`, async () => {
      const { status, headers, body } = await rig.tryToken(token);
      assert.deepEqual([status, headers["set-cookie"]], [401, undefined]);
      assert.equal(JSON.parse(body).error.code, "UNAUTHORIZED");
    });
  }

  it("refuses a token that is right but for its end", async () => {
    const { admin } = rig.console.access;
    assert.equal((await rig.tryToken(admin.slice(0, -1))).status, 401);
    assert.equal((await rig.tryToken(`${admin} `)).status, 401);
  });

  for (const [body, type, status] of [
    ["{", "application/json", 400],
    ["", "application/json", 400],
    ["null", "application/json", 401],
    ['"token"', "application/json", 401],
    ["token=x", "application/x-www-form-urlencoded", 415],
    ["{}", "text/plain", 415],
    [JSON.stringify({ token: "x".repeat(40_000) }), "application/json", 413],
  ] as const) {
    it(`answers ${status} to ${body.slice(0, 12) || "nothing"} as ${type}`, async () => {
      const headers = { "content-type": type, origin: rig.origin };
      const answer = await rig.ask("/api/session", { method: "POST", headers, body });
      assert.equal(answer.status, status);
    });
  }

  it("ends a session after twelve hours", async () => {
    const admin = await rig.logIn();
    clock.advance(12 * HOUR - 1);
    assert.equal(await isIn(admin), true);
    clock.advance(1);
    await eventually(async () => assert.equal(await isIn(admin), false));
  });

  it("logs out whoever says so, for good, and nobody else", async () => {
    const [admin, other] = [await rig.logIn(), await rig.logIn()];
    const answer = await rig.ask("/api/session", { method: "DELETE", as: admin });
    assert.equal(answer.status, 204);
    assert.match(answer.headers["set-cookie"]?.[0] ?? "", /^mesh-session-\d+=; .*Max-Age=0/);
    assert.equal(await isIn(admin), false);
    assert.equal(await isIn(other), true);
  });

  it("lets viewers log out too", async () => {
    const viewer = await rig.logIn("viewer");
    assert.equal((await rig.ask("/api/session", { method: "DELETE", as: viewer })).status, 204);
  });

  it("ends the session that somebody had who logs in again", async () => {
    const before = await rig.logIn("viewer");
    const { status } = await rig.tryToken(rig.console.access.admin, { cookie: before.cookie });
    assert.equal(status, 200);
    assert.equal(await isIn(before), false);
  });

  it("keeps so many sessions of each role: viewers turn out no admin", async () => {
    const admin = await rig.logIn();
    const first = await rig.logIn("viewer");
    for (let count = 0; count < 64; count += 1) await rig.logIn("viewer");
    assert.equal(await isIn(first), false);
    assert.equal(await isIn(admin), true);
  });

  it("logs everybody out when the agent ends, and what is open ends with it", async () => {
    const admin = await rig.logIn();
    const socket = rig.connect();
    socket.write(
      `GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: ${admin.cookie.replace(`-${rig.port}`, "-80")}\r\n\r\n`,
    );
    await once(socket, "data");
    const closed = once(socket, "close");
    await rig[Symbol.asyncDispose]();
    await closed;
    rig = await ConsoleRig.start();
  });

  describe("who guesses", () => {
    /** Tries wrong tokens until it is told to wait, and gives how many were looked at. */
    async function guess(most: number): Promise<number> {
      for (let tried = 0; tried < most; tried += 1)
        if ((await rig.tryToken("wrong")).status === 429) return tried;
      return most;
    }

    it("has ten tries at once and one a second from then on", async () => {
      assert.equal(await guess(50), 10);
      clock.advance(1_000);
      assert.equal(await guess(50), 1);
      clock.advance(60_000);
      assert.equal(await guess(50), 10);
    });

    it("is told how long to wait, and does not learn whether a token is right meanwhile", async () => {
      await guess(50);
      const { status, headers, body } = await rig.tryToken(rig.console.access.admin);
      assert.deepEqual([status, headers["retry-after"]], [429, "1"]);
      assert.equal(JSON.parse(body).error.code, "TOO_MANY_REQUESTS");
      clock.advance(1_000);
      assert.equal((await rig.tryToken(rig.console.access.admin)).status, 200);
    });

    it("gets no more tries by asking all at once", async () => {
      const answers = await Promise.all(
        Array.from({ length: 40 }, async () => (await rig.tryToken("wrong")).status),
      );
      assert.equal(answers.filter((status) => status === 401).length, 10);
    });

    it("does not disturb who is logged in", async () => {
      const admin = await rig.logIn();
      await guess(50);
      assert.equal(await isIn(admin), true);
    });
  });
});
