// Single requests as sidecars tell of them.
import type { ObservedWorkload } from "../../plugin/observation/observed-workload.ts";
import type {
  ObservedRequest,
  ObservedRequests,
} from "../../proxy/configuration/observed-request.ts";

/** Beside whose sidecars the requests of these tests are seen. */
export const ORDERS_WORKLOAD: ObservedWorkload = {
  service: "shop-orders",
  project: "shop",
  version: "v2",
  identity: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-orders",
  instanceId: "shop-orders-aaaaaaaaaaaa",
  containerId: "a".repeat(64),
  containerName: "shop-orders-1",
};
export const WEB_WORKLOAD: ObservedWorkload = {
  ...ORDERS_WORKLOAD,
  service: "shop-web",
  version: undefined,
  identity: "spiffe://mesh.test/ns/default/dc/dc1/svc/shop-web",
  instanceId: "shop-web-bbbbbbbbbbbb",
  containerId: "b".repeat(64),
  containerName: "shop-web-1",
};

/** `web` asked `orders`, as the sidecar of `orders` saw it. */
export function observedRequest(changes: Partial<ObservedRequest> = {}): ObservedRequest {
  return {
    reporter: "destination",
    peer: WEB_WORKLOAD.identity ?? "",
    startedAt: Date.UTC(2026, 4, 1, 12, 0, 0, 250),
    milliseconds: 12.5,
    protocol: "http1",
    method: "GET",
    host: "orders:8080",
    path: "/orders/1",
    status: 200,
    endpoint: "",
    version: "",
    tries: [],
    requestBytes: 0,
    responseBytes: 120,
    ...changes,
  };
}

/** The same as the sidecar of `web` saw it. */
export function callOfWeb(changes: Partial<ObservedRequest> = {}): ObservedRequest {
  const seen = { reporter: "source", peer: "shop-orders", version: "v2" } as const;
  return observedRequest({ ...seen, endpoint: ORDERS_WORKLOAD.instanceId, ...changes });
}

export function batchOf(...requests: readonly ObservedRequest[]): ObservedRequests {
  return { requests, droppedSpans: 0, droppedTaps: 0, droppedLines: 0 };
}
