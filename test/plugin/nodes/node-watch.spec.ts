import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { silentLog } from "../../../mesh/log.ts";
import type { SwarmNodeFacts } from "../../../plugin/docker/swarm-nodes.ts";
import type { LocalNode } from "../../../plugin/nodes/local-node.ts";
import { NodeWatch } from "../../../plugin/nodes/node-watch.ts";
import type { Announcement } from "../../../registry/agents.ts";
import { EmbeddedAgents } from "../../../registry/embedded/agents.ts";
import { eventually } from "../../helpers/eventually.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const FAST = { interval: 1 };
const OTHER = { node: "node-2", version: "0.1.0", sidecarVersions: [] };

/** Writes down what is announced; fails while it is told to. */
class Registry extends EmbeddedAgents {
  readonly announced: Announcement[] = [];
  failure: Error | undefined;

  override async announce(announcement: Announcement, signal: AbortSignal): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    this.announced.push(announcement);
    await super.announce(announcement, signal);
  }
}

describe("the watch over the nodes of a mesh", () => {
  let clock: ManualClock;
  let registry: Registry;
  let swarm: readonly SwarmNodeFacts[] | undefined;
  let local: LocalNode;
  let watch: NodeWatch;
  let stop: AbortController;
  let running: Promise<void>;

  beforeEach(() => {
    clock = new ManualClock();
    registry = new Registry();
    swarm = undefined;
    local = { sidecarVersions: ["0.1.0"], working: new Set(), agentService: undefined };
    watch = new NodeWatch({
      ...{ node: "node-1", version: "0.1.0", registry, clock, log: silentLog },
      engine: { swarmNodes: async () => swarm },
      local: () => local,
    });
    stop = new AbortController();
    running = watch.run(stop.signal);
  });
  afterEach(async () => {
    stop.abort();
    await running;
  });

  /** Lets that much time pass, ms, and everything that was due happen. */
  async function pass(milliseconds: number): Promise<void> {
    await eventually(() => assert.equal(clock.sleeping, 2), FAST);
    clock.advance(milliseconds);
    await eventually(() => assert.equal(clock.sleeping, 2), FAST);
  }
  const nodes = (): readonly string[] => watch.nodes.map(({ node, agent }) => `${node} ${agent}`);
  const codes = (): readonly string[] =>
    watch.problems.map(({ subject, code }) => `${subject} ${code}`);

  it("announces this node every 10 s, as it is then", async () => {
    await pass(9_999);
    assert.equal(registry.announced.length, 1);
    local = { ...local, sidecarVersions: ["0.0.9", "0.1.0"] };
    await pass(1);
    assert.deepEqual(
      registry.announced.map(({ sidecarVersions }) => sidecarVersions),
      [["0.1.0"], ["0.0.9", "0.1.0"]],
    );
  });

  it("tries again after 2 s when the catalog does not take it", async () => {
    registry.failure = new Error("away");
    await pass(10_000);
    registry.failure = undefined;
    await pass(2_000);
    assert.equal(registry.announced.length, 2);
  });

  it("follows what others announce", async () => {
    await registry.announce({ ...OTHER, version: "0.0.9" }, stop.signal);
    await eventually(() => assert.deepEqual(nodes(), ["node-1 ready", "node-2 ready"]), FAST);
    assert.deepEqual(codes(), ["mesh VERSION_MISMATCH"]);
    await registry.announce(OTHER, stop.signal);
    await eventually(() => assert.deepEqual(codes(), []), FAST);
  });

  it("gives an agent 20 s to tell of itself", async () => {
    local = { ...local, working: new Set(["node-2"]) };
    await pass(10_000);
    assert.deepEqual(nodes(), ["node-1 ready", "node-2 unknown"]);
    await pass(9_999);
    assert.deepEqual(codes(), []);
    await pass(1);
    assert.deepEqual(codes(), ["mesh VERSION_MISMATCH"]);
    await registry.announce(OTHER, stop.signal);
    await eventually(() => assert.deepEqual(codes(), []), FAST);
    await pass(10_000);
  });

  it("tells at once of a node on which Docker cannot start the agent, as long as that is so", async () => {
    const agent = {
      service: "mesh_agent",
      image: "x",
      isRunning: false,
      error: "No such image: x",
    };
    const facts = { name: "node-3", isInUse: true, agent, labelled: [] };
    swarm = [facts];
    await pass(10_000);
    assert.deepEqual(codes(), ["node-3 AGENT_UNAVAILABLE"]);
    swarm = [{ ...facts, isInUse: false }];
    await pass(10_000);
    assert.deepEqual(codes(), []);
  });
});
