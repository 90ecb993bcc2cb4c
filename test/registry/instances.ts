// Instances for the registry's tests.
import type { Instance } from "../../mesh/model.ts";

/** An instance of `service` in the container whose id is `letter` sixty-four times. */
export function instanceOf(
  service: string,
  letter: string,
  changes: Partial<Instance> = {},
): Instance {
  const containerId = letter.repeat(64);
  return {
    id: `${service}-${containerId.slice(0, 12)}`,
    service,
    alias: undefined,
    project: undefined,
    ...{ version: undefined, weight: 1, policy: {}, createdAt: 0 },
    node: "node-a",
    containerId,
    containerName: `${service}-${letter}`,
    ports: [{ name: "http", port: 8080, protocol: "http", sidecarPort: 21000 }],
    networks: [
      {
        networkId: "f".repeat(64),
        networkName: "shop_default",
        address: `198.18.0.${letter.charCodeAt(0)}`,
      },
    ],
    ...changes,
  };
}

/** An instance with everything that one can have. */
export function fullInstance(service: string, letter: string): Instance {
  return instanceOf(service, letter, {
    alias: "orders",
    project: "shop",
    version: "v2.1",
    weight: 30,
    policy: { "balance.algorithm": "least-request", "timeout.request": "2s" },
    createdAt: Date.UTC(2026, 0, 1),
    ports: [
      { name: "http", port: 8080, protocol: "http", sidecarPort: 21000 },
      { name: "metrics", port: 9090, protocol: "http", sidecarPort: 21001 },
      { name: "tcp", port: 6379, protocol: "tcp", sidecarPort: 21002 },
    ],
    networks: [
      { networkId: "f".repeat(64), networkName: "shop_default", address: "198.18.0.7" },
      { networkId: "0".repeat(64), networkName: "shop_back end", address: "198.18.1.7" },
      { networkId: "h2q9lmbnxv7fcxz0wkq2qs1ip", networkName: "mesh", address: "198.18.2.7" },
    ],
  });
}
