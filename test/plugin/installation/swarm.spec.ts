import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { PROJECT, Stage, type StagedContainer } from "./stage.ts";

const MANAGER = { LocalNodeState: "active", ControlAvailable: true, Managers: 1 };
const STACK = "com.docker.stack.namespace";
const DEPLOY = "stack deploy --compose-file - mesh";
const AGENT: StagedContainer = {
  name: "mesh_agent.1",
  labels: { "docker-mesh.role": "agent", [STACK]: "mesh" },
};

function service(name: string, running: number, desired: number, more: object = {}): object {
  return {
    Spec: { Name: `mesh_${name}` },
    ServiceStatus: { RunningTasks: running, DesiredTasks: desired },
    ...more,
  };
}

describe("docker mesh up and down for a swarm", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await Stage.open();
    stage.swarm = MANAGER;
    stage.containers = [AGENT];
  });
  afterEach(() => stage[Symbol.asyncDispose]());

  for (const [title, swarm, expected] of [
    [
      "is in none",
      { LocalNodeState: "inactive" },
      "expected an engine that manages a swarm, found one that is in none: `docker swarm init` makes one; without --swarm the mesh of this machine alone is meant\n",
    ],
    [
      "is a worker",
      {
        LocalNodeState: "active",
        ControlAvailable: false,
        RemoteManagers: [{ Addr: "198.18.0.2:2377" }],
      },
      "expected an engine that manages a swarm, found a worker: run this on a manager (198.18.0.2:2377), or name one with `docker --context` or `docker --host`\n",
    ],
    [
      "is locked",
      { LocalNodeState: "locked" },
      "expected an engine that manages a swarm, found one whose swarm is locked: `docker swarm unlock` first; without --swarm the mesh of this machine alone is meant\n",
    ],
  ] as const) {
    for (const verb of ["up", "down"]) {
      it(`${verb} does nothing where the engine ${title}, and says what to do`, async () => {
        stage.swarm = swarm;
        const { code, error } = await stage.run(`mesh ${verb} --swarm`);
        assert.deepEqual([code, error], [1, expected]);
        assert.deepEqual(await stage.calls(), []);
      });
    }
  }

  it("up deploys the stack with one Consul server for one manager, and waits until all run", async () => {
    stage.services = [
      [],
      [service("agent", 0, 2)],
      [service("agent", 1, 2)],
      [service("agent", 2, 2)],
    ];
    const { code, output, error } = await stage.run("mesh up --swarm");
    assert.deepEqual([code, error], [0, ""]);
    assert.match(
      output,
      /^mesh_agent 0\/2\nmesh_agent 1\/2\nmesh_agent 2\/2\nThe mesh is up on all nodes of the swarm\./,
    );
    assert.deepEqual(await stage.calls(), [DEPLOY]);
    assert.equal((await stage.variables())["MESH_CONSUL_SERVERS"], "1");
    assert.deepEqual(stage.secrets, ["mesh-gossip-key"]);
  });

  it("up has three Consul servers for four managers, and keeps the key that is there", async () => {
    stage.swarm = { ...MANAGER, Managers: 4 };
    stage.secrets.push("mesh-gossip-key");
    stage.services = [[], [service("agent", 1, 1)]];
    assert.equal((await stage.run("mesh up --swarm --consul-port 9500")).code, 0);
    const { MESH_CONSUL_SERVERS, MESH_CONSUL_PORT } = await stage.variables();
    assert.deepEqual([MESH_CONSUL_SERVERS, MESH_CONSUL_PORT], ["3", "9500"]);
    assert.deepEqual(stage.secrets, ["mesh-gossip-key"]);
  });

  it("up keeps what is not said", async () => {
    const container = {
      Image: "mine@sha256:0123",
      Env: ["MESH_LOG_LEVEL=debug", "MESH_LEAVE=true"],
    };
    const there = service("agent", 1, 1, {
      Spec: { Name: "mesh_agent", TaskTemplate: { ContainerSpec: container } },
    });
    stage.services = [[there]];
    assert.equal((await stage.run("mesh up --swarm")).code, 0);
    const { MESH_IMAGE, MESH_LOG_LEVEL, MESH_LEAVE } = await stage.variables();
    assert.deepEqual([MESH_IMAGE, MESH_LOG_LEVEL, MESH_LEAVE], ["mine", "debug", undefined]);
  });

  it("up that fails where nothing was leaves nothing", async () => {
    const { code, error } = await stage.run("mesh up --swarm", { MESH_TEST_DEPLOY: "1" });
    assert.equal(code, 1);
    assert.match(error, /^the stack of the mesh could not be deployed/);
    assert.deepEqual(await stage.calls(), [DEPLOY, "stack rm mesh"]);
  });

  it("up that Swarm takes back says where to look, and leaves what was", async () => {
    const back = service("agent", 1, 1, { UpdateStatus: { State: "rollback_completed" } });
    stage.services = [[service("agent", 1, 1)], [back]];
    const { code, error } = await stage.run("mesh up --swarm");
    assert.equal(code, 1);
    assert.match(
      error,
      /found mesh_agent 1\/1: `docker service ps --no-trunc mesh_agent` says why/,
    );
    assert.deepEqual(await stage.calls(), [DEPLOY]);
  });

  it("up refuses where the mesh of this machine is", async () => {
    stage.containers = [
      { name: "mesh-agent-1", labels: { "docker-mesh.role": "agent", [PROJECT]: "mesh-1" } },
    ];
    const { code, error } = await stage.run("mesh up --swarm");
    assert.deepEqual(
      [code, error],
      [
        1,
        "expected no other mesh on this engine, found the agent mesh-agent-1 of mesh-1: `docker mesh down` removes it\n",
      ],
    );
  });

  for (const option of ["--catalog embedded", "--console-port 9000"]) {
    it(`up takes no ${option}`, async () => {
      const { code, error } = await stage.run(`mesh up --swarm ${option}`);
      assert.equal(code, 1);
      assert.match(error, /is not of the mesh of a swarm/);
    });
  }

  it("down lets all nodes go first, then removes the stack", async () => {
    const over = { UpdateStatus: { State: "completed" } };
    stage.containers = [];
    stage.services = [
      [service("agent", 2, 2)],
      [service("agent", 0, 2, { UpdateStatus: { State: "updating" } })],
      [service("agent", 2, 2, over)],
      [],
    ];
    const { code, output, error } = await stage.run("mesh down --swarm");
    assert.deepEqual([code, error], [0, ""]);
    assert.match(output, /The mesh is gone from all nodes of the swarm/);
    const [update = "", removal] = await stage.calls();
    assert.match(update, /^service update .*--env-add MESH_LEAVE=true mesh_agent$/);
    assert.equal(removal, "stack rm mesh");
  });

  it("down where there is none says so", async () => {
    const { code, output } = await stage.run("mesh down --swarm");
    assert.deepEqual([code, output], [0, "There is no mesh on this swarm.\n"]);
  });

  it("down does not remove volumes of other nodes", async () => {
    const { code, error } = await stage.run("mesh down --swarm --volumes");
    assert.equal(code, 1);
    assert.match(error, /only their own nodes can remove/);
  });
});
