// Services that fail, are slow or overloaded, and what their callers notice of it.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { byReplica } from "../helpers/moody.ts";
import { PolicyProject } from "../helpers/policy-project.ts";

interface ListedEndpoint {
  readonly caller: string;
  readonly endpoint: string;
  readonly state: string;
  readonly reason: string;
}

describe("resilience by policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;
  /** Each takes its turn at being unwell: what callers think of one outlasts a test. */
  let replicas: readonly string[];
  let moody = "";

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, "mesh-test-resilience");
    replicas = [...(await shop.containersOf("orders")), ...(await shop.containersOf("next"))];
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    for (const replica of replicas) await shop.mood(replica, { fail: 0, delay: 0 });
    await shop.reset("orders");
  });

  /** How web sees the moody replica. */
  const stateOf = async (): Promise<ListedEndpoint> => {
    const service = shop.service("orders");
    const text = await meshCommand("endpoints", service, "--format", "json");
    const listed = JSON.parse(text) as ListedEndpoint[];
    const found = listed.find(
      ({ caller, endpoint }) => caller.includes("-web") && endpoint.includes(moody.slice(0, 12)),
    );
    assert.ok(found !== undefined, text);
    return found;
  };

  it("repeats failed requests elsewhere, so that nobody sees a failing replica", async () => {
    await shop.set("orders", { "retries.on": "connect-failure,refused,reset,5xx" });
    moody = String(replicas[0]);
    await shop.mood(moody, { fail: 1 });
    await eventually(async () => {
      const failed = (await shop.call("/", 100)).filter(({ status }) => status !== 200);
      assert.equal(failed.length, 0);
    });
  });

  it("does not repeat what may not be done twice", async () => {
    await shop.set("orders", {
      "retries.on": "5xx",
      "outlier.consecutive-5xx": "0",
      "outlier.failure-percentage-threshold": "0",
      "outlier.success-rate-stdev-factor": "0",
      "balance.algorithm": "round-robin",
    });
    moody = String(replicas[1]);
    await shop.mood(moody, { fail: 1 });
    const asked = async (): Promise<number> => {
      const counts = await Promise.all(replicas.map((replica) => shop.mood(replica)));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await eventually(async () => {
      const before = await asked();
      const calls = await shop.call("/", 40, { method: "POST" });
      assert.ok(calls.some(({ status }) => status === 500));
      assert.equal((await asked()) - before, 40);
    });
  });

  it("ejects a failing replica, tells why, and lets it return by and by", async () => {
    await shop.set("orders", {
      "outlier.consecutive-5xx": "3",
      "outlier.base-ejection-time": "2s",
      "recovery.ramp": "8s",
      "balance.algorithm": "round-robin",
    });
    moody = String(replicas[2]);
    await shop.mood(moody, { fail: 1 });
    await eventually(
      async () => {
        await shop.call("/", 40);
        const { state, reason } = await stateOf();
        assert.equal(state, "ejected");
        assert.match(reason, /5xx/);
      },
      { timeout: 15_000 },
    );
    const during = byReplica(await shop.call("/", 30));
    assert.equal(during.get(moody.slice(0, 12)), undefined);
    await shop.mood(moody, { fail: 0 });
    for (const expected of ["recovering", "healthy"]) {
      await eventually(
        async () => {
          await shop.call("/", 20);
          assert.equal((await stateOf()).state, expected);
        },
        { timeout: 30_000 },
      );
    }
  });

  it("gives up after the time that is allowed", async () => {
    await shop.set("orders", { "timeouts.request": "300ms", "balance.algorithm": "round-robin" });
    for (const replica of replicas) await shop.mood(replica, { delay: 2_000 });
    await eventually(async () => {
      const { milliseconds } = await shop.expect(504, "/");
      assert.ok(milliseconds < 1_500, `after ${milliseconds} ms`);
    });
  });

  it("tells the callee how much time is left", async () => {
    await shop.set("orders", { "timeouts.request": "5s" });
    await eventually(async () => {
      const { body } = await shop.expect(200, "/");
      const { headers } = JSON.parse(body) as { headers: Record<string, string> };
      const left = Number(headers["x-envoy-expected-rq-timeout-ms"]);
      assert.ok(left > 3_000 && left <= 5_000, `${left} ms left`);
    });
  });

  it("answers at once what is more than a service is allowed to get", async () => {
    await shop.set("orders", { "limits.requests": "2", "retries.attempts": "0" });
    for (const replica of replicas) await shop.mood(replica, { delay: 300 });
    await eventually(async () => {
      const calls = await shop.call("/", 40, { together: 20 });
      const refused = calls.filter(({ status }) => status === 503);
      assert.ok(refused.length > 0, "nothing was refused");
      assert.ok(refused.every(({ headers }) => Number(headers["retry-after"]) >= 1));
      assert.ok(refused.every(({ headers }) => headers["x-mesh-failure"] === "OVERLOADED"));
      assert.ok(calls.some(({ status }) => status === 200));
    });
  });

  it("limits the rate at which requests are let in", async () => {
    await shop.set("backup", { "limits.rate": "5" });
    try {
      await eventually(async () => {
        const calls = await shop.call("/", 60, { to: "backup" });
        const limited = calls.filter(({ status }) => status === 429);
        assert.ok(limited.length > 20, `${limited.length} of 60 were limited`);
        assert.ok(limited.every(({ headers }) => Number(headers["retry-after"]) >= 1));
      });
    } finally {
      await shop.reset("backup");
    }
  });
});
