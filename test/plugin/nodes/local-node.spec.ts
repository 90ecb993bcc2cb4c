import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { localNode } from "../../../plugin/nodes/local-node.ts";
import { buildDirectory } from "../../../plugin/sidecars/directory.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import { factsOf, sidecarOf, workloadOf } from "../../helpers/workloads.ts";

const NOTHING = { directory: buildDirectory([], []) };
const AGENT = {
  "docker-mesh.role": "agent",
  "com.docker.swarm.service.name": "mesh_agent",
};

describe("what a node knows of itself and others", () => {
  it("is the versions of its sidecars, once each, and not those of what installs redirections", () => {
    const sidecars = [
      sidecarOf("a", "s1", { version: "0.2.0" }),
      sidecarOf("b", "s2", { version: "0.1.0" }),
      sidecarOf("c", "s3", { version: "0.2.0" }),
      sidecarOf("d", "s4", { version: "" }),
      sidecarOf("e", "i1", { version: "0.0.1", role: "init" }),
    ];
    const { sidecarVersions } = localNode({ sidecars, containers: [] }, NOTHING);
    assert.deepEqual(sidecarVersions, ["", "0.1.0", "0.2.0"]);
  });

  it("is the nodes that have workloads", () => {
    const entries = ["node-1", "node-2", "node-2"].map((node, index) => {
      const instance = toInstance(workloadOf("orders", "abc".charAt(index)), node);
      return { instance, health: "passing" } as const;
    });
    const directory = buildDirectory(entries, []);
    const { working } = localNode({ sidecars: [], containers: [] }, { directory });
    assert.deepEqual([...working], ["node-1", "node-2"]);
  });

  it("is Swarm's name for the agents, where the agent is a task", () => {
    const containers = [factsOf("orders", "a"), factsOf("agent", "b", { labels: AGENT })];
    assert.equal(localNode({ sidecars: [], containers }, NOTHING).agentService, "mesh_agent");
    const [other] = containers;
    assert.ok(other);
    assert.equal(localNode({ sidecars: [], containers: [other] }, NOTHING).agentService, undefined);
  });
});
