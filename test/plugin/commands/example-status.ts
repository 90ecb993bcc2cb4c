// A status with one of everything: a fixed value for what renders or carries it.
import type { MeshStatus } from "../../../plugin/status.ts";

const NO_TIMES = { count: 0, p50: 0, p99: 0 };
const COUNTED = {
  ...{ failures: {}, auditedDenials: 0, connections: 3, refusedPeers: 0, linkViolations: 0 },
  ...{ inboundTimes: NO_TIMES, outboundTimes: NO_TIMES },
};

/** The moment at which the example is looked at. */
export const EXAMPLE_NOW: number = Date.UTC(2026, 10, 23, 12, 0, 0);

const HOUR = 3_600_000;

export const exampleStatus: MeshStatus = {
  agent: {
    version: "0.1.0",
    node: "node-1",
    engineVersion: "28.5.2",
    catalog: "consul",
    catalogReachable: true,
    trustDomain: "5a1f4b4e-2a3c-9bb0-6e0e-3d2f8b1c7a11.consul",
    startedAt: EXAMPLE_NOW - 3 * HOUR - 12 * 60_000,
  },
  nodes: [
    { node: "node-1", agent: "ready", agentVersion: "0.1.0", sidecarVersions: ["", "0.1.0"] },
    { node: "node-2", agent: "silent", agentVersion: "0.0.9", sidecarVersions: [] },
    { node: "node-3", agent: "absent", agentVersion: undefined, sidecarVersions: [] },
  ],
  services: [
    {
      service: "shop-inventory",
      protocol: "http",
      ports: [8080],
      instances: 2,
      passing: 1,
      policyVersion: 3,
    },
    {
      service: "shop-orders",
      protocol: "http",
      ports: [8080, 9090],
      instances: 1,
      passing: 1,
      policyVersion: 0,
    },
    {
      service: "shop-redis",
      protocol: "tcp",
      ports: [6379],
      instances: 1,
      passing: 1,
      policyVersion: 0,
    },
  ],
  workloads: [
    {
      service: "shop-inventory",
      container: "shop-inventory-1",
      containerId: "1f".repeat(32),
      version: "2.4.1",
      health: "passing",
      sidecar: "ready",
      mtls: "strict",
      intercept: "on",
      egress: "allow",
      identity:
        "spiffe://5a1f4b4e-2a3c-9bb0-6e0e-3d2f8b1c7a11.consul/ns/default/dc/dc1/svc/shop-inventory",
      certificateExpiresAt: EXAMPLE_NOW + 71 * HOUR + 59 * 60_000 + 30_000,
      requests: {
        ...COUNTED,
        inboundTls: 1204,
        inboundPlaintext: 0,
        outbound: 0,
        outboundFailed: 0,
      },
      sidecarResidentBytes: 54_211_379,
    },
    {
      service: "shop-orders",
      container: "shop-orders-1",
      containerId: "2e".repeat(32),
      version: undefined,
      health: "critical",
      sidecar: "failing",
      mtls: "permissive",
      intercept: "on",
      egress: "list",
      identity:
        "spiffe://5a1f4b4e-2a3c-9bb0-6e0e-3d2f8b1c7a11.consul/ns/default/dc/dc1/svc/shop-orders",
      certificateExpiresAt: EXAMPLE_NOW - 90_000,
      requests: {
        ...COUNTED,
        inboundTls: 310,
        inboundPlaintext: 7,
        outbound: 921,
        outboundFailed: 4,
      },
      sidecarResidentBytes: 812,
    },
    {
      service: "shop-redis",
      container: "shop-redis-1",
      containerId: "3d".repeat(32),
      version: undefined,
      health: "starting",
      sidecar: "absent",
      mtls: "permissive",
      intercept: "off",
      egress: "allow",
      identity: undefined,
      certificateExpiresAt: undefined,
      requests: { ...COUNTED, inboundTls: 0, inboundPlaintext: 0, outbound: 0, outboundFailed: 0 },
      sidecarResidentBytes: undefined,
    },
  ],
  problems: [
    {
      subject: "shop-orders-1",
      code: "PORT_IN_USE",
      message:
        "the sidecar cannot listen on 127.64.0.3:6379: another process in the container has it",
    },
    {
      subject: "shop-web-1",
      code: "LABEL_INVALID",
      message: 'label mesh.port: expected a port from 1 to 65535, got "http"',
    },
  ],
};
