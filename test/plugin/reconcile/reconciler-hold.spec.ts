import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "mocha";
import { ContainerRecord } from "../../../plugin/reconcile/container-record.ts";
import type { SidecarSession } from "../../../plugin/sidecars/sessions.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ScriptedEngine } from "../../helpers/scripted-engine.ts";
import { composeLabels, containerId, reportOf, STARTED_AT } from "../../helpers/workloads.ts";
import { Agent, container, NO_INTERCEPTION } from "./agent.ts";

describe("the agent's loop with an application that waits for its sidecar", () => {
  const fast = { interval: 1 };
  let directory: string;
  let engine: ScriptedEngine;
  let agent: Agent;

  const startAgent = async (): Promise<Agent> =>
    new Agent(
      engine,
      {
        interceptions: await ContainerRecord.open(join(directory, "intercepted")),
        held: await ContainerRecord.open(join(directory, "held")),
      },
      "sha256:1",
    );

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "mesh-loop-"));
    engine = new ScriptedEngine();
    agent = await startAgent();
    agent.reconciler.setRegistered([]);
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

  const labels = { ...NO_INTERCEPTION, "mesh.hold": "true" };
  const id = containerId("a");
  const paused = (expected: boolean): Promise<void> =>
    eventually(() => assert.equal(engine.isPaused(id), expected), fast);

  /** What the engine tells of when the application starts. */
  const start = (): void => {
    engine.put(container("orders", "a", undefined, labels));
    const at = Date.parse(STARTED_AT) + 1;
    const event = { kind: "started", containerId: id, containerName: "shop-orders-1" } as const;
    agent.holds.note({
      ...event,
      at,
      labels: composeLabels("orders", { ...labels, "mesh.port": "8080" }),
    });
    agent.look("a");
  };

  /** It has started, was paused, and has a sidecar that has said nothing yet. */
  const begin = async (): Promise<void> => {
    start();
    await running("made-1");
    await paused(true);
  };

  it("lets it run when the sidecar is ready", async () => {
    await begin();
    agent.reconciler.setView({ entries: [] });
    agent.sessions.accept(await session("made-1"), reportOf({ ready: false }));
    await eventually(() => assert.ok(agent.workload("a")?.sidecar?.report), fast);
    assert.equal(agent.workload("a")?.health, "starting");
    await paused(true);
    const report = reportOf({ application: "starting" });
    agent.sessions.accept(await session("made-1"), report);
    await paused(false);
    await eventually(() => assert.deepEqual(agent.holds.settled, []), fast);
    assert.deepEqual(agent.reconciler.problems, []);
  });

  it("lets it run after 30 s without, and says so until the sidecar is ready", async () => {
    await begin();
    agent.skipped = 30_000;
    agent.reconciler.trigger();
    await paused(false);
    await eventually(() => {
      const [problem] = agent.reconciler.problems;
      assert.match(
        problem?.message ?? "",
        /within 30 s of the start, found that it does not report/,
      );
    }, fast);
    agent.reconciler.setView({ entries: [] });
    agent.sessions.accept(await session("made-1"), reportOf());
    await eventually(() => assert.deepEqual(agent.reconciler.problems, []), fast);
  });

  it("still holds it under the next agent, and lets it run then", async () => {
    await begin();
    await agent.stop();
    agent = await startAgent();
    await eventually(() => assert.ok(agent.workload("a")), fast);
    await paused(true);
    agent.reconciler.setView({ entries: [] });
    agent.sessions.accept(await session("made-1"), reportOf());
    await paused(false);
  });

  it("does not forget it while the engine does not answer", async () => {
    const silent = Promise.reject(new Error("no answer"));
    silent.catch(() => undefined);
    const answered = Promise.withResolvers<void>();
    engine.hold("pause", answered.promise);
    start();
    await eventually(() => assert.ok(agent.workload("a")), fast);
    engine.hold(`inspect ${id}`, silent);
    answered.resolve();
    await eventually(() => assert.equal(agent.retries, 1), fast);
    assert.equal(agent.holds.holds(id), true);
    assert.equal(engine.isPaused(id), true);
  });

  it("leaves it paused when that was the user's doing", async () => {
    await begin();
    agent.reconciler.setView({ entries: [] });
    agent.sessions.accept(await session("made-1"), reportOf());
    await paused(false);
    await eventually(() => assert.deepEqual(agent.holds.settled, []), fast);
    await engine.pause(id);
    agent.look("a");
    await eventually(() => assert.equal(agent.workload("a")?.note, "container is paused"), fast);
    await agent.stop();
    agent = await startAgent();
    await eventually(() => assert.equal(agent.workload("a")?.note, "container is paused"), fast);
    assert.equal(engine.isPaused(id), true);
  });
});
