import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { quantile } from "../../../plugin/console/traffic-edges.ts";
import { TrafficWindow } from "../../../plugin/console/traffic-window.ts";
import type { EdgeView } from "../../../plugin/console/view.ts";
import type { ReportingWorkload } from "../../../plugin/metrics/request-labels.ts";
import { RequestMetrics } from "../../../plugin/metrics/request-metrics.ts";
import { StreamMetrics } from "../../../plugin/metrics/stream-metrics.ts";
import {
  BUCKETS,
  type ConversationReport,
  type RequestsReport,
  type StreamsReport,
} from "../../../proxy/configuration/traffic-report.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

const identity = (service: string): string => `spiffe://mesh/ns/default/dc/dc1/svc/${service}`;
const WEB: ReportingWorkload = {
  service: "web",
  project: "shop",
  version: "1",
  identity: identity("web"),
};
const ORDERS: ReportingWorkload = { ...WEB, service: "orders", identity: identity("orders") };

const EMPTY = { sum: 0, counts: [] };

/** So many requests that took so long, ms. */
function requests(
  count: number,
  took: number,
  outcome: Partial<RequestsReport> = {},
): RequestsReport {
  const counts = new Array<number>(BUCKETS.length + 1).fill(0);
  counts[BUCKETS.findIndex((bound) => took <= bound)] = count;
  const durations = { sum: count * took, counts };
  return { status: 200, durations, requestBytes: EMPTY, responseBytes: EMPTY, ...outcome };
}

/** What web's sidecar tells of its calls to orders. */
function calls(all: readonly RequestsReport[], version = ""): ConversationReport {
  return { reporter: "source", peer: "orders", version, requests: all };
}

/** What orders' sidecar tells of its callers. */
function called(all: readonly RequestsReport[], peer = identity("web")): ConversationReport {
  return { reporter: "destination", peer, version: "", requests: all };
}

