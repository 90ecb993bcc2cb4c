import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { followPolicies } from "../../../plugin/policy/follow-policies.ts";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import type { SidecarSession } from "../../../plugin/sidecars/sessions.ts";
import { EmbeddedIntentions } from "../../../registry/embedded/intentions.ts";
import { EmbeddedPolicyStore } from "../../../registry/embedded/policy-store.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { containerId, factsOf, RESTARTED_AT, reportOf } from "../../helpers/workloads.ts";
import { Agent, container } from "./agent.ts";

describe("the agent's loop", () => {
  const fast = { interval: 1 };
  let directory: string;
  let engine: ScriptedEngine;
  let agent: Agent;

  const startAgent = async (image = "sha256:1"): Promise<Agent> =>
    new Agent(
      engine,
      {
        interceptions: await ContainerRecord.open(join(directory, "intercepted")),
        held: await ContainerRecord.open(join(directory, "held")),
      },
      image,
    );

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-loop-"));
    engine = new ScriptedEngine();
  });

  afterEach(async () => {
    await agent.stop();
    await rm(directory, { recursive: true });
  });

  /** The session of the sidecar that was made as that one, once the agent knows its token. */
  const session = (id: string): Promise<SidecarSession> =>
    eventually(() => {
      const made = engine.made.find((entry) => entry.id === id);
      const token = made?.specification.Env?.find((entry) => entry.includes("TOKEN="));
      const found = agent.sessions.authenticate(token?.replace(/^.*TOKEN=/, "") ?? "");
      assert.ok(found, `session of ${id}`);
      return found;
    }, fast);

  const running = (...ids: string[]): Promise<void> =>
    eventually(() => {
      const sidecars = engine.made.filter((made) => made.running);
      assert.deepEqual(sidecars.map(({ id }) => id).sort(), ids.sort());
      assert.equal(agent.lanes.busy.size, 0);
    }, fast);

  it("takes a container from its label to the catalog, and out of it when it ends", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    agent.reconciler.setRegistered([]);
    await running("made-1");
    agent.sessions.accept(await session("made-1"), reportOf());
    await eventually(async () =>
      assert.deepEqual(await agent.registered(), ["shop-orders-aaaaaaaaaaaa"]),
    );
    await eventually(() => assert.equal(agent.reconciler.printedPlan, "nothing to do\n"));
    const { facts } = container("orders", "a");
    engine.put({ kind: "container", facts: { ...factsOf("orders", "a"), running: false } });
    agent.look("a");
    assert.equal(facts.id, containerId("a"));
    await running();
    await eventually(async () => assert.deepEqual(await agent.registered(), []));
  });

  it("has a departure under way from a stop signal until neither sidecar nor entry is left", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    agent.reconciler.setRegistered([]);
    await running("made-1");
    agent.sessions.accept(await session("made-1"), reportOf());
    await eventually(async () => assert.equal((await agent.registered()).length, 1), fast);
    await eventually(() => assert.equal(agent.reconciler.printedPlan, "nothing to do\n"));
    assert.deepEqual(agent.reconciler.departures, { possible: true, underWay: false });
    agent.observer.note({ kind: "signalled", containerId: containerId("a"), signal: "15" });
    agent.look("a");
    await eventually(() => assert.equal(agent.reconciler.departures.underWay, true), fast);
    const removed = Promise.withResolvers<void>();
    engine.hold("remove", removed.promise);
    engine.put({ kind: "container", facts: { ...factsOf("orders", "a"), running: false } });
    agent.look("a");
    const left = { possible: false, underWay: true };
    await eventually(() => assert.deepEqual(agent.reconciler.departures, left), fast);
    removed.resolve();
    await running();
    await eventually(() => assert.equal(agent.reconciler.departures.underWay, false), fast);
    assert.deepEqual(await agent.registered(), []);
  });

  it("tells of a stop signal at once, however long the engine takes to answer", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    const { snapshots } = await session("made-1");
    await eventually(() => assert.equal(snapshots.value?.draining, false), fast);
    const answered = Promise.withResolvers<void>();
    engine.hold(`inspect ${containerId("a")}`, answered.promise);
    agent.look("a");
    await eventually(() => assert.equal(engine.waiting, 1), fast);
    agent.observer.note({ kind: "signalled", containerId: containerId("a"), signal: "15" });
    agent.reconciler.noteStop();
    try {
      await eventually(() => assert.equal(snapshots.value?.draining, true), fast);
      assert.equal(agent.workload("a")?.health, "draining");
      assert.equal(engine.waiting, 1);
    } finally {
      answered.resolve();
    }
  });

  it("keeps a sidecar that started while it was still looking at other containers", async () => {
    const started = Promise.withResolvers<void>();
    engine.hold("start", started.promise);
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await eventually(() => assert.ok(engine.calls.includes("start made-1")), fast);
    // One look sees the sidecar before its start, and is not over before the start is.
    const slow = Promise.withResolvers<void>();
    engine.hold(`inspect ${containerId("b")}`, slow.promise);
    engine.put(container("web", "b"));
    let looking = false;
    engine.hold("inspect made-1", {
      // biome-ignore lint/suspicious/noThenProperty: tells when it is waited for
      then: (go: () => void) => {
        looking = true;
        go();
      },
    } as unknown as Promise<void>);
    agent.observer.mark(["made-1"]);
    agent.look("b");
    await eventually(() => assert.equal(looking, true), fast);
    started.resolve();
    await eventually(() => assert.equal(agent.lanes.busy.size, 0), fast);
    slow.resolve();
    await running("made-1", "made-2");
    assert.deepEqual(
      engine.calls.filter((call) => call.startsWith("remove")),
      [],
    );
  });

  it("tells sidecars of a policy at once, and of the one before when it is taken back", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    const { snapshots } = await session("made-1");
    const file = join(directory, "policies.json");
    const policyStore = await EmbeddedPolicyStore.open({ file });
    const stop = new AbortController();
    const parts = { policyStore, intentions: new EmbeddedIntentions() };
    const { policies: policyState, reconciler } = agent;
    const following = followPolicies(
      { ...parts, policyState },
      () => reconciler.trigger(),
      stop.signal,
    );
    for (const [version, allow] of ["web", ""].entries()) {
      const change = { document: allow === "" ? {} : { allow }, note: "set by a test" };
      await policyStore.write("shop-orders", version, change, stop.signal);
      await eventually(
        () => assert.equal(snapshots.value?.policy["allow"], allow && `shop-${allow}`),
        fast,
      );
    }
    stop.abort();
    await following;
  });

  it("does not take an old sidecar's word for a workload that has restarted", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    agent.sessions.accept(await session("made-1"), reportOf());
    await eventually(() => assert.equal(agent.workload("a")?.health, "passing"), fast);
    const removal = Promise.withResolvers<void>();
    engine.hold("remove", removal.promise);
    engine.put(container("orders", "a", RESTARTED_AT));
    agent.look("a");
    await eventually(() => assert.ok(engine.calls.includes("remove made-1")), fast);
    assert.equal(agent.workload("a")?.health, "starting");
    removal.resolve();
    await running("made-2");
  });

  it("retries what failed, and says until then what is wrong with which container", async () => {
    engine.fail("create", "no such image");
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await eventually(
      () =>
        assert.deepEqual(agent.reconciler.problems, [
          { subject: "shop-orders-1", code: "ENGINE_REFUSED", message: "no such image" },
        ]),
      fast,
    );
    engine.heal();
    await running("made-1");
    await eventually(() => assert.deepEqual(agent.reconciler.problems, []), fast);
  });

  it("outlives an engine that is away: says so, keeps what it knows, and asks again at its own pace", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    engine.fail("list", "no engine there");
    for (let wakes = 0; wakes < 20; wakes += 1) {
      const { length } = engine.calls;
      agent.observer.markAll();
      agent.reconciler.trigger();
      await eventually(() => assert.ok(engine.calls.length > length), fast);
    }
    assert.deepEqual(agent.reconciler.problems, [
      { subject: "engine", code: "ENGINE_REFUSED", message: "no engine there" },
    ]);
    assert.ok(agent.workload("a"));
    assert.equal(agent.retries, 1);
    engine.heal();
    engine.put(container("inventory", "b"));
    await running("made-1", "made-2");
    assert.deepEqual(agent.reconciler.problems, []);
  });

  it("outlives a defect in what a pass works out: says so, and goes on when it is gone", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    const { reconciler, catalog } = agent;
    const status = catalog.status.bind(catalog);
    Object.assign(catalog, {
      status: () => {
        throw new Error("a defect");
      },
    });
    const message = "a pass of the agent failed: a defect; please report this";
    await eventually(() => {
      reconciler.trigger();
      assert.deepEqual(reconciler.problems, [{ subject: "agent", code: "INTERNAL", message }]);
    }, fast);
    Object.assign(catalog, { status });
    await eventually(() => {
      reconciler.trigger();
      assert.deepEqual(reconciler.problems, []);
    }, fast);
    assert.ok(reconciler.alive);
  });

  it("removes what an agent before it left half made or orphaned", async () => {
    engine.put(container("orders", "a"));
    agent = await startAgent();
    await running("made-1");
    await agent.stop();
    engine.containers.clear();
    agent = await startAgent();
    await running();
  });

  describe("after a restart of the agent", () => {
    beforeEach(async () => {
      engine.put(container("orders", "a"));
      agent = await startAgent();
      await running("made-1");
      await agent.stop();
      agent = await startAgent();
    });

    it("adopts the sidecars that are there, and knows nothing of them until they report", async () => {
      await eventually(() => assert.equal(agent.workload("a")?.health, "unknown"), fast);
      await running("made-1");
      agent.sessions.accept(await session("made-1"), reportOf());
      await eventually(() => assert.equal(agent.workload("a")?.health, "passing"), fast);
    });

    it("leaves adopted sidecars their snapshot while the catalog has shown nothing, however long", async () => {
      const { snapshots } = await session("made-1");
      agent.sessions.accept(await session("made-1"), reportOf());
      await eventually(() => assert.equal(agent.workload("a")?.health, "passing"), fast);
      agent.skipped = 60_000;
      agent.sessions.accept(await session("made-1"), reportOf({ version: "2" }));
      await eventually(
        () => assert.equal(agent.workload("a")?.sidecar?.report?.version, "2"),
        fast,
      );
      agent.reconciler.trigger();
      await eventually(() => assert.equal(agent.workload("a")?.health, "passing"), fast);
      assert.equal(snapshots.value, undefined);
      agent.reconciler.setView({ entries: [] });
      await eventually(() => assert.ok(snapshots.value), fast);
    });

    it("gives a sidecar up that has not reported for fifteen seconds", async () => {
      await session("made-1");
      agent.skipped = 15_000;
      agent.reconciler.trigger();
      await eventually(() => assert.equal(agent.workload("a")?.health, "starting"), fast);
    });

    it("of a new image hands over, and one that comes in the middle of that finishes it", async () => {
      await agent.stop();
      agent = await startAgent("sha256:2");
      await eventually(() => assert.ok(engine.calls.includes("start made-2")), fast);
      agent.sessions.accept(await session("made-1"), reportOf());
      await agent.stop();
      agent = await startAgent("sha256:2");
      const waiting = "hand-over shop-orders-1: its successor is starting\n";
      agent.sessions.accept(await session("made-1"), reportOf());
      await eventually(() => assert.equal(agent.reconciler.printedPlan, waiting), fast);
      assert.equal(agent.workload("a")?.health, "passing");
      agent.sessions.accept(await session("made-2"), reportOf());
      await running("made-2");
      assert.ok(engine.calls.includes("stop made-1 within 65 s"));
      assert.equal(agent.workload("a")?.health, "passing");
    });
  });
});
