import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { ContainerFacts } from "../../../plugin/docker/container-facts.ts";
import { understand } from "../../../plugin/workload/understand.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import { composeLabels, containerId, factsOf, onNetwork } from "../../helpers/workloads.ts";

function understood(changes: Partial<ContainerFacts>): Workload {
  const { workload, problems } = understand(factsOf("orders", "a", changes));
  assert.deepEqual(problems, []);
  assert.ok(workload);
  return workload;
}

function problemsOf(changes: Partial<ContainerFacts>): string[] {
  const { workload, problems } = understand(factsOf("orders", "a", changes));
  assert.equal(workload, undefined);
  assert.ok(problems.every(({ subject }) => subject === "shop-orders-1"));
  return problems.map(({ code, message }) => `${code} ${message}`);
}

describe("a labelled container", () => {
  it("needs one label", () => {
    const workload = understood({});
    assert.deepEqual(workload, {
      service: "shop-orders",
      alias: "orders",
      project: "shop",
      containerId: containerId("a"),
      containerName: "shop-orders-1",
      createdAt: "2026-03-01T07:59:00.000000001Z",
      startedAt: "2026-03-01T08:00:00.000000001Z",
      hostsPath: `/var/lib/docker/containers/${containerId("a")}/hosts`,
      instanceId: "shop-orders-aaaaaaaaaaaa",
      version: undefined,
      ports: [{ name: "http", port: 8080, protocol: "http", sidecarPort: 21000 }],
      redirected: [{ port: 8080, plaintextPort: 21100 }],
      networks: [onNetwork("shop_default", "198.18.0.97")],
      mtls: "permissive",
      intercept: "on",
      egress: "allow",
      sidecar: "agent",
      upstreams: undefined,
      check: { kind: "tcp" },
      offered: true,
      weight: 1,
      policy: {},
    });
  });

  it("is not offered to callers when docker compose run made it", () => {
    const labels = { ...composeLabels("orders"), "com.docker.compose.oneoff": "True" };
    assert.equal(understood({ labels }).offered, false);
    const usual = { ...labels, "com.docker.compose.oneoff": "False" };
    assert.equal(understood({ labels: usual }).offered, true);
  });

  it("says with labels how heavy it is, how it is asked, and what holds for its callers", () => {
    const labels = composeLabels("orders", {
      ...{ "mesh.weight": "10", "mesh.check": "grpc", "mesh.protocol": "grpc" },
      ...{ "mesh.retries.attempts": "3", "mesh.allow": "web" },
    });
    const { weight, check, policy } = understood({ labels });
    assert.deepEqual(
      { weight, check, policy },
      {
        weight: 10,
        check: { kind: "grpc", service: "" },
        policy: { allow: "web", "retries.attempts": "3" },
      },
    );
  });

  it("is left alone, without a word, when it has no mesh labels", () => {
    assert.deepEqual(understand(factsOf("orders", "a", { labels: {}, networks: [] })), {
      workload: undefined,
      problems: [],
    });
  });

  it("is left alone when mesh.enable is false, whatever else it says", () => {
    const labels = composeLabels("orders", { "mesh.enable": "false", "mesh.port": "x" });
    assert.deepEqual(understand(factsOf("orders", "a", { labels, networks: [] })).problems, []);
  });
});

describe("a service's name", () => {
  const enable = { "mesh.enable": "true" };
  for (const [from, labels, name, service, alias, project] of [
    [
      "Compose's project and service",
      { "com.docker.compose.project": "shop", "com.docker.compose.service": "orders" },
      "shop-orders-1",
      "shop-orders",
      "orders",
      "shop",
    ],
    [
      "Compose's names in DNS spelling",
      { "com.docker.compose.project": "my_shop", "com.docker.compose.service": "Order.DB" },
      "my_shop-Order.DB-1",
      "my-shop-order-db",
      "order-db",
      "my_shop",
    ],
    [
      "Swarm's stack and service",
      { "com.docker.stack.namespace": "shop", "com.docker.swarm.service.name": "shop_orders" },
      "shop_orders.1.x2k9",
      "shop-orders",
      "orders",
      "shop",
    ],
    [
      "a Swarm service outside a stack",
      { "com.docker.swarm.service.name": "orders" },
      "orders.1.x2k9",
      "orders",
      "orders",
      undefined,
    ],
    ["the name of a plain container", {}, "orders_blue", "orders-blue", undefined, undefined],
    [
      "mesh.service, which keeps the short name",
      {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "orders",
        "mesh.service": "billing",
      },
      "shop-orders-1",
      "billing",
      "orders",
      "shop",
    ],
  ] as const) {
    it(`comes from ${from}`, () => {
      const workload = understood({ name, labels: { ...enable, ...labels } });
      assert.deepEqual(
        [workload.service, workload.alias, workload.project],
        [service, alias, project],
      );
      assert.equal(workload.instanceId, `${service}-aaaaaaaaaaaa`);
    });
  }

  it("that cannot be made of project and service must be set", () => {
    const labels = composeLabels("o".repeat(63));
    assert.deepEqual(problemsOf({ labels }), [
      `LABEL_INVALID expected a service name of at most 63 lower-case letters, digits and hyphens, got "shop-${"o".repeat(63)}" from the project and service: set mesh.service`,
    ]);
  });

  it("is short only where it can stand in a hosts file", () => {
    const labels = {
      ...composeLabels("x 10.0.0.9 bank.example\n10.0.0.9 pay.example"),
      "mesh.service": "orders",
    };
    assert.equal(understood({ labels }).alias, undefined);
  });
});

