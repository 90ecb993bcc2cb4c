// Labels of services (`deploy.labels`) on a swarm of a manager and a worker: changed while the tasks run, they take effect on
// the worker, which cannot read services, and no task is replaced.
import assert from "node:assert/strict";
import { after, before, describe, it } from "mocha";
import type { WorkloadStatus } from "../../plugin/status.ts";
import type { SwarmNode } from "../../scripts/swarm/node.ts";
import type { Swarm } from "../../scripts/swarm/swarm.ts";
import { eventually } from "../helpers/eventually.ts";
import { echoService } from "../helpers/project.ts";
import { startTestSwarm } from "../helpers/swarm.ts";
import { SwarmMesh, SwarmStack } from "../helpers/swarm-mesh.ts";

const STACK = "app";
const ENABLED = { "mesh.enable": "true" };
const ON_EVERY_NODE = { deploy: { mode: "global" } };
/** Callers outside the mesh have Docker's names alone, which lead to tasks without a virtual address between. */
const WORKERS = {
  ...{ mode: "global", endpoint_mode: "dnsrr" },
  placement: { constraints: ["node.role == worker"] },
};
const SERVICES = {
  caller: echoService(ENABLED, ON_EVERY_NODE),
  // Labelled on its containers, on its service, and not at all.
  echo: echoService(ENABLED, { deploy: WORKERS }),
  deployed: echoService(
    {},
    { deploy: { ...WORKERS, labels: { ...ENABLED, "mesh.version": "1" } } },
  ),
  plain: echoService({}, { deploy: WORKERS }),
};

describe("labels of services on a swarm", () => {
  let swarm: Swarm;
  let mesh: SwarmMesh;
  let stack: SwarmStack;
  let manager: SwarmNode;
  let worker: SwarmNode;

  before(async function () {
    this.timeout(240_000);
    swarm = await startTestSwarm({ nodes: 2 });
    mesh = await SwarmMesh.deploy(swarm);
    stack = await SwarmStack.deploy(swarm, STACK, SERVICES);
    [manager, worker] = [swarm.node("node-1"), swarm.node("node-2")];
    await mesh.untilReady({
      [`${STACK}-caller`]: 2,
      [`${STACK}-echo`]: 1,
      [`${STACK}-deployed`]: 1,
    });
  });

  after(async () => await swarm?.remove());

  const update = (service: string, ...options: readonly string[]): Promise<string> =>
    swarm.docker(["service", "update", "--detach", ...options, `${STACK}_${service}`]);

  async function workload(service: string): Promise<WorkloadStatus | undefined> {
    const { workloads } = await mesh.status(worker);
    return workloads.find((entry) => entry.service === `${STACK}-${service}`);
  }

  /** Whether the callee's sidecar brought a call from the manager, told by who it says called. */
  async function isMeshed(service: string): Promise<boolean> {
    const [answer] = await stack.call(manager, "caller", `http://${service}:8080/`);
    return answer?.headers["x-forwarded-client-cert"] !== undefined;
  }

  async function hosts(service: string): Promise<string> {
    const [container = ""] = await stack.containersOn(worker, service);
    return await worker.docker(["exec", container, "cat", "/etc/hosts"]);
  }

  it("make a workload of a task on a worker that has none of its own", async () => {
    const deployed = await workload("deployed");
    assert.equal(deployed?.version, "1");
    assert.match(deployed?.container ?? "", /^app_deployed\..*/);
    assert.equal(await isMeshed("deployed"), true);
  });

  describe("changed while a task runs on a worker", () => {
    let before: string[];

    const containers = async (): Promise<string[]> =>
      (
        await Promise.all(Object.keys(SERVICES).map((name) => stack.containersOn(worker, name)))
      ).flat();

    it("win over the container's, and give way to them again", async () => {
      before = await containers();
      await update("echo", "--label-add", "mesh.version=7", "--label-add", "mesh.weight=3");
      await eventually(async () => assert.equal((await workload("echo"))?.version, "7"));
      await update("echo", "--label-rm", "mesh.version", "--label-rm", "mesh.weight");
      await eventually(async () => assert.equal((await workload("echo"))?.version, undefined));
    });

    it("refuse callers on another node when they say so", async () => {
      await update("echo", "--label-add", "mesh.allow=somebody");
      await eventually(async () => await assert.rejects(isMeshed("echo"), /403/));
      await update("echo", "--label-rm", "mesh.allow");
      await eventually(async () => assert.equal(await isMeshed("echo"), true));
    });

    it("do no harm when they are wrong, and are told with their place", async () => {
      await update("echo", "--label-add", "mesh.weight=heavy");
      await eventually(async () => {
        const { problems } = await mesh.status(worker);
        const found = problems.find(({ subject }) => subject.startsWith("app_echo."));
        assert.match(
          found?.message ?? "",
          /label mesh\.weight: .*"heavy" \(in deploy\.labels of the service app_echo\); until then the labels before stay in force/,
        );
      });
      assert.equal(await isMeshed("echo"), true);
      await update("echo", "--label-rm", "mesh.weight");
      await eventually(async () => assert.deepEqual((await mesh.status(worker)).problems, []));
    });

    it("refuse plaintext from then on, and accept it again", async () => {
      await update("echo", "--label-add", "mesh.mtls=strict");
      const outsideCall = (): Promise<unknown> => stack.call(worker, "plain", "http://echo:8080/");
      await eventually(async () => await assert.rejects(outsideCall(), /ECONNREFUSED|ECONNRESET/));
      assert.equal(await isMeshed("echo"), true);
      await update("echo", "--label-rm", "mesh.mtls");
      await eventually(outsideCall);
      assert.equal(await isMeshed("echo"), true);
    });

    it("attach a sidecar to a task that runs, and let it leave the mesh again", async () => {
      assert.equal(await isMeshed("plain"), false);
      await update("plain", "--label-add", "mesh.enable=true");
      await mesh.untilReady({ [`${STACK}-plain`]: 1 });
      await eventually(async () => assert.equal(await isMeshed("plain"), true));
      assert.match(await hosts("plain"), /docker-mesh/);
      await update("plain", "--label-rm", "mesh.enable");
      await eventually(async () => assert.equal(await workload("plain"), undefined));
      await eventually(async () => assert.doesNotMatch(await hosts("plain"), /docker-mesh/));
      const [id = ""] = await stack.containersOn(worker, "plain");
      const filter = ["--filter", `label=docker-mesh.workload=${id}`];
      await eventually(
        async () => assert.equal(await worker.docker(["ps", "--all", "--quiet", ...filter]), ""),
        { timeout: 20_000, interval: 200 },
      );
      assert.equal((await stack.call(worker, "plain", "http://127.0.0.1:8080/")).length, 1);
    });

    it("replaced no task", async () => assert.deepEqual(await containers(), before));
  });

  describe("of a stack that is removed", () => {
    it("are forgotten by the catalog", async () => {
      const kept = async (): Promise<number> => {
        const entries = await mesh
          .consul("/v1/kv/docker-mesh/swarm/services/?keys")
          .catch(() => []);
        return (entries as string[]).length;
      };
      assert.equal(await kept(), 3);
      await stack.remove();
      await eventually(async () => assert.equal(await kept(), 0));
    });
  });
});
