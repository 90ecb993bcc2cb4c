// What an agent makes of the traffic that its sidecars report.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { Sample } from "../../../plugin/metrics/exposition.ts";
import { RequestMetrics } from "../../../plugin/metrics/request-metrics.ts";
import type {
  ConversationReport,
  RequestsReport,
} from "../../../proxy/configuration/traffic-report.ts";
import { Traffic } from "../../../proxy/metrics/traffic.ts";

const WEB = {
  ...{ service: "shop-web", project: "shop", version: "v1" },
  identity: "spiffe://trust.consul/ns/default/dc/dc1/svc/shop-web",
};
const ORDERS = {
  ...{ service: "shop-orders", project: "shop", version: undefined },
  identity: "spiffe://trust.consul/ns/default/dc/dc1/svc/shop-orders",
};

type Request = Partial<Pick<RequestsReport, "status" | "failure" | "grpcStatus">>;

function reported(
  reporter: ConversationReport["reporter"],
  peer: string,
  version: string,
  ...requests: Request[]
): readonly ConversationReport[] {
  const traffic = new Traffic();
  for (const { status = 200, failure, grpcStatus } of requests) {
    const sizes = { requestBytes: 10, responseBytes: 1_000 };
    traffic.count(reporter, peer, version, { status, failure, grpcStatus, ...sizes }, 7);
  }
  return traffic.take();
}

describe("the metrics of requests", () => {
  let metrics: RequestMetrics;

  beforeEach(() => {
    metrics = new RequestMetrics();
  });

  const samples = (name: string, now = 0): readonly Sample[] =>
    metrics.families(now).find((family) => family.name === name)?.samples ?? [];

  it("of the caller have the labels that Istio's have", () => {
    metrics.add(WEB, reported("source", "shop-orders", "v2", {}), 0);
    assert.deepEqual(samples("istio_requests_total"), [
      {
        value: 1,
        labels: {
          reporter: "source",
          source_workload: "shop-web",
          source_workload_namespace: "shop",
          source_app: "shop-web",
          source_version: "v1",
          source_principal: WEB.identity,
          destination_workload: "shop-orders",
          destination_workload_namespace: "unknown",
          destination_app: "shop-orders",
          destination_version: "v2",
          destination_principal: "unknown",
          destination_service: "shop-orders",
          destination_service_name: "shop-orders",
          request_protocol: "http",
          response_code: "200",
          grpc_response_status: "",
          response_flags: "-",
          connection_security_policy: "unknown",
        },
      },
    ]);
  });

  it("of the callee say who called by the identity that was proved", () => {
    metrics.add(ORDERS, reported("destination", WEB.identity, "", {}), 0);
    metrics.add(ORDERS, reported("destination", "", "", {}), 0);
    metrics.add(ORDERS, reported("destination", "spiffe://elsewhere/x", "", {}), 0);
    const told = samples("istio_requests_total").map(({ labels }) => [
      labels["source_workload"],
      labels["source_principal"],
      labels["connection_security_policy"],
    ]);
    assert.deepEqual(told, [
      ["shop-web", WEB.identity, "mutual_tls"],
      ["unknown", "unknown", "none"],
      ["unknown", "spiffe://elsewhere/x", "mutual_tls"],
    ]);
  });

  it("say how requests ended, in HTTP's, gRPC's and Envoy's words", () => {
    const outcomes: Request[] = [
      { status: 503, failure: "OVERLOADED" },
      { status: 0 },
      { status: 200, grpcStatus: "14" },
    ];
    metrics.add(WEB, reported("source", "shop-orders", "", ...outcomes), 0);
    const told = samples("istio_requests_total").map(({ labels }) =>
      ["response_code", "response_flags", "request_protocol", "grpc_response_status"]
        .map((name) => labels[name])
        .join(" "),
    );
    assert.deepEqual(told.toSorted(), ["0 DC http ", "200 - grpc 14", "503 UO http "]);
  });

  it("add up what the sidecars of all copies have counted, and what they count later", () => {
    metrics.add(WEB, reported("source", "shop-orders", "v2", {}, {}), 0);
    metrics.add(WEB, reported("source", "shop-orders", "v2", {}), 5_000);
    assert.deepEqual(
      samples("istio_requests_total").map(({ value }) => value),
      [3],
    );
    const durations = samples("istio_request_duration_milliseconds");
    const found = (suffix: string, le?: string): number | undefined =>
      durations.find((each) => each.suffix === suffix && each.labels["le"] === le)?.value;
    assert.equal(found("_bucket", "5"), 0);
    assert.equal(found("_bucket", "10"), 3);
    assert.equal(found("_bucket", "+Inf"), 3);
    assert.equal(found("_sum"), 21);
    assert.equal(samples("istio_response_bytes").at(-2)?.value, 3_000);
  });

  it("forget what has not been heard of for ten minutes", () => {
    metrics.add(WEB, reported("source", "shop-orders", "v1", {}), 0);
    metrics.add(WEB, reported("source", "shop-orders", "v2", {}), 300_000);
    assert.equal(samples("istio_requests_total", 600_000).length, 2);
    const left = samples("istio_requests_total", 600_001);
    assert.deepEqual(
      left.map(({ labels }) => labels["destination_version"]),
      ["v2"],
    );
  });

  it("are bounded, and what is too much is told", () => {
    for (let number = 0; number < 6_000; number += 1)
      metrics.add(WEB, reported("source", `service-${number}`, "", {}, {}), 0);
    assert.equal(samples("istio_requests_total").length, 5_000);
    assert.deepEqual(samples("mesh_uncounted_requests_total"), [{ labels: {}, value: 2_000 }]);
  });
});