describe("a workload's ports", () => {
  const labelled = (mesh: Record<string, string>): Partial<ContainerFacts> => ({
    labels: composeLabels("orders", mesh),
  });

  it("are by default the image's only exposed one, with the protocol of the label", () => {
    const { ports } = understood({
      ...labelled({ "mesh.protocol": "tcp" }),
      exposedPorts: [6379],
    });
    assert.deepEqual(ports, [{ name: "tcp", port: 6379, protocol: "tcp", sidecarPort: 21000 }]);
  });

  for (const [exposedPorts, found] of [
    [[], "none"],
    [[8080, 9090], "8080, 9090"],
  ] as const) {
    it(`must be named when the image exposes ${found}`, () => {
      assert.deepEqual(problemsOf({ exposedPorts }), [
        `LABEL_INVALID label mesh.port: expected it to be set, since the image exposes not one port but ${found}`,
      ]);
    });
  }

  it("may be several, each with its own places in the sidecar", () => {
    const { ports, redirected } = understood(
      labelled({ "mesh.ports": "http:8080,admin:9090/tcp" }),
    );
    assert.deepEqual(
      ports.map(({ name, sidecarPort }) => [name, sidecarPort]),
      [
        ["http", 21000],
        ["admin", 21001],
      ],
    );
    assert.deepEqual(redirected, [
      { port: 8080, plaintextPort: 21100 },
      { port: 9090, plaintextPort: 21101 },
    ]);
  });

  for (const mesh of [{ "mesh.mtls": "strict" }, { "mesh.intercept": "off" }]) {
    it(`are not led to plaintext listeners with ${JSON.stringify(mesh)}`, () => {
      assert.deepEqual(understood(labelled(mesh)).redirected, []);
    });
  }

  it("must not be the sidecar's own", () => {
    assert.deepEqual(problemsOf(labelled({ "mesh.port": "21000" })), [
      "LABEL_CONFLICT port 21000: expected a port outside 21000–21199, which the sidecar uses: let the application listen elsewhere",
    ]);
    assert.equal(problemsOf(labelled({ "mesh.port": "21199" })).length, 1);
    assert.equal(understood(labelled({ "mesh.port": "21200" })).ports[0]?.port, 21200);
  });
});

describe("a workload's networks", () => {
  const [front, back] = [
    onNetwork("shop_back", "198.18.1.2"),
    onNetwork("shop_front", "198.18.2.2"),
  ];
  const networks = [front, back];

  for (const label of ["shop_front", "front"]) {
    it(`begin with the one that mesh.network=${label} names`, () => {
      const labels = composeLabels("orders", { "mesh.network": label });
      assert.deepEqual(understood({ labels, networks }).networks, [back, front]);
    });
  }

  it("must have the one that mesh.network names", () => {
    const labels = composeLabels("orders", { "mesh.network": "frnt" });
    assert.deepEqual(problemsOf({ labels, networks }), [
      'LABEL_INVALID label mesh.network: expected a network of this container (shop_back, shop_front), got "frnt"',
    ]);
  });

  it("must be its own, not another container's", () => {
    assert.deepEqual(problemsOf({ networkMode: `container:${containerId("b")}`, networks: [] }), [
      "LABEL_CONFLICT shares another container's network (network_mode), whose ports would clash with its own: put the mesh labels on that container",
    ]);
  });

  for (const networkMode of ["host", "none"]) {
    it(`must not be the mode ${networkMode}`, () => {
      assert.deepEqual(problemsOf({ networkMode, networks: [] }), [
        `LABEL_CONFLICT expected a network of its own, found network mode "${networkMode}"`,
      ]);
    });
  }
});

describe("a container with several problems", () => {
  it("is told all of them at once", () => {
    const labels = composeLabels("-", { "mesh.service": "orders", "mesh.network": "back" });
    const problems = problemsOf({ labels, networks: [], networkMode: "host", exposedPorts: [] });
    assert.deepEqual(
      problems.map((problem) => problem.split(/ |:/, 4).slice(0, 3).join(" ")),
      [
        "LABEL_INVALID label mesh.port",
        "LABEL_CONFLICT expected a",
        "LABEL_INVALID label mesh.network",
      ],
    );
  });

  it("is told what is wrong with its labels first, and what follows from them later", () => {
    const labels = composeLabels("orders", { "mesh.mtls": "on", "mesh.prot": "80" });
    assert.deepEqual(problemsOf({ labels, exposedPorts: [] }), [
      'LABEL_INVALID label mesh.mtls: expected strict or permissive, got "on"',
      "LABEL_UNKNOWN label mesh.prot: expected a label of the mesh: did you mean mesh.port?",
    ]);
  });
});
