// Endpoints that are given up, ejected and taken back, as `docker mesh endpoints` shows it: by time, by reachability, by
// comparison with the others, and in panic.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { SIDECAR_PORTS } from "../../plugin/workload/addresses.ts";
import { docker, meshCommand, provided } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { byReplica, type Call } from "../helpers/moody.ts";
import { type Fields, PolicyProject } from "../helpers/policy-project.ts";

interface ListedEndpoint {
  readonly caller: string;
  readonly endpoint: string;
  readonly state: string;
  readonly share: number;
  readonly reason: string;
}

/** Requests go to each in turn, and none is ejected unless a test says by what; then it stays out for the rest of them. */
const NOTHING_EJECTS: Fields = {
  "balance.algorithm": "round-robin",
  "retries.budget": "100",
  "outlier.base-ejection-time": "1m",
  "outlier.consecutive-5xx": "0",
  "outlier.consecutive-timeouts": "0",
  "outlier.consecutive-connect-failures": "0",
  "outlier.success-rate-stdev-factor": "0",
  "outlier.failure-percentage-threshold": "0",
};

/** New connections to the sidecar are neither taken nor refused; what says so is gone with the table. */
const DROP_CONNECTIONS = `table inet mute {
  chain input {
    type filter hook input priority -10;
    tcp dport ${SIDECAR_PORTS.tls}-${SIDECAR_PORTS.tls + SIDECAR_PORTS.count - 1} tcp flags & (syn | ack) == syn drop
  }
}`;

/** Changes the rules for packets in a container's network namespace. */
async function nft(container: string, command: string): Promise<void> {
  const place = ["--network", `container:${container}`, "--cap-add", "NET_ADMIN", "--user", "0"];
  await docker("run", "--rm", ...place, "--entrypoint", "nft", provided("MESH_IMAGE"), command);
}

describe("endpoints by policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;
  /** Each takes its turn at being unwell: what callers think of one outlasts a test. */
  let replicas: readonly string[];

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, "mesh-test-endpoints");
    replicas = [...(await shop.containersOf("orders")), ...(await shop.containersOf("next"))];
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => {
    await Promise.all(replicas.map((replica) => shop.mood(replica, { fail: 0, delay: 0 })));
    await shop.reset("orders");
  });

  const short = (index: number): string => String(replicas[index]).slice(0, 12);

  /** How a caller sees the replicas, in their order. */
  async function seenBy(caller: string): Promise<readonly ListedEndpoint[]> {
    const text = await meshCommand("endpoints", shop.service("orders"), "--format", "json");
    const listed = JSON.parse(text) as ListedEndpoint[];
    return replicas.map((_, index) => {
      const found = listed.find(
        (row) => row.caller.includes(`-${caller}-`) && row.endpoint.includes(short(index)),
      );
      assert.ok(found !== undefined, text);
      return found;
    });
  }

  /** All requests are answered well, by others than the one in question. */
  function assertAnsweredWithout(calls: readonly Call[], index: number): void {
    assert.deepEqual(new Set(calls.map(({ status }) => status)), new Set([200]));
    assert.equal(byReplica(calls).get(short(index)), undefined);
  }

  it("that take too long for a try are given up, and another answers", async () => {
    const slow = String(replicas[0]);
    await shop.mood(slow, { delay: 10_000 });
    await shop.set("orders", {
      ...{ ...NOTHING_EJECTS, "timeouts.per-try": "100ms", "retries.attempts": "0" },
    });
    await eventually(async () => {
      const calls = await shop.call("/", 4);
      const given = calls.filter(({ status }) => status === 504);
      assert.deepEqual(
        given.map(({ headers }) => headers["x-mesh-failure"]),
        ["TRY_TIMED_OUT"],
      );
    });
    await shop.set("orders", { "retries.attempts": "1", "retries.on": "timeout" });
    await eventually(async () => {
      const before = await shop.mood(slow);
      assertAnsweredWithout(await shop.call("/", 12), 0);
      assert.ok((await shop.mood(slow)) > before, "the slow one was never tried");
    });
  });

  it("that do not answer a connection are given up after the time for it, and ejected", async () => {
    const mute = String(replicas[1]);
    // Nobody has a connection to it yet but web.
    const call = (): Promise<readonly Call[]> => shop.call("/", 12, { from: "stranger" });
    await nft(mute, DROP_CONNECTIONS);
    try {
      // Connecting may usually take a second, which is more than the request may.
      await shop.set("orders", {
        ...{ ...NOTHING_EJECTS, "timeouts.connect": "50ms", "timeouts.request": "900ms" },
      });
      await eventually(async () => assertAnsweredWithout(await call(), 1));
      await shop.set("orders", { "outlier.consecutive-connect-failures": "2" });
      await eventually(
        async () => {
          assertAnsweredWithout(await call(), 1);
          const { state, reason } = (await seenBy("stranger"))[1] as ListedEndpoint;
          assert.match(
            `${state}: ${reason}`,
            /^ejected: \d+ connections in a row that could not be made$/,
          );
        },
        { timeout: 10_000 },
      );
    } finally {
      await nft(mute, "delete table inet mute");
    }
  });

  for (const [title, index, rule, reason] of [
    [
      "succeed less than the others",
      2,
      { "outlier.success-rate-stdev-factor": "1.9", "outlier.success-rate-request-volume": "10" },
      /^\d+ % of its requests succeeded, of the others' \d+ %$/,
    ],
    [
      "fail too large a share of their requests",
      3,
      {
        "outlier.failure-percentage-threshold": "40",
        "outlier.failure-percentage-request-volume": "10",
      },
      /^\d+ % of its requests failed$/,
    ],
  ] as const) {
    it(`that ${title} are ejected, and the reason is told`, async () => {
      await shop.mood(String(replicas[index]), { fail: 0.7 });
      await shop.set("orders", { ...NOTHING_EJECTS, ...rule, "outlier.interval": "200ms" });
      await eventually(
        async () => {
          await shop.call("/", 120, { together: 4 });
          const seen = (await seenBy("web"))[index] as ListedEndpoint;
          assert.equal(seen.state, "ejected");
          assert.match(seen.reason, reason);
        },
        { timeout: 10_000 },
      );
      assertAnsweredWithout(await shop.call("/", 12), index);
    });
  }

  it("that are ejected are used again when too few are left", async () => {
    await Promise.all([1, 2, 3].map((index) => shop.mood(String(replicas[index]), { fail: 1 })));
    await shop.set("orders", {
      ...{
        ...NOTHING_EJECTS,
        "outlier.consecutive-5xx": "2",
        "outlier.max-ejection-percent": "75",
      },
      "balance.panic-threshold": "0",
    });
    const states = async (): Promise<readonly string[]> =>
      (await seenBy("web")).map(({ state, share }) => `${state} ${share} %`);
    const most = (share: number): string[] => Array(3).fill(`ejected ${share} %`);
    await eventually(
      async () => {
        await shop.call("/", 12);
        assert.deepEqual(await states(), ["healthy 100 %", ...most(0)]);
      },
      { timeout: 20_000 },
    );
    assert.equal(byReplica(await shop.call("/", 12)).get(short(0)), 12);
    await shop.set("orders", { "balance.panic-threshold": "50" });
    await Promise.all(replicas.map((replica) => shop.mood(replica, { fail: 0 })));
    await eventually(async () => {
      assert.equal(byReplica(await shop.call("/", 12)).size, 4);
      assert.deepEqual(await states(), ["healthy 100 %", ...most(100)]);
    });
  });
});
