import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { OWN_LABELS } from "../../../plugin/docker/container-facts.ts";
import { type ApplyContext, applyLane } from "../../../plugin/reconcile/apply.ts";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import { interceptionMark } from "../../../plugin/reconcile/interception.ts";
import type { Step } from "../../../plugin/reconcile/plan.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import type { SidecarReport } from "../../../proxy/configuration/snapshot.ts";
import { EmbeddedCatalog } from "../../../registry/embedded/embedded-catalog.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { NODE, reportOf, STARTED_AT, sidecarOf, workloadOf } from "../../helpers/workloads.ts";

const workload = workloadOf("orders", "a");
const workloadId = workload.containerId;
const instance = toInstance(workload, NODE);
const cause = "test";

const ATTACH: Step = { kind: "attach", workloadId, workload, cause };
const INTERCEPT: Step = { kind: "intercept", workloadId, workload, cause };
const REMOVE: Step = { kind: "remove-sidecar", workloadId, sidecar: sidecarOf("a", "s1"), cause };
const REGISTER: Step = { kind: "register", workloadId, instance, cause };
const RETIRE: Step = { kind: "retire", workloadId, sidecar: sidecarOf("a", "s1"), cause };
const HAND_OVER: Step = { kind: "hand-over", workloadId, workload, successor: undefined, cause };
const DEREGISTER: Step = { kind: "deregister", workloadId, instance, cause };

