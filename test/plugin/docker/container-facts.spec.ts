import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { ContainerInspectInfo } from "dockerode";
import { describe, it } from "mocha";
import { readContainerFacts, readSidecarFacts } from "../../../plugin/docker/container-facts.ts";

const ID = "2201cedc79deb882e40d684fa8cfe4af88a6da812768c96bac3846d1e54ba91e";

/** What a Docker Engine 20.10 answers to `inspect`. */
async function inspected(name: string): Promise<ContainerInspectInfo> {
  const file = new URL(`../../golden/inspect/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(file, "utf8")) as ContainerInspectInfo;
}

/** The same with parts of it replaced. */
function changed(
  original: ContainerInspectInfo,
  part: "Config" | "State" | "HostConfig" | "NetworkSettings",
  changes: object,
): ContainerInspectInfo {
  return { ...original, [part]: { ...original[part], ...changes } };
}

describe("a container's facts", () => {
  it("of one that Compose runs on two networks", async () => {
    assert.deepEqual(readContainerFacts(await inspected("running-container")), {
      id: ID,
      name: "shop-orders-1",
      labels: {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "orders",
        "mesh.enable": "true",
      },
      running: true,
      paused: false,
      createdAt: "2026-03-01T02:03:38.931368066Z",
      startedAt: "2026-03-01T02:03:39.279251715Z",
      networkMode: "shop_front",
      networks: [
        {
          networkId: "fc7ff62a86517d9864b710a63347e448d5bca61024babbddbf0dc9ca734e449d",
          networkName: "shop_back",
          address: "198.18.23.2",
        },
        {
          networkId: "363bdc7a078b71939815162e19efec445924864525b6b7520518bbb92613a34b",
          networkName: "shop_front",
          address: "198.18.24.2",
        },
      ],
      surroundings: {
        subnets: ["198.18.23.2/24", "198.18.24.2/24"],
        gateways: ["198.18.23.1", "198.18.24.1"],
        nameServers: [],
      },
      exposedPorts: [8080],
      hostsPath: `/var/lib/docker/containers/${ID}/hosts`,
      health: "healthy",
      stopSignal: "SIGQUIT",
      stopTimeout: 30_000,
    });
  });

  it("of one that has stopped: no address, not running", async () => {
    const facts = readContainerFacts(await inspected("stopped-container"));
    assert.equal(facts.running, false);
    assert.deepEqual(facts.networks, []);
    assert.equal(facts.health, "unhealthy");
  });

  it("of a Swarm task: not the ingress network, and Docker's defaults", async () => {
    const facts = readContainerFacts(await inspected("swarm-task"));
    assert.deepEqual(facts.surroundings.subnets, ["10.0.1.6/24"]);
    assert.deepEqual(facts.networks, [
      { networkId: "w7r3j1k5m9p2s4v6x8z0b2d4f", networkName: "shop_default", address: "10.0.1.6" },
    ]);
    assert.deepEqual(
      [facts.health, facts.stopSignal, facts.stopTimeout, facts.networkMode],
      ["none", "SIGTERM", 10_000, "default"],
    );
    assert.equal(facts.labels["com.docker.swarm.service.name"], "shop_orders");
  });

  for (const [what, part, changes, expected] of [
    ["is not running while Docker restarts it", "State", { Restarting: true }, { running: false }],
    ["runs while it is paused", "State", { Paused: true }, { running: true, paused: true }],
    ["has no check without HEALTHCHECK", "State", { Health: undefined }, { health: "none" }],
    ["has no check that says none", "State", { Health: { Status: "none" } }, { health: "none" }],
    [
      "waits for ever to stop",
      "Config",
      { StopTimeout: -1 },
      { stopTimeout: Number.POSITIVE_INFINITY },
    ],
    ["is killed at once", "Config", { StopTimeout: 0 }, { stopTimeout: 0 }],
    ["has an empty stop signal", "Config", { StopSignal: "" }, { stopSignal: "SIGTERM" }],
    ["has no labels", "Config", { Labels: null }, { labels: {} }],
    ["exposes nothing", "Config", { ExposedPorts: undefined }, { exposedPorts: [] }],
    [
      "exposes TCP ports, in order of their numbers",
      "Config",
      { ExposedPorts: { "9090/tcp": {}, "53/udp": {}, "443/tcp": {}, "80/sctp": {} } },
      { exposedPorts: [443, 9090] },
    ],
    ["has no networks", "NetworkSettings", { Networks: null }, { networks: [] }],
    [
      "has networks without an address, or of Docker's own",
      "NetworkSettings",
      {
        Networks: {
          host: { NetworkID: "1", IPAddress: "198.18.0.1" },
          docker_gwbridge: { NetworkID: "2", IPAddress: "172.18.0.3" },
          late: { NetworkID: "3" },
        },
      },
      { networks: [] },
    ],
    [
      "shares a network",
      "HostConfig",
      { NetworkMode: "container:1" },
      { networkMode: "container:1" },
    ],
  ] as const) {
    it(`of one that ${what}`, async () => {
      const original = await inspected("running-container");
      const facts = readContainerFacts(changed(original, part, changes));
      assert.deepEqual({ ...facts, ...expected }, facts);
    });
  }

  it("hold nothing of its environment", async () => {
    const original = await inspected("running-container");
    const secret = changed(original, "Config", { Env: ["PASSWORD=hunter2"] });
    assert.doesNotMatch(JSON.stringify(readContainerFacts(secret)), /hunter2/);
  });
});

describe("a sidecar's facts", () => {
  const labels = {
    "docker-mesh.role": "sidecar",
    "docker-mesh.workload": ID,
    "docker-mesh.workload-started-at": "2026-03-01T02:03:39.279251715Z",
    "docker-mesh.specification": "0123456789abcdef",
    "docker-mesh.version": "0.1.0",
  };

  it("say whose it is, of which start, from what it was made, and its token", async () => {
    const original = await inspected("running-container");
    const config = { Labels: labels, Env: ["PATH=/bin", "MESH_SIDECAR_TOKEN=a=b"] };
    assert.deepEqual(readSidecarFacts(changed(original, "Config", config)), {
      id: ID,
      name: "shop-orders-1",
      role: "sidecar",
      running: true,
      createdAt: "2026-03-01T02:03:38.931368066Z",
      workloadId: ID,
      workloadStartedAt: "2026-03-01T02:03:39.279251715Z",
      specification: "0123456789abcdef",
      version: "0.1.0",
      token: "a=b",
      explicit: undefined,
    });
  });

  it("count it as running while Docker restarts it", async () => {
    const original = await inspected("running-container");
    const state = { Running: false, Restarting: true };
    assert.equal(readSidecarFacts(changed(original, "State", state)).running, true);
  });

  it("are empty where labels and environment are missing", async () => {
    const original = await inspected("stopped-container");
    const facts = readSidecarFacts(changed(original, "Config", { Labels: null, Env: null }));
    assert.deepEqual(
      [facts.role, facts.workloadId, facts.token, facts.running],
      ["", "", "", false],
    );
  });
});
