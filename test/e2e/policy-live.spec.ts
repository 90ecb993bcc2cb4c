// Policies while the mesh runs: set, read, compared, taken back; in force on every sidecar at once; and refused when wrong.
import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "mocha";
import { meshCommand } from "../helpers/docker.ts";
import { eventually } from "../helpers/eventually.ts";
import { Mesh } from "../helpers/mesh.ts";
import { PolicyProject } from "../helpers/policy-project.ts";

interface Failed {
  readonly code: number;
  readonly message: string;
}

/** `docker mesh …` that must fail, with what it printed. */
async function failing(...args: string[]): Promise<Failed> {
  try {
    await meshCommand(...args);
  } catch (error) {
    const { code, stderr } = error as { code: number; stderr: string };
    return { code, message: stderr };
  }
  throw new Error(`expected docker mesh ${args.join(" ")} to fail`);
}

describe("live policy", () => {
  let mesh: Mesh;
  let shop: PolicyProject;
  let orders: string;

  before(async () => {
    mesh = await Mesh.start();
    shop = await PolicyProject.up(mesh, "mesh-test-live", { "mesh.retries.attempts": "1" });
    orders = shop.service("orders");
  });

  after(async () => {
    await shop?.[Symbol.asyncDispose]();
    await mesh?.[Symbol.asyncDispose]();
  });

  afterEach(async () => await shop.reset("orders"));

  it("shows each value and where it comes from", async () => {
    await meshCommand("policy", "set", "*", "timeouts.connect=2s");
    await shop.set("orders", { "balance.algorithm": "random" });
    const shown = await meshCommand("policy", "get", orders);
    assert.match(shown, /balance\.algorithm\s+random\s+policy/);
    assert.match(shown, /retries\.attempts\s+1\s+label/);
    await eventually(async () =>
      assert.match(await meshCommand("policy", "get", orders), /timeouts\.connect\s+2s\s+mesh/),
    );
    const all = await meshCommand("policy", "get", orders, "--all");
    assert.match(all, /balance\.choices\s+2\s+default/);
    await meshCommand("policy", "unset", "*", "timeouts.connect");
  });

  it("keeps what was, compares it, and goes back to it", async () => {
    await shop.set("orders", { "timeouts.request": "1s" });
    await shop.set("orders", { "timeouts.request": "2s" });
    const history = JSON.parse(
      await meshCommand("policy", "history", orders, "--format", "json"),
    ) as { version: number; document: Record<string, string> }[];
    const [newest, older] = history;
    assert.equal(newest?.document["timeouts.request"], "2s");
    assert.equal(older?.document["timeouts.request"], "1s");
    assert.match(await meshCommand("policy", "diff", orders), /timeouts\.request.*1s.*2s/s);
    await meshCommand("policy", "rollback", orders, String(older.version));
    assert.match(await meshCommand("policy", "get", orders), /timeouts\.request\s+1s\s+policy/);
  });

  it("is edited in an editor of one's own", async () => {
    await shop.set("orders", { "timeouts.request": "1s" });
    const usual = process.env["VISUAL"];
    process.env["VISUAL"] = "sed -i s/1s/3s/";
    try {
      await meshCommand("policy", "edit", orders);
    } finally {
      if (usual === undefined) delete process.env["VISUAL"];
      else process.env["VISUAL"] = usual;
    }
    assert.match(await meshCommand("policy", "get", orders), /timeouts\.request\s+3s\s+policy/);
  });

  it("refuses what is wrong with every field that is, and leaves the policy in force alone", async () => {
    await shop.set("orders", { "timeouts.request": "1s" });
    for (const [changes, expected] of [
      [["balance.algorithmus=random"], /balance\.algorithmus.*balance\.algorithm/],
      [
        ["timeouts.request=-1s", "retries.attempts=many"],
        /retries\.attempts[\s\S]*timeouts\.request/,
      ],
      [["split=v1=50,v2=60"], /split.*100/],
      [["route.x.path-regex=(a)\\1"], /route\.x\.path-regex/],
    ] as const) {
      const { code, message } = await failing("policy", "set", orders, ...changes);
      assert.notEqual(code, 0);
      assert.match(message, expected);
    }
    const { message } = await failing("policy", "set", `${orders}x`, "audit=true");
    assert.match(message, new RegExp(orders));
    assert.match(await meshCommand("policy", "get", orders), /timeouts\.request\s+1s\s+policy/);
  });

  it("loses nothing when several people write at once", async () => {
    const fields = [
      "timeouts.request=9s",
      "timeouts.per-try=3s",
      "retries.attempts=3",
      "retries.budget=30",
    ];
    const writes = await Promise.allSettled(
      fields.map((field) => meshCommand("policy", "set", orders, field)),
    );
    const text = await meshCommand("policy", "get", orders, "--format", "json");
    const { document } = JSON.parse(text) as { document: Record<string, string> };
    for (const [index, { status }] of writes.entries()) {
      const [name = "", value] = fields[index]?.split("=") ?? [];
      if (status === "fulfilled") assert.equal(document[name], value, `${name} was lost`);
    }
    assert.ok(writes.some(({ status }) => status === "fulfilled"));
  });

  it("survives the agent being made anew", async () => {
    await shop.set("orders", { "route.broken.path": "/broken", "route.broken.abort": "418" });
    await eventually(async () => void (await shop.expect(418, "/broken")));
    await mesh.compose("up", "-d", "--force-recreate", "agent");
    await eventually(
      async () =>
        assert.match(await meshCommand("policy", "get", orders), /route\.broken\.abort\s+418/),
      { timeout: 30_000 },
    );
    await shop.expect(418, "/broken");
  });
});
