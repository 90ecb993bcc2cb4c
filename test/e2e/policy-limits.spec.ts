// What is more than a service should get, in connections, requests and retries; all that is not is served.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { byReplica, type Call, moodyService } from "../helpers/moody.ts";
import { type Fields, PolicyProject } from "../helpers/policy-project.ts";
import { sidecarsOf } from "../helpers/project.ts";

/** Of orders: its endpoints keep their whole share, whatever they answer in another test. */
const UNWATCHED: Fields = {
  "mesh.outlier.consecutive-5xx": "0",
  "mesh.outlier.failure-percentage-threshold": "0",
  "mesh.outlier.success-rate-stdev-factor": "0",
};
/** Opens three connections at once, says something on each, and tells how each ends. */
const THREE_CONNECTIONS = `
const open = () => new Promise((resolve) => {
  const socket = require("node:net").connect(8080, "vault", () => socket.write("GET /mood HTTP/1.1\\r\\nHost: vault\\r\\n\\r\\n"));
  socket.on("data", () => resolve("served")).on("error", () => resolve("closed")).on("close", () => resolve("closed"));
});
Promise.all([open(), open(), open()]).then((ends) => { console.log(ends.sort().join(" ")); process.exit(0); });
`;

describe("limits by policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, "mesh-test-limits", UNWATCHED, {
      vault: moodyService({ "mesh.protocol": "tcp", "mesh.limits.connections": "2" }),
    });
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  const refusedOf = (calls: readonly Call[], status: number, code: string): readonly Call[] => {
    const refused = calls.filter((call) => call.status !== 200);
    for (const call of refused) {
      assert.equal(call.status, status, call.body);
      assert.equal(call.headers["x-mesh-failure"], code);
      assert.ok(Number(call.headers["retry-after"]) >= 1);
    }
    return refused;
  };

  describe("of what callers send", () => {
    afterEach(async () => {
      for (const service of ["orders", "backup"]) await shop.reset(service);
    });

    it("closes a connection too many, and serves the others", async () => {
      const ends = await shop.project.exec("web", "node", "-e", THREE_CONNECTIONS);
      assert.equal(ends, "closed served served");
    });

    it("answers what would need a connection too many", async () => {
      const fields = {
        "limits.connections": "1",
        "retries.attempts": "0",
        "balance.algorithm": "round-robin",
      };
      // Nobody has called yet, so that there is no connection.
      await shop.enforce("orders", fields, "stranger");
      const calls = await shop.call("/", 8, { from: "stranger" });
      assert.equal(refusedOf(calls, 503, "OVERLOADED").length, 6);
      assert.equal(byReplica(calls).size, 1);
    });

    it("answers requests at once when too many wait for a connection, and serves those that wait", async () => {
      const fields = { "limits.pending": "2", "timeouts.connect": "20s" };
      await shop.enforce("backup", fields, "stranger");
      const [backup] = await shop.containersOf("backup");
      const [sidecar] = await sidecarsOf(String(backup));
      // Its kernel takes connections, and nobody shakes hands.
      await docker("pause", String(sidecar));
      const answered: Call[] = [];
      const calling = Array.from({ length: 6 }, async () => {
        answered.push(...(await shop.call("/", 1, { from: "stranger", to: "backup" })));
      });
      try {
        await eventually(() => assert.equal(answered.length, 4), { timeout: 15_000 });
        assert.equal(refusedOf(answered, 503, "OVERLOADED").length, 4);
      } finally {
        await docker("unpause", String(sidecar));
      }
      await Promise.all(calling);
      assert.deepEqual(
        answered.slice(4).map(({ status }) => status),
        [200, 200],
      );
    });

    it("lets in no more requests at once than an application should have", async () => {
      const [backup] = await shop.containersOf("backup");
      await shop.enforce("backup", { "limits.inbound-requests": "2", "retries.attempts": "0" });
      await shop.mood(String(backup), { delay: 500 });
      try {
        await eventually(async () => {
          const calls = await shop.call("/", 6, { to: "backup", together: 6 });
          assert.equal(refusedOf(calls, 503, "OVERLOADED").length, 4);
        });
      } finally {
        await shop.mood(String(backup), { delay: 0 });
      }
    });

    it("limits one caller's rate, and not another's", async () => {
      await shop.set("backup", { "limits.rate-per-caller": "2", "limits.burst": "6" });
      await eventually(async () => {
        const calls = await shop.call("/", 40, { to: "backup" });
        assert.ok(refusedOf(calls, 429, "RATE_LIMITED").length > 20);
      });
      const others = await shop.call("/", 5, { to: "backup", from: "stranger" });
      assert.deepEqual(refusedOf(others, 429, "RATE_LIMITED"), []);
    });

    it("gives up what nothing is heard of", async () => {
      const [backup] = await shop.containersOf("backup");
      await shop.enforce("backup", { "timeouts.idle": "200ms" });
      await shop.mood(String(backup), { delay: 5_000 });
      const { headers } = await shop.expect(504, "/", { to: "backup" });
      assert.equal(headers["x-mesh-failure"], "STREAM_IDLE");
      await shop.mood(String(backup), { delay: 0 });
    });
  });

  describe("of retries", () => {
    let backup: string;

    before(async () => {
      [backup = ""] = await shop.containersOf("backup");
    });

    afterEach(async () => {
      await shop.mood(backup, { fail: 0, delay: 0 });
      await shop.reset("backup");
    });

    it("sends a failing service no more than a quarter more than callers ask for", async () => {
      await shop.enforce("backup", { "retries.on": "5xx", "retries.attempts": "3" });
      const before = await shop.mood(backup, { fail: 1 });
      const calls = await shop.call("/", 200, { to: "backup", together: 4 });
      assert.ok(calls.every(({ status }) => status === 500));
      const tries = (await shop.mood(backup)) - before;
      assert.ok(tries > 200 && tries <= 250, `200 requests became ${tries}`);
    });

    it("has no more of them in flight than is said", async () => {
      await shop.enforce("backup", {
        ...{ "retries.on": "5xx", "retries.attempts": "1" },
        ...{ "retries.budget": "100", "limits.retries": "1" },
      });
      const before = await shop.mood(backup, { fail: 1, delay: 500 });
      await shop.call("/", 10, { to: "backup", together: 10 });
      const tries = (await shop.mood(backup)) - before;
      // The others fail while the one retry is under way.
      assert.ok(tries > 10 && tries < 15, `10 requests became ${tries}`);
    });

    it("asks another endpoint than the one that failed", async () => {
      await shop.enforce("orders", {
        ...{ "retries.on": "5xx", "retries.attempts": "1" },
        ...{ "retries.budget": "100", "balance.algorithm": "random" },
      });
      const [failing] = await shop.containersOf("next");
      const before = await shop.mood(String(failing), { fail: 1 });
      const calls = await shop.call("/", 200, { together: 4 });
      assert.ok(calls.every(({ status }) => status === 200));
      assert.ok((await shop.mood(String(failing))) - before > 20);
    });
  });
});
