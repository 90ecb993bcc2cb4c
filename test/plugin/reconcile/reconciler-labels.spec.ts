// What the agent does when the labels of a service change while its task runs.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import type { SidecarSession } from "../../../plugin/sidecars/sessions.ts";
import { ServiceLabels } from "../../../plugin/swarm/service-labels.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { containerId, factsOf, reportOf } from "../../helpers/workloads.ts";
import { Agent } from "./agent.ts";

const FAST = { interval: 1 };
const ENABLED = { "mesh.enable": "true" };
const TASK = {
  "com.docker.stack.namespace": "shop",
  "com.docker.swarm.service.id": "s1",
  "com.docker.swarm.service.name": "shop_orders",
};

describe("a task that runs, when its service's labels change", () => {
  let directory: string;
  let engine: ScriptedEngine;
  let services: ServiceLabels;
  let agent: Agent;

  async function startAgent(): Promise<void> {
    services = new ServiceLabels(() => agent.reconciler.trigger());
    const interceptions = await ContainerRecord.open(join(directory, "intercepted"));
    const held = await ContainerRecord.open(join(directory, "held"));
    agent = new Agent(engine, { interceptions, held }, "sha256:1", services);
    agent.reconciler.setRegistered([]);
  }

  function say(labels: Readonly<Record<string, string>>): void {
    const service = { id: "s1", swarm: "ours", name: "shop_orders", version: 1, labels };
    services.setView({ services: new Map([["s1", service]]), problems: [] });
  }

  const session = (): Promise<SidecarSession> =>
    eventually(() => {
      const made = engine.made.find(({ specification }) => specification.name?.includes(".mesh-"));
      const token = made?.specification.Env?.find((entry) => entry.includes("TOKEN="));
      const found = agent.sessions.authenticate(token?.replace(/^.*TOKEN=/, "") ?? "");
      assert.ok(found);
      return found;
    }, FAST);
  const registered = (): Promise<readonly Instance[]> =>
    agent.catalog.registered(AbortSignal.timeout(1_000));
  const settled = (): Promise<void> =>
    eventually(() => {
      assert.equal(agent.reconciler.printedPlan, "nothing to do\n");
      assert.equal(agent.lanes.busy.size, 0);
    }, FAST);

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-labels-"));
    engine = new ScriptedEngine();
    const facts = factsOf("orders", "a", { labels: TASK, name: "shop_orders.1.x2k9" });
    engine.put({ kind: "container", facts });
    await startAgent();
    say(ENABLED);
    agent.sessions.accept(await session(), reportOf());
    await eventually(async () => assert.equal((await registered()).length, 1), FAST);
    await settled();
    engine.calls.length = 0;
  });
  afterEach(async () => {
    await agent.stop();
    await rm(directory, { recursive: true });
  });

  it("is registered anew and gets a snapshot, and nothing is done to containers", async () => {
    const { snapshots } = await session();
    const { version } = snapshots.value ?? {};
    say({ ...ENABLED, "mesh.weight": "3", "mesh.version": "2", "mesh.allow": "web" });
    await eventually(async () => {
      const [instance] = await registered();
      assert.deepEqual([instance?.weight, instance?.version], [3, "2"]);
      assert.equal(instance?.policy["allow"], "web");
      assert.notEqual(snapshots.value?.version, version);
    }, FAST);
    await settled();
    assert.deepEqual(engine.calls, []);
  });

  for (const [what, labels] of [
    ["refuses plaintext", { "mesh.mtls": "strict" }],
    ["has other ports", { "mesh.port": "9090" }],
    ["wants no redirection", { "mesh.intercept": "off" }],
  ] as const) {
    it(`${what} by other rules, with the same sidecar`, async () => {
      say({ ...ENABLED, ...labels });
      await eventually(() => assert.equal(engine.calls.length, 4), FAST);
      await settled();
      assert.deepEqual(
        engine.calls.map((call) => call.replace(/made-\d+/, "made")),
        ["create shop_orders.1.x2k9.mesh-init-…", "start made", "wait made", "remove made"],
      );
      assert.equal((await registered()).length, 1);
    });
  }

  it("is another service under another name", async () => {
    say({ ...ENABLED, "mesh.service": "bills" });
    await eventually(async () => {
      assert.deepEqual(
        (await registered()).map(({ service }) => service),
        ["bills"],
      );
    }, FAST);
    await settled();
    assert.deepEqual(engine.calls, []);
  });

  it("leaves the mesh, and comes back", async () => {
    say({});
    await eventually(async () => assert.deepEqual(await registered(), []), FAST);
    await eventually(() => assert.deepEqual(engine.made, []), FAST);
    await settled();
    assert.ok(engine.calls.some((call) => /^signal made-\d+ SIGINT$/.test(call)));
    say(ENABLED);
    agent.sessions.accept(await session(), reportOf());
    await eventually(async () => assert.equal((await registered()).length, 1), FAST);
  });

  it("leaves the mesh when the mesh goes, whatever its labels say, and comes back when it has not gone", async () => {
    let isLeaving = true;
    agent.interpreter.leave(() => isLeaving);
    agent.reconciler.trigger();
    await eventually(async () => assert.deepEqual(await registered(), []), FAST);
    await eventually(() => assert.deepEqual(engine.made, []), FAST);
    await settled();
    const done = engine.calls.filter((call) => /SIGINT|create/.test(call));
    assert.deepEqual(
      done.map((call) => call.replace(/made-\d+/, "made")),
      ["create shop_orders.1.x2k9.mesh-init-…", "signal made SIGINT"],
    );
    say({ ...ENABLED, "mesh.weight": "3" });
    await settled();
    assert.deepEqual(engine.made, []);
    assert.equal(agent.reconciler.stepsDue, 0);
    isLeaving = false;
    agent.reconciler.trigger();
    agent.sessions.accept(await session(), reportOf());
    await eventually(async () => assert.equal((await registered()).length, 1), FAST);
  });

  it("is left as it is by an agent that has just started, until that knows them", async () => {
    await agent.stop();
    await startAgent();
    const instance = { id: "shop-orders-aaaaaaaaaaaa", containerId: containerId("a") };
    agent.reconciler.setRegistered([{ ...instance } as Instance]);
    await eventually(() => assert.equal(agent.reconciler.problems[0]?.subject, "swarm"), FAST);
    assert.equal(agent.reconciler.printedPlan, "nothing to do\n");
    assert.equal(engine.made.length, 1);
    say(ENABLED);
    await eventually(() => assert.ok(agent.workload("a")), FAST);
    assert.deepEqual(agent.reconciler.problems, []);
    assert.equal(engine.made.length, 1);
  });
});
