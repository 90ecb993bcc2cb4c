import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { securityChecks } from "../../../plugin/check/security-checks.ts";
import type { MeshContainer, SecurityFindings } from "../../../plugin/check/security-findings.ts";

const GUARDED: Omit<MeshContainer, "container" | "role"> = {
  image: `docker-mesh/mesh@sha256:${"a".repeat(64)}`,
  isPrivileged: false,
  addedCapabilities: [],
  droppedCapabilities: ["ALL"],
  isReadOnly: true,
  gainsNoPrivileges: true,
  isReachable: true,
  published: [{ address: "127.0.0.1", port: 8600 }],
  environment: {
    ...{ MESH_CONSUL_ADDRESS: "http://consul:8500", MESH_CONSUL_TOKEN_FILE: "/run/secrets/t" },
  },
  mountedAt: ["/run/mesh"],
};
const AGENT: MeshContainer = { ...GUARDED, container: "mesh-agent-1", role: "agent" };
const LAUNCHER: MeshContainer = {
  ...{ ...GUARDED, container: "mesh-launcher-1", role: "launcher", isReachable: false },
  ...{ published: [], environment: {} },
};
const SIDECAR: MeshContainer = { ...LAUNCHER, container: "orders.mesh-1", role: "sidecar" };
const CONSUL: MeshContainer = {
  ...{ ...SIDECAR, container: "mesh-consul-1", role: "other", isReadOnly: false },
  published: [{ address: "127.0.0.1", port: 8500 }],
};
const ORDERS = { service: "orders", takesPlaintext: false, isOpen: false };
const WELL: SecurityFindings = {
  securityOptions: ["name=seccomp,profile=builtin"],
  engineWarnings: [],
  holders: [{ container: "mesh-launcher-1", role: "launcher", isReachable: false }],
  containers: [AGENT, LAUNCHER, SIDECAR, CONSUL],
  console: { port: 8600, isSecure: false },
  catalog: "consul",
  services: [ORDERS],
  lifetimes: [24 * 3_600_000],
};

const told = (changes: Partial<SecurityFindings>): string[] =>
  securityChecks({ ...WELL, ...changes })
    .filter(({ state }) => state !== "fine")
    .map(({ name, state, found, cure }) => `${name} ${state}: ${found} → ${cure}`);

const withAgent = (changes: Partial<MeshContainer>): Partial<SecurityFindings> => ({
  containers: [{ ...AGENT, ...changes }, LAUNCHER, SIDECAR, CONSUL],
});

describe("the checks of security", () => {
  it("find nothing against a node that is guarded", () => assert.deepEqual(told({}), []));

  it("find nothing against one without a console, Consul, workloads and certificates", () => {
    const containers = [AGENT, LAUNCHER];
    const nothing = { console: undefined, services: [], lifetimes: [], containers };
    assert.deepEqual(told({ catalog: "embedded", ...nothing }), []);
  });

  const published = [{ address: "0.0.0.0", port: 8600 }];
  for (const [what, changes, expected] of [
    [
      "an agent that holds the engine's socket",
      { holders: [{ container: "mesh-agent-1", role: "agent", isReachable: true }] },
      /^socket failed: mesh-agent-1 listens on a network and holds .*docker mesh up/,
    ],
    [
      "others that hold it",
      { holders: [{ container: "portainer", role: "", isReachable: true }] },
      /^socket warning: portainer of somebody else's holds/,
    ],
    ["no launcher", { containers: [AGENT, SIDECAR, CONSUL] }, /^launcher warning: there is none/],
    [
      "a launcher on a network",
      { containers: [AGENT, { ...LAUNCHER, isReachable: true }, CONSUL] },
      /^launcher failed: mesh-launcher-1 is on a network → .*network_mode: none/,
    ],
    [
      "a launcher that may more",
      { containers: [AGENT, { ...LAUNCHER, isPrivileged: true }, CONSUL] },
      /^launcher warning: .*mesh-launcher-1 \(privileged\)/,
    ],
    [
      "an engine that listens on a network",
      { engineWarnings: ["WARNING: API is accessible on http://0.0.0.0:2375 without encryption."] },
      /^engine failed: .*2375.*tlsverify/,
    ],
    ["an engine without seccomp", { securityOptions: [] }, /^engine warning: .*seccomp/],
    [
      "a console in plaintext for others",
      withAgent({ published }),
      /^console failed: .*plaintext: published on 0\.0\.0\.0:8600 → .*MESH_CONSOLE_TLS_CERT/,
    ],
    [
      "an API's socket that others mount",
      withAgent({ mountedAt: ["/run/docker-mesh"] }),
      /^api warning: others may mount the folder of the socket of mesh-agent-1/,
    ],
    [
      "metrics for everybody",
      withAgent({
        published: [{ address: "", port: 9102 }],
        environment: { ...AGENT.environment, MESH_METRICS_LISTEN: "0.0.0.0:9102" },
      }),
      /^metrics warning: published in plaintext on 0\.0\.0\.0:9102/,
    ],
    [
      "a sidecar that may more",
      {
        containers: [
          ...[AGENT, LAUNCHER, CONSUL],
          {
            ...{ ...SIDECAR, addedCapabilities: ["NET_ADMIN"], droppedCapabilities: [] },
            ...{ isReadOnly: false, gainsNoPrivileges: false },
          },
        ],
      },
      /^sidecars warning: .*orders\.mesh-1 \(capabilities NET_ADMIN; capabilities that were left; new privileges .*; a root that can be written\)/,
    ],
    [
      "an image by its tag",
      withAgent({ image: "docker-mesh/mesh:0.1.0" }),
      /^images warning: docker-mesh\/mesh:0\.1\.0: a tag/,
    ],
    [
      "services that take plaintext",
      { services: [{ ...ORDERS, takesPlaintext: true }] },
      /^plaintext warning: .*: orders → .*mesh\.mtls=strict/,
    ],
    [
      "services that everybody may call",
      { services: [{ ...ORDERS, isOpen: true }] },
      /^access warning: every service of the mesh may call orders → .*default-action=deny/,
    ],
    [
      "certificates that live for long",
      { lifetimes: [3_600_000, 800 * 3_600_000] },
      /^certificates warning: live 800h/,
    ],
    [
      "a Consul without access control",
      withAgent({ environment: { MESH_CONSUL_ADDRESS: "http://consul:8500" } }),
      /^acl warning: the agent shows Consul no token: whoever reaches its address/,
    ],
    [
      "a token that can be looked at",
      withAgent({ environment: { MESH_CONSUL_TOKEN: "x" } }),
      /^token warning: .*MESH_CONSUL_TOKEN_FILE/,
    ],
    [
      "a Consul for everybody",
      {
        containers: [
          ...[AGENT, LAUNCHER, SIDECAR],
          { ...CONSUL, published: [{ address: "::", port: 8500 }] },
        ],
      },
      /^consul warning: its API is published .* on :::8500/,
    ],
  ] as readonly (readonly [string, Partial<SecurityFindings>, RegExp])[])
    it(`find ${what}`, () => {
      const [only, ...others] = told(changes);
      assert.deepEqual(others, []);
      assert.match(String(only), expected);
    });

  it("take a console over TLS for others", () => {
    const changes = { ...withAgent({ published }), console: { port: 8600, isSecure: true } };
    assert.deepEqual(told(changes), []);
  });
});
