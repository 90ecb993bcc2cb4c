import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { buildDirectory } from "../../../plugin/sidecars/directory.ts";
import { outboundOf } from "../../../plugin/sidecars/outbound.ts";
import { buildSnapshot, type SnapshotParts } from "../../../plugin/sidecars/snapshot.ts";
import { toInstance } from "../../../plugin/workload/health.ts";
import { parseSnapshot } from "../../../proxy/configuration/parse-snapshot.ts";
import { BUNDLE, leafOf } from "../../helpers/leaves.ts";
import { NO_POLICY } from "../../helpers/plans.ts";
import { callerSide } from "../../helpers/policies.ts";
import { NODE, workloadOf } from "../../helpers/workloads.ts";

const PARTS: SnapshotParts = {
  workload: workloadOf("orders", "a", {}, { "mesh.check": "/health" }),
  leaf: leafOf("shop-orders"),
  bundle: BUNDLE,
  outbound: [],
  draining: false,
  ...NO_POLICY,
};

describe("a snapshot", () => {
  it("is everything that one sidecar needs", () => {
    assert.deepEqual(buildSnapshot(PARTS), {
      version: buildSnapshot(PARTS).version,
      service: "shop-orders",
      instanceId: "shop-orders-aaaaaaaaaaaa",
      certificates: {
        certificateChain: "leaf of shop-orders\n",
        privateKey: "key of shop-orders\n",
        uri: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-orders",
        roots: BUNDLE.roots,
        trustDomain: "mesh.test",
        notAfter: 86_400_000,
      },
      inbound: [
        {
          name: "http",
          protocol: "http",
          applicationPort: 8080,
          tlsPort: 21000,
          plaintextPort: 21100,
          check: { kind: "http", path: "/health" },
        },
      ],
      outbound: [],
      egress: undefined,
      draining: false,
      ...NO_POLICY,
      gateway: undefined,
      observation: undefined,
    });
  });

  it("says nothing of single requests to whoever is not asked about them", () => {
    assert.doesNotMatch(JSON.stringify(buildSnapshot(PARTS)), /observation/);
  });

  it("is read by the sidecar as the agent wrote it", () => {
    const callee = workloadOf("redis", "b", {}, { "mesh.ports": "redis:6379/tcp,metrics:9121" });
    const entries = [{ instance: toInstance(callee, NODE), health: "passing" } as const];
    const { services } = outboundOf(PARTS.workload, callerSide(buildDirectory(entries, [])));
    assert.equal(services.length, 1);
    const snapshot = buildSnapshot({ ...PARTS, outbound: services, draining: true });
    assert.deepEqual(parseSnapshot(JSON.stringify(snapshot)), snapshot);
  });

  it("has the same version for the same content, in whichever process", () => {
    const { version } = buildSnapshot(PARTS);
    assert.match(version, /^[0-9a-f]{16}$/);
    assert.equal(buildSnapshot(structuredClone(PARTS)).version, version);
  });

  for (const [what, changes] of [
    ["a leaf", { leaf: { ...PARTS.leaf, certificateChain: "renewed" } }],
    ["a root", { bundle: { ...BUNDLE, roots: [...BUNDLE.roots, "new"] } }],
    ["draining", { draining: true }],
    ["what is wanted of requests", { observation: { traces: false, tap: true } }],
    [
      "a callable service",
      {
        outbound: [
          { service: "a", names: [], address: "127.64.0.1", uri: "u", policy: {}, ports: [] },
        ],
      },
    ],
  ] as const) {
    it(`has another version with another state of ${what}`, () => {
      assert.notEqual(
        buildSnapshot({ ...PARTS, ...changes }).version,
        buildSnapshot(PARTS).version,
      );
    });
  }

  for (const mesh of [{ "mesh.mtls": "strict" }, { "mesh.intercept": "off" }]) {
    it(`has no plaintext listener with ${JSON.stringify(mesh)}`, () => {
      const { inbound } = buildSnapshot({
        ...PARTS,
        workload: workloadOf("orders", "a", {}, mesh),
      });
      assert.deepEqual(
        inbound.map(({ plaintextPort }) => plaintextPort),
        [undefined],
      );
    });
  }

  it("asks for a path where HTTP/1.1 may be spoken, and elsewhere whether connections are accepted", () => {
    const ports = "web:8080,any:7000/auto,h2:8081/http2,calls:9000/grpc,redis:6379/tcp";
    const mesh = { "mesh.ports": ports, "mesh.check": "/health" };
    const { inbound } = buildSnapshot({ ...PARTS, workload: workloadOf("orders", "a", {}, mesh) });
    assert.deepEqual(
      inbound.map(({ protocol, check }) => [protocol, check.kind]),
      [
        ["http", "http"],
        ["auto", "http"],
        ["http2", "tcp"],
        ["grpc", "tcp"],
        ["tcp", "tcp"],
      ],
    );
  });
});