describe("who calls whom, of the last half minute", () => {
  let clock: ManualClock;
  let counted: RequestMetrics;
  let streamed: StreamMetrics;
  let window: TrafficWindow;

  beforeEach(() => {
    clock = new ManualClock();
    counted = new RequestMetrics();
    streamed = new StreamMetrics();
    const counters = {
      requests: (now: number) => counted.totals(now),
      streams: (now: number) => streamed.totals(now),
    };
    window = new TrafficWindow(counters, clock);
    window.sample();
  });

  function report(own: ReportingWorkload, ...all: readonly ConversationReport[]): void {
    counted.add(own, all, clock.monotonic());
    streamed.add(own, all, clock.monotonic());
  }

  function edges(seconds = 10): readonly EdgeView[] {
    clock.advance(seconds * 1_000);
    window.sample();
    return window.edges;
  }

  function onlyEdge(seconds = 10): EdgeView {
    const [edge, ...others] = edges(seconds);
    assert.ok(edge !== undefined && others.length === 0, `${others.length + 1} edges`);
    return edge;
  }

  it("is nobody at first", () => {
    assert.deepEqual(window.edges, []);
  });

  it("is told by the caller's sidecar, with rates, latency and versions", () => {
    report(WEB, calls([requests(30, 5)], "1"), calls([requests(10, 100)], "2"));
    const edge = onlyEdge();
    assert.deepEqual(edge, {
      ...{ source: "web", destination: "orders", security: "mtls" },
      ...{ requestsPerSecond: 4, errorShare: 0, openStreams: 0, streamBytesPerSecond: 0 },
      p50: 1 + (20 / 30) * 4,
      p99: 50 + (9.6 / 10) * 50,
      versions: { "1": 3, "2": 1 },
    });
  });

  it("is told by the callee's where the caller is on another node, and then without versions", () => {
    report(ORDERS, called([requests(20, 5)]));
    const { source, requestsPerSecond, security, versions } = onlyEdge();
    assert.deepEqual([source, requestsPerSecond, security, versions], ["web", 2, "mtls", {}]);
  });

  it("counts a request once that both ends have seen", () => {
    report(WEB, calls([requests(10, 5)]));
    report(ORDERS, called([requests(10, 1)]));
    const { requestsPerSecond, p99 } = onlyEdge();
    assert.equal(requestsPerSecond, 1);
    assert.ok(p99 > 1, "as the caller saw it");
  });

  it("takes the end that saw more", () => {
    report(WEB, calls([requests(10, 5)], "1"));
    report(ORDERS, called([requests(40, 5)]));
    const { requestsPerSecond, versions } = onlyEdge();
    assert.deepEqual([requestsPerSecond, versions], [4, { "1": 1 }]);
  });

  it("shows who came without identity, in plaintext", () => {
    report(ORDERS, called([requests(10, 5)], ""));
    const { source, security } = onlyEdge();
    assert.deepEqual([source, security], ["outside", "plaintext"]);
  });

  for (const [what, outcome, isError] of [
    ["an answer of 200", {}, false],
    ["an answer of 404", { status: 404 }, false],
    ["an answer of 500", { status: 500 }, true],
    ["an answer of 503 by the mesh", { status: 503, failure: "NO_HEALTHY_ENDPOINT" }, true],
    ["a refusal", { status: 403, failure: "ACCESS_DENIED" }, true],
    ["a caller that went away", { status: 0 }, false],
    ["gRPC's OK", { grpcStatus: "0" }, false],
    ["gRPC's NOT_FOUND", { grpcStatus: "5" }, false],
    ["gRPC's UNAVAILABLE", { grpcStatus: "14" }, true],
  ] as const) {
    it(`counts ${what} ${isError ? "as" : "not as"} an error`, () => {
      report(WEB, calls([requests(30, 5), requests(10, 5, outcome)]));
      assert.equal(onlyEdge().errorShare, isError ? 0.25 : 0);
    });
  }

  it("shows streams that are open, and the bytes that they carry in both directions", () => {
    const streams: StreamsReport = { opened: 5, closed: 2, receivedBytes: 1_000, sentBytes: 9_000 };
    report(WEB, { ...calls([]), streams });
    assert.equal(onlyEdge().streamBytesPerSecond, 1_000);
    const { openStreams, streamBytesPerSecond } = onlyEdge(40);
    assert.deepEqual([openStreams, streamBytesPerSecond], [3, 0]);
  });

  it("shows streams without identity, also when they have nothing to say", () => {
    const streams: StreamsReport = { opened: 1, closed: 0, receivedBytes: 0, sentBytes: 0 };
    report(ORDERS, { ...called([], ""), streams });
    edges();
    const { source, security, openStreams } = onlyEdge(60);
    assert.deepEqual([source, security, openStreams], ["outside", "plaintext", 1]);
  });

  it("forgets what is older than the window, but not that somebody called within ten minutes", () => {
    report(WEB, calls([requests(30, 5)]));
    assert.equal(onlyEdge(5).requestsPerSecond, 6);
    for (let count = 0; count < 5; count += 1) assert.ok(onlyEdge(5).requestsPerSecond > 0);
    for (let count = 0; count < 3; count += 1) edges(5);
    const { requestsPerSecond, errorShare, p99 } = onlyEdge(5);
    assert.deepEqual([requestsPerSecond, errorShare, p99], [0, 0, 0]);
    assert.deepEqual(edges(600), []);
  });

  it("shows no traffic where counters begin again", () => {
    report(WEB, calls([requests(30, 5)]));
    edges();
    clock.advance(601_000);
    report(WEB, calls([requests(1, 5)]));
    assert.ok(onlyEdge(1).requestsPerSecond >= 0);
  });

  it("stands in the order of names", () => {
    report(
      ORDERS,
      called([requests(1, 5)], identity("b")),
      called([requests(1, 5)], identity("a")),
    );
    report(WEB, calls([requests(1, 5)]));
    assert.deepEqual(
      edges().map(({ source }) => source),
      ["a", "b", "web"],
    );
  });

  it("is what is divided by the time between the samples, however long", () => {
    report(WEB, calls([requests(30, 5)]));
    assert.equal(onlyEdge(20).requestsPerSecond, 1.5);
  });

  it("does not grow with time", async () => {
    const stop = new AbortController();
    const running = window.run(stop.signal);
    for (let count = 0; count < 100; count += 1) {
      report(WEB, calls([requests(5, 5)]));
      clock.advance(5_000);
      await new Promise(setImmediate);
    }
    assert.equal(window.edges[0]?.requestsPerSecond, 1);
    stop.abort();
    await running;
  });
});

describe("a quantile of durations", () => {
  const at = (counts: Readonly<Record<number, number>>): number[] =>
    [...BUCKETS, Number.POSITIVE_INFINITY].map((bound) => counts[bound] ?? 0);
  for (const [what, counts, share, expected] of [
    ["nothing", {}, 0.5, 0],
    ["one in the first bucket", { 0.5: 1 }, 0.5, 0.25],
    ["one in the first bucket, at its end", { 0.5: 1 }, 1, 0.5],
    ["one in a later bucket", { 100: 1 }, 0.5, 75],
    ["two buckets, at their border", { 1: 50, 5: 50 }, 0.5, 1],
    ["two buckets, above", { 1: 50, 5: 50 }, 0.75, 3],
    ["two buckets with a gap", { 1: 98, 1000: 2 }, 0.99, 750],
    ["above all buckets", { [Number.POSITIVE_INFINITY]: 3 }, 0.5, 3_600_000],
  ] as const) {
    it(`of ${what} at ${share} is ${expected}`, () => {
      assert.equal(quantile(at(counts), share), expected);
    });
  }
});