describe("applying a workload's steps", () => {
  let directory: string;
  let engine: ScriptedEngine;
  let catalog: EmbeddedCatalog;
  let context: ApplyContext;
  let stop: AbortController;
  let changed: string[];
  let clock: ManualClock;
  /** What the agent knows: sidecars that are fit, whether the workload runs on, what any sidecar reported. */
  let fit: Set<string>;
  let running: boolean;
  let report: SidecarReport | undefined;
  let registrations: string[];
  let held: string[];

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-apply-"));
    engine = new ScriptedEngine();
    catalog = new EmbeddedCatalog({ node: NODE, clock: new ManualClock() });
    stop = new AbortController();
    changed = [];
    clock = new ManualClock();
    fit = new Set();
    running = true;
    report = undefined;
    registrations = [];
    held = [];
    context = {
      engine,
      catalog,
      template: {
        own: {
          image: "sha256:1",
          socketMount: { Type: "volume", Source: "mesh", Target: "/run/mesh", ReadOnly: true },
        },
        socket: "/run/mesh/agent.sock",
        logLevel: "info",
        migrates: true,
      },
      interceptions: await ContainerRecord.open(directory),
      holds: {
        resume: async ({ containerId: id }, problem) => void held.push(`resume ${id} ${problem}`),
        forget: async ({ containerId: id }) => void held.push(`forget ${id}`),
      },
      clock,
      view: {
        isFit: (id) => fit.has(id),
        isRunning: () => running,
        reportOf: () => report,
      },
      onChanged: (ids) => changed.push(...ids),
      onRegistered: ({ id }, registered) => registrations.push(`${id} ${registered}`),
    };
  });

  afterEach(() => rm(directory, { recursive: true }));

  const apply = (...steps: Step[]): Promise<void> => applyLane(steps, context, stop.signal);

  it("removes the old sidecar before the new one and the redirection are made", async () => {
    await apply(REMOVE, INTERCEPT, ATTACH);
    assert.equal(engine.calls[0], "remove s1");
    assert.deepEqual(
      engine.calls.slice(1).toSorted(),
      [
        "create shop-orders-1.mesh-init-…",
        "create shop-orders-1.mesh-…",
        "remove made-1",
        "start made-1",
        "start made-2",
        "wait made-1",
      ].toSorted(),
    );
  });

  it("lets held applications run, and forgets those that run", async () => {
    const hold = { containerId: "c1", containerName: "shop-orders-1", startedBy: 1 };
    const step = { workloadId: "c1", hold, cause: "because" } as const;
    await apply(
      { ...step, kind: "forget-hold" },
      { ...step, kind: "resume", problem: undefined },
      { ...step, kind: "resume", problem: "late" },
    );
    assert.deepEqual(held, ["forget c1", "resume c1 undefined", "resume c1 late"]);
    assert.deepEqual(changed, ["c1", "c1"]);
  });

  it("makes redirection and sidecar side by side", async () => {
    const installed = Promise.withResolvers<void>();
    engine.hold("wait", installed.promise);
    const applying = apply(INTERCEPT, ATTACH);
    await eventually(() => assert.ok(engine.calls.includes("start made-2")), { interval: 1 });
    assert.equal(context.interceptions.known.size, 0);
    installed.resolve();
    await applying;
    assert.equal(context.interceptions.known.get(workloadId), interceptionMark(workload));
  });

  it("lets a running application leave the mesh: first nothing leads to its sidecar, then that ends", async () => {
    await context.interceptions.add(workloadId, interceptionMark(workload));
    const release = { kind: "release", workloadId, containerName: "shop-orders-1", cause } as const;
    const sidecar = sidecarOf("a", "s1");
    await apply(release, { kind: "detach", workloadId, sidecar, cause });
    assert.deepEqual(engine.calls, [
      "create shop-orders-1.mesh-init-…",
      "start made-1",
      "wait made-1",
      "remove made-1",
      "signal s1 SIGINT",
      "stop s1 within 12 s",
      "remove s1",
    ]);
    assert.equal(context.interceptions.known.size, 0);
  });

  describe("starts a container of a compose file", () => {
    const explicit = { startedAt: STARTED_AT, exitCode: 1, rules: "", tokenDigest: "" };
    const start = (role: string): Step => {
      const container = sidecarOf("a", "e1", { role, explicit, running: false });
      return { kind: "start", workloadId, container, cause };
    };

    it("and looks at it again", async () => {
      await apply(start("sidecar"));
      assert.deepEqual(engine.calls, ["start e1"]);
      assert.deepEqual(changed, ["e1"]);
    });

    it("and waits until it has installed the redirection", async () => {
      await apply(start("init"));
      assert.deepEqual(engine.calls, ["start e1", "wait e1"]);
      assert.equal(context.interceptions.known.size, 0);
    });

    it("and says why the redirection was not installed, which makes it wait before the next try", async () => {
      engine.exit = { code: 1, output: "no such table" };
      await assert.rejects(apply(start("init")), {
        code: "ENGINE_REFUSED",
        message: /redirection of sidecar-e1, it ended with 1: no such table/,
      });
      assert.deepEqual(changed, ["e1"]);
    });
  });

  it("gives each sidecar a token of its own and says whose it is", async () => {
    await apply(ATTACH);
    await apply(ATTACH);
    const tokens = engine.made.map(({ specification }) =>
      specification.Env?.find((entry) => entry.startsWith("MESH_SIDECAR_TOKEN=")),
    );
    assert.equal(new Set(tokens).size, 2);
    assert.match(tokens[0] ?? "", /^MESH_SIDECAR_TOKEN=[\w-]{32}$/);
    for (const { specification } of engine.made) {
      assert.equal(specification.Labels?.[OWN_LABELS.workload], workloadId);
      assert.equal(specification.Labels?.[OWN_LABELS.startedAt], STARTED_AT);
    }
  });

  it("tells of a sidecar before it runs, so that its token is known when it knocks", async () => {
    engine.hold("start", Promise.withResolvers<void>().promise);
    void apply(ATTACH);
    await eventually(() => assert.deepEqual(changed, ["made-1"]), { interval: 1 });
  });

  it("removes a sidecar that does not start, and says why it did not", async () => {
    engine.fail("start", "cannot join network of a non running container");
    await assert.rejects(apply(ATTACH), /cannot join network of a non running container/);
    assert.deepEqual(engine.made, []);
    assert.deepEqual(changed, ["made-1", "made-1"]);
  });

  it("says why a sidecar did not start even when it cannot be removed either", async () => {
    engine.fail("start", "cannot join network of a non running container");
    engine.fail("remove", "removal failed");
    await assert.rejects(apply(ATTACH), /cannot join network/);
    assert.deepEqual(changed, ["made-1", "made-1"]);
  });

  it("tells what nft said when it failed, and the way without it", async () => {
    engine.exit = { code: 1, output: "Error: Could not process rule: Operation not supported" };
    await assert.rejects(apply(INTERCEPT), {
      code: "ENGINE_REFUSED",
      message:
        "expected nft to install the redirection of shop-orders-1, it ended with 1: Error: Could not process rule: Operation not supported; mesh.intercept=off goes without",
    });
    assert.equal(context.interceptions.known.size, 0);
    assert.deepEqual(engine.made, []);
  });

  it("tells that nothing holds an application whose rules could not be installed", async () => {
    engine.exit = { code: 1, output: "no nft" };
    const nobody = { hosts: [], ranges: [], subnets: [], gateways: [], nameServers: [] };
    const confined = { ...INTERCEPT, workload: { ...workload, egress: nobody } } as Step;
    await assert.rejects(apply(confined), /it ended with 1: no nft; until it does, nothing holds/);
    assert.equal(context.interceptions.known.size, 0);
  });

  it("attaches the sidecar though the redirection failed, and fails", async () => {
    engine.exit = { code: 1, output: "no nft" };
    await assert.rejects(apply(INTERCEPT, ATTACH), /no nft/);
    assert.deepEqual(
      engine.made.map(({ running }) => running),
      [true],
    );
  });

  it("leaves nothing half made when the agent is stopped meanwhile", async () => {
    const held = Promise.withResolvers<void>();
    engine.hold("start", held.promise);
    const applying = apply(INTERCEPT, ATTACH);
    await eventually(() => assert.equal(engine.made.length, 2), { interval: 1 });
    stop.abort(new Error("SIGTERM"));
    held.resolve();
    await assert.rejects(applying, /SIGTERM/);
    assert.deepEqual(engine.made, []);
  });

  it("goes no further when the old sidecar cannot be removed", async () => {
    engine.fail("remove", "the engine could not remove s1");
    await assert.rejects(apply(REMOVE, ATTACH, REGISTER), /could not remove s1/);
    assert.deepEqual(engine.calls, ["remove s1"]);
    assert.deepEqual(registrations, []);
  });

  it("registers and deregisters, and says so when it is true", async () => {
    await apply(REGISTER);
    assert.deepEqual(await catalog.registered(stop.signal), [instance]);
    await apply(DEREGISTER);
    assert.deepEqual(await catalog.registered(stop.signal), []);
    assert.deepEqual(registrations, [`${instance.id} true`, `${instance.id} false`]);
  });

  it("says nothing of a registration that failed", async () => {
    stop.abort(new Error("SIGTERM"));
    await assert.rejects(apply(REGISTER));
    assert.deepEqual(registrations, []);
  });

  describe("a hand-over", () => {
    const started = async (): Promise<void> =>
      await eventually(() => assert.ok(engine.calls.includes("start made-1")), { interval: 1 });
    /** Applies it, and lets the time pass that a successor has. */
    const applyLate = async (): Promise<void> => {
      let over = false;
      const applying = apply(HAND_OVER).finally(() => {
        over = true;
      });
      applying.catch(() => undefined);
      await started();
      await eventually(
        () => {
          clock.advance(1_000);
          assert.ok(over);
        },
        { interval: 1 },
      );
      await applying;
    };

    it("ends when the successor does all that its predecessor does", async () => {
      const applying = apply(HAND_OVER);
      await started();
      fit.add("made-1");
      clock.advance(50);
      await applying;
      assert.deepEqual(engine.calls, ["create shop-orders-1.mesh-…", "start made-1"]);
      assert.ok(engine.made[0]?.specification.Env?.includes("MESH_TAKES_OVER=on"));
    });

    it("waits for the successor that an agent before this one has made", async () => {
      const successor = sidecarOf("a", "s2");
      fit.add("s2");
      await apply({ ...HAND_OVER, successor });
      assert.deepEqual(engine.calls, []);
    });

    it("removes a successor that does not come up, and says what it printed", async () => {
      engine.printed =
        "Error: Cannot find module '/app/sidecar.cjs'\n    at Module.load (node:internal:1:2)\n\nNode.js v24";
      await assert.rejects(applyLate(), {
        code: "SIDECAR_PROBLEM",
        message:
          "expected the new sidecar of shop-orders-1 to be ready within 30 s, found that it has never reported and printed: Error: Cannot find module '/app/sidecar.cjs'; the old one goes on, and the change is tried again",
      });
      assert.deepEqual(engine.made, []);
    });

    it("does not wait for a successor that ends again and again", async () => {
      engine.restarted = 3;
      const before = clock.monotonic();
      await assert.rejects(applyLate(), { code: "SIDECAR_PROBLEM" });
      assert.ok(clock.monotonic() - before < 10_000);
    });

    for (const [what, changes, found] of [
      ["misses a port", { problems: ["port 21000 is in use"] }, /found that port 21000 is in use;/],
      ["opens nothing", { ready: false }, /found that it opens no ports;/],
      [
        "cannot ask the application",
        { application: "critical", applicationNote: "port 8080 does not answer" },
        /found that of the application it says: port 8080 does not answer;/,
      ],
    ] as const) {
      it(`tells that a successor ${what}`, async () => {
        report = reportOf(changes);
        await assert.rejects(applyLate(), found);
      });
    }

    it("is given up when its workload ends", async () => {
      const applying = apply(HAND_OVER);
      await started();
      running = false;
      clock.advance(50);
      await applying;
    });

    it("is left to the next agent when this one is stopped", async () => {
      const applying = apply(HAND_OVER);
      await started();
      await eventually(() => assert.equal(clock.sleeping, 1), { interval: 1 });
      stop.abort(new Error("stopped"));
      await assert.rejects(applying, /stopped/);
      assert.deepEqual(
        engine.made.map(({ id, running: runs }) => [id, runs]),
        [["made-1", true]],
      );
    });

    it("gives a sidecar that leaves its time, and removes it then", async () => {
      await apply(RETIRE);
      assert.deepEqual(engine.calls, ["stop s1 within 65 s", "remove s1"]);
      assert.deepEqual(changed, ["s1"]);
    });
  });
});
