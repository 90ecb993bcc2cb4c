// Where requests go, as policies say it: versions, canaries, copies, stand-ins, and what is changed on the way.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { docker } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { byReplica, type Call, callFrom, moodyService } from "../helpers/moody.ts";
import { PolicyProject } from "../helpers/policy-project.ts";
import { ComposeProject, echoService } from "../helpers/project.ts";

describe("traffic by policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;
  let nextReplica: string;

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, "mesh-test-traffic");
    const [next] = await shop.containersOf("next");
    nextReplica = String(next).slice(0, 12);
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => await shop.reset("orders"));

  const toNext = (calls: readonly Call[]): number => byReplica(calls).get(nextReplica) ?? 0;

  const replicaOf = (call: Call): string => (JSON.parse(call.body) as { replica: string }).replica;

  it("splits requests between versions by weight", async () => {
    await shop.set("orders", { split: "v1=80,v2=20" });
    await eventually(async () => {
      const share = toNext(await shop.call("/", 300)) / 300;
      assert.ok(share > 0.12 && share < 0.28, `the next version got ${share}`);
    });
  });

  it("sends requests with a header to the canary, and no others", async () => {
    await shop.set("orders", {
      split: "v1=100",
      "route.canary.headers": "x-canary=1",
      "route.canary.split": "v2=100",
    });
    await eventually(async () => {
      assert.equal(toNext(await shop.call("/", 20)), 0);
      assert.equal(toNext(await shop.call("/", 20, { headers: { "x-canary": "1" } })), 20);
    });
  });

  it("routes by path, method and query", async () => {
    await shop.set("orders", {
      split: "v1=100",
      "route.reads.path-prefix": "/reads",
      "route.reads.methods": "GET",
      "route.reads.split": "v2=100",
      "route.asked.query": "next=yes",
      "route.asked.split": "v2=100",
    });
    await eventually(async () => {
      assert.equal(toNext(await shop.call("/reads/1", 5)), 5);
      assert.equal(toNext(await shop.call("/reads/1", 5, { method: "POST" })), 0);
      assert.equal(toNext(await shop.call("/?next=yes", 5)), 5);
      assert.equal(toNext(await shop.call("/?next=no", 5)), 0);
    });
  });

  it("sends a route's requests to another service, by the route's own rules", async () => {
    const [backup] = await shop.containersOf("backup");
    await shop.enforce("orders", {
      ...{ "route.reports.path-regex": "/reports/[0-9]+", "route.reports.service": "backup" },
      ...{ "route.hasty.path": "/hasty", "route.hasty.timeout": "200ms" },
      ...{ "route.hasty.service": "backup" },
      ...{ "route.aside.path-prefix": "/", "route.aside.abort": "500" },
      ...{ "route.aside.enabled": "false", "route.aside.priority": "9" },
    });
    assert.equal(replicaOf(await shop.expect(200, "/reports/17")), String(backup).slice(0, 12));
    assert.notEqual(replicaOf(await shop.expect(200, "/reports/x")), String(backup).slice(0, 12));
    await shop.mood(String(backup), { delay: 1_000 });
    try {
      const { headers } = await shop.expect(504, "/hasty");
      assert.equal(headers["x-mesh-failure"], "REQUEST_TIMED_OUT");
      await shop.expect(200, "/reports/17");
    } finally {
      await shop.mood(String(backup), { delay: 0 });
    }
  });

  it("mirrors requests to another service, whose answers nobody sees", async () => {
    const [backup] = await shop.containersOf("backup");
    await shop.set("orders", { "route.all.mirror": "backup" });
    const before = await shop.mood(String(backup), { fail: 1 });
    await eventually(async () => {
      const calls = await shop.call("/", 20);
      assert.ok(calls.every(({ status }) => status === 200));
      assert.ok((await shop.mood(String(backup))) >= before + 20);
    });
    await shop.mood(String(backup), { fail: 0 });
  });

  it("makes requests fail or wait on purpose", async () => {
    await shop.set("orders", {
      "route.broken.path": "/broken",
      "route.broken.abort": "418",
      "route.slow.path": "/slow",
      "route.slow.delay": "300ms",
    });
    await eventually(async () => void (await shop.expect(418, "/broken")));
    const { milliseconds } = await shop.expect(200, "/slow");
    assert.ok(milliseconds >= 295, `answered after ${milliseconds} ms`);
    await shop.expect(200, "/");
  });

  it("does so with the share of requests that it is told, and copies as many", async () => {
    const [backup] = await shop.containersOf("backup");
    await shop.enforce("orders", {
      ...{ "route.broken.path": "/broken", "route.broken.abort": "418" },
      ...{ "route.slow.path": "/slow", "route.slow.delay": "300ms" },
      ...{ "route.copied.path": "/copied", "route.copied.mirror": "backup" },
      ...{ "route.broken.abort-percent": "30", "route.slow.delay-percent": "50" },
      "route.copied.mirror-percent": "30",
    });
    const isSome = (count: number, all: number): void =>
      assert.ok(count > all * 0.15 && count < all * 0.45, `${count} of ${all}`);
    const broken = (await shop.call("/broken", 200)).filter(({ status }) => status === 418);
    isSome(broken.length, 200);
    const slow = (await shop.call("/slow", 12)).filter(({ milliseconds }) => milliseconds >= 295);
    assert.ok(slow.length > 0 && slow.length < 12, `${slow.length} of 12 waited`);
    const before = await shop.mood(String(backup));
    await shop.call("/copied", 200);
    await eventually(async () => isSome((await shop.mood(String(backup))) - before, 200));
  });

  it("redirects, rewrites paths and changes headers", async () => {
    await shop.set("orders", {
      "route.moved.path": "/old",
      "route.moved.redirect": "/new",
      "route.moved.redirect-status": "308",
      "route.v1.path-prefix": "/v1",
      "route.v1.rewrite": "/",
      "route.v1.request-set": "x-added=by-the-mesh",
      "route.v1.request-remove": "x-secret",
      "route.v1.request-add": "x-tag=second",
      "route.v1.response-set": "x-answered=by-the-mesh",
      "route.v1.response-add": "x-also=by-the-mesh",
    });
    await eventually(async () => {
      const { headers } = await shop.expect(308, "/old");
      assert.match(headers["location"] ?? "", /\/new$/);
    });
    const { body, headers } = await shop.expect(200, "/v1/items?a=1", {
      headers: { "x-secret": "password", "x-tag": "first" },
    });
    const seen = JSON.parse(body) as { url: string; headers: Record<string, string> };
    assert.equal(seen.url, "/items?a=1");
    assert.equal(seen.headers["x-added"], "by-the-mesh");
    assert.equal(seen.headers["x-secret"], undefined);
    assert.equal(seen.headers["x-tag"], "first, second");
    assert.deepEqual([headers["x-answered"], headers["x-also"]], ["by-the-mesh", "by-the-mesh"]);
  });

  it("keeps a user on one replica by hash, and spreads users", async () => {
    await shop.set("orders", { "balance.algorithm": "maglev", "balance.hash-on": "header:x-user" });
    const replicasOf = async (user: string): Promise<readonly string[]> => [
      ...byReplica(await shop.call("/", 10, { headers: { "x-user": user } })).keys(),
    ];
    await eventually(async () => assert.equal((await replicasOf("ada")).length, 1));
    const users = ["ada", "bob", "cid", "dan", "eve", "fay", "gus", "hal"];
    const used = new Set<string>();
    for (const user of users) {
      const replicas = await replicasOf(user);
      assert.equal(replicas.length, 1, `${user} was on ${replicas}`);
      used.add(String(replicas[0]));
    }
    assert.ok(used.size > 1, "all users are on one replica");
  });

  it("keeps a client on its version and its replica while the shares of versions change", async () => {
    // In turn, so that all are met soon: peak EWMA asks one whose first answer was slow again only later.
    await shop.enforce("orders", {
      ...{ split: "v1=50,v2=50", "balance.sticky-cookie": "stay" },
      "balance.algorithm": "round-robin",
    });
    const cookies = new Map<string, string>();
    for (const call of await shop.call("/", 60)) {
      const [cookie = ""] = String(call.headers["set-cookie"]).split(";");
      cookies.set(replicaOf(call), cookie);
    }
    assert.equal(cookies.size, 4);
    await shop.enforce("orders", { split: "v1=99,v2=1" });
    for (const [replica, cookie] of cookies) {
      const calls = await shop.call("/", 10, { headers: { cookie } });
      assert.deepEqual([...byReplica(calls)], [[replica, 10]]);
    }
    await shop.enforce("orders", { split: "v1=100" });
    const cookie = cookies.get(nextReplica) ?? "";
    const moved = await shop.expect(200, "/", { headers: { cookie } });
    assert.notEqual(replicaOf(moved), nextReplica);
    assert.match(String(moved.headers["set-cookie"]), /^stay=/);
  });

  for (const [hashOn, path, headers] of [
    ["cookie:user", "/", { cookie: "a=b; user=ada" }],
    ["query:user", "/?a=b&user=ada", {}],
    ["source", "/", {}],
  ] as const) {
    it(`keeps requests together that are alike in ${hashOn}`, async () => {
      await shop.enforce("orders", { "balance.algorithm": "ring-hash", "balance.hash-on": hashOn });
      assert.equal(byReplica(await shop.call(path, 30, { headers })).size, 1);
    });
  }

  for (const algorithm of ["peak-ewma", "least-request", "round-robin", "random", "ring-hash"]) {
    it(`shares requests between all replicas by ${algorithm}`, async () => {
      await shop.set("orders", {
        "balance.algorithm": algorithm,
        "balance.hash-on": "query:user",
        "balance.same-node": "true",
        "balance.slow-start": "1s",
      });
      // Without a user there is nothing to hash, and a request goes anywhere.
      await eventually(async () => {
        const counts = byReplica(await shop.call("/", 120, { together: 4 }));
        assert.equal(counts.size, 4, JSON.stringify([...counts]));
        assert.equal(
          [...counts.values()].reduce((sum, count) => sum + count, 0),
          120,
        );
      });
    });
  }

  it("gives a replica the share that the label of its weight says", async () => {
    const weighed = { "mesh.enable": "true", "mesh.service": "mesh-test-weighed" };
    await using project = await ComposeProject.up("mesh-test-weights", {
      services: {
        caller: echoService({ "mesh.enable": "true" }),
        light: moodyService({ ...weighed, "mesh.balance.algorithm": "round-robin" }),
        heavy: moodyService({
          ...{ ...weighed, "mesh.weight": "4", "mesh.balance.algorithm": "round-robin" },
        }),
      },
    });
    await mesh.untilReady({ "mesh-test-weighed": 2, "mesh-test-weights-caller": 1 });
    const [caller] = await project.containersOf("caller");
    const [heavy] = await project.containersOf("heavy");
    await eventually(async () => {
      const counts = byReplica(await callFrom(String(caller), "http://light:8080/", 50));
      assert.equal(counts.get(String(heavy).slice(0, 12)), 40);
    });
  });

  it("gives a new endpoint little at first, and then its share", async () => {
    await shop.enforce("orders", {
      ...{ "balance.algorithm": "round-robin", "balance.slow-start": "5s" },
      // Little for most of this time.
      "balance.slow-start-aggression": "0.1",
    });
    const [next] = await shop.containersOf("next");
    await docker("restart", String(next));
    const shareOfNext = async (): Promise<number> => toNext(await shop.call("/", 60)) / 60;
    const first = await eventually(
      async () => {
        const share = await shareOfNext();
        assert.ok(share > 0, "it is not there yet");
        return share;
      },
      { timeout: 15_000 },
    );
    assert.ok(first < 0.1, `${first} of the requests`);
    await eventually(async () => assert.ok((await shareOfNext()) > 0.2), { timeout: 15_000 });
  });

  it("gives a slow replica little of the load", async () => {
    const [slow] = await shop.containersOf("orders");
    await shop.mood(String(slow), { delay: 100 });
    try {
      const counts = byReplica(await shop.call("/", 400, { together: 4 }));
      const share = (counts.get(String(slow).slice(0, 12)) ?? 0) / 400;
      assert.ok(share < 0.1, `the slow one of four got ${share} of the requests`);
    } finally {
      await shop.mood(String(slow), { delay: 0 });
    }
  });

  it("lets another service stand in while none of the copies can be used", async () => {
    await shop.set("orders", { failover: "backup" });
    await shop.project.compose("stop", "orders", "next");
    try {
      const [backup] = await shop.containersOf("backup");
      await eventually(async () => {
        const { body } = await shop.expect(200, "/");
        const { replica } = JSON.parse(body) as { replica: string };
        assert.equal(replica, String(backup).slice(0, 12));
      });
    } finally {
      await shop.project.compose("start", "orders", "next");
      await mesh.untilReady({ [shop.service("orders")]: 4 });
    }
  });
});
