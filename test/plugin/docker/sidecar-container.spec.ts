import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  interceptionContainer,
  type SidecarTemplate,
  sidecarContainer,
  sidecarSpecification,
} from "../../../plugin/docker/sidecar-container.ts";
import { AGENT_VERSION } from "../../../plugin/version.ts";
import type { Workload } from "../../../plugin/workload/workload.ts";
import { containerId, RESTARTED_AT, STARTED_AT, workloadOf } from "../../helpers/workloads.ts";

const TEMPLATE: SidecarTemplate = {
  own: {
    image: "sha256:1",
    socketMount: { Type: "volume", Source: "mesh_run", Target: "/run/mesh", ReadOnly: true },
  },
  socket: "/run/mesh/agent.sock",
  logLevel: "info",
  migrates: true,
};
const UNIQUE = {
  token: "t0ken",
  suffix: "0a1b2c",
  specification: "0123456789abcdef",
  takesOver: false,
};
const workload: Workload = workloadOf("orders", "a");

describe("the sidecar container", () => {
  const sidecar = sidecarContainer(TEMPLATE, workload, UNIQUE);

  it("is this and nothing else", () => {
    assert.deepEqual(sidecar, {
      name: "shop-orders-1.mesh-0a1b2c",
      Image: "sha256:1",
      Cmd: ["node", "--max-semi-space-size=2", "/app/sidecar.cjs"],
      User: "0:21000",
      Env: [
        "MESH_AGENT_SOCKET=/run/mesh/agent.sock",
        "MESH_SIDECAR_TOKEN=t0ken",
        "MESH_HOSTS_FILE=/run/mesh-hosts",
        "MESH_LOG_LEVEL=info",
        "MALLOC_ARENA_MAX=1",
      ],
      Labels: {
        "docker-mesh.role": "sidecar",
        "docker-mesh.workload": containerId("a"),
        "docker-mesh.workload-started-at": STARTED_AT,
        "docker-mesh.specification": "0123456789abcdef",
        "docker-mesh.version": AGENT_VERSION,
      },
      StopTimeout: 10,
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        ReadonlyRootfs: true,
        LogConfig: { Type: "json-file", Config: { "max-size": "5m", "max-file": "2" } },
        NetworkMode: `container:${containerId("a")}`,
        RestartPolicy: { Name: "unless-stopped" },
        PidsLimit: 64,
        CpuShares: 16_384,
        Sysctls: { "net.ipv4.tcp_migrate_req": "1" },
        Mounts: [
          { Type: "volume", Source: "mesh_run", Target: "/run/mesh", ReadOnly: true },
          {
            Type: "bind",
            Source: `/var/lib/docker/containers/${containerId("a")}/hosts`,
            Target: "/run/mesh-hosts",
            ReadOnly: false,
          },
        ],
      },
    });
  });

  it("has no capabilities, cannot gain any, and cannot write its root", () => {
    const { HostConfig: host } = sidecar;
    assert.deepEqual(
      [host?.CapDrop, host?.CapAdd, host?.Privileged],
      [["ALL"], undefined, undefined],
    );
    assert.deepEqual(host?.SecurityOpt, ["no-new-privileges"]);
    assert.equal(host?.ReadonlyRootfs, true);
  });

  it("is told when another one will leave, which makes it no other kind of sidecar", () => {
    const successor = sidecarContainer(TEMPLATE, workload, { ...UNIQUE, takesOver: true });
    const Env = [...(sidecar.Env ?? []), "MESH_TAKES_OVER=on"];
    assert.deepEqual(successor, { ...sidecar, Env });
  });

  it("asks of no kernel what it does not know", () => {
    const older = sidecarContainer({ ...TEMPLATE, migrates: false }, workload, UNIQUE);
    assert.equal(older.HostConfig?.Sysctls, undefined);
  });

  it("reaches the agent's socket, but not Docker's", () => {
    assert.doesNotMatch(JSON.stringify(sidecar), /docker\.sock/);
    assert.equal(sidecar.HostConfig?.Binds, undefined);
  });

  it("joins the workload's network by id, which no name can imitate", () => {
    assert.equal(sidecar.HostConfig?.NetworkMode, `container:${containerId("a")}`);
  });
});

describe("the container that installs the redirection", () => {
  const init = interceptionContainer(TEMPLATE, workload, "0a1b2c");

  it("has one capability, no mounts, and no token", () => {
    assert.deepEqual(init.HostConfig?.CapDrop, ["ALL"]);
    assert.deepEqual(init.HostConfig?.CapAdd, ["NET_ADMIN"]);
    assert.equal(init.HostConfig?.ReadonlyRootfs, true);
    assert.equal(init.HostConfig?.Mounts, undefined);
    assert.equal(init.Env, undefined);
  });

  it("runs nft with the rules as one argument, by no shell, and is not started again", () => {
    assert.equal(init.Cmd?.length, 2);
    assert.equal(init.Cmd?.[0], "nft");
    assert.equal(init.HostConfig?.RestartPolicy, undefined);
  });

  it("is found again as left over when the agent dies meanwhile", () => {
    assert.deepEqual(init.Labels, {
      "docker-mesh.role": "init",
      "docker-mesh.workload": containerId("a"),
    });
  });
});

describe("hostile names", () => {
  const hostile = 'x"; drop, rm -rf / $(id) \n--privileged';
  const named = workloadOf("orders", "a", {
    containerName: hostile,
    service: hostile,
    alias: hostile,
    project: hostile,
    version: hostile,
  });

  it("reach nothing but the name, which the engine refuses", () => {
    for (const made of [
      sidecarContainer(TEMPLATE, named, UNIQUE),
      interceptionContainer(TEMPLATE, named, "0a1b2c"),
    ]) {
      const { name, ...rest } = made;
      assert.ok(name?.startsWith(hostile));
      assert.doesNotMatch(JSON.stringify(rest), /drop|privileged"|rm -rf/);
    }
  });
});

describe("what a sidecar was made from", () => {
  const specification = sidecarSpecification(TEMPLATE, workload);

  it("is a short text, the same for each of its sidecars", () => {
    assert.match(specification, /^[0-9a-f]{16}$/);
    assert.equal(sidecarSpecification(TEMPLATE, { ...workload }), specification);
  });

  for (const [what, template, other] of [
    ["image", { ...TEMPLATE, own: { ...TEMPLATE.own, image: "sha256:2" } }, workload],
    ["log level", { ...TEMPLATE, logLevel: "debug" }, workload],
    ["socket", { ...TEMPLATE, socket: "/run/other.sock" }, workload],
    ["workload", TEMPLATE, workloadOf("orders", "b")],
    ["start of the workload", TEMPLATE, { ...workload, startedAt: RESTARTED_AT }],
    ["hosts file", TEMPLATE, { ...workload, hostsPath: "/srv/hosts" }],
  ] as const) {
    it(`differs with another ${what}`, () => {
      assert.notEqual(sidecarSpecification(template, other), specification);
    });
  }

  it("does not depend on what only snapshots say", () => {
    const renamed = {
      ...workload,
      containerName: "renamed",
      mtls: "strict",
      version: "v2",
    } as const;
    assert.equal(sidecarSpecification(TEMPLATE, renamed), specification);
  });
});
