// What the console draws of a mesh, and what it says about calls.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import {
  neighbourhood,
  OUTSIDE,
  troubleOfEdge,
  troubleOfService,
  wholeTopology,
} from "../../../../plugin/console/page/graph/topology.ts";
import {
  describeTraffic,
  edgeTitle,
  versionShares,
} from "../../../../plugin/console/page/model/edges.ts";
import { OUTSIDE as CONTRACT_OUTSIDE } from "../../../../plugin/console/view.ts";
import { consoleView, edge, service } from "./samples.ts";

describe("the topology", () => {
  it("has services that nobody calls, callers from outside, and services that have gone", () => {
    const view = consoleView(
      [service("idle"), service("web", 2, 1)],
      [edge(OUTSIDE, "web"), edge("web", "past")],
    );
    const nodes = wholeTopology(view).nodes.map(({ id, kind, trouble }) => [id, kind, trouble]);
    assert.deepEqual(nodes, [
      ["idle", "service", "none"],
      ["outside", "outside", "none"],
      ["past", "gone", "none"],
      ["web", "service", "warning"],
    ]);
  });

  it("calls callers without identity as the agent does", () => {
    assert.equal(OUTSIDE, CONTRACT_OUTSIDE);
  });

  it("is cut down to a service and those it has to do with, the busiest first", () => {
    const view = consoleView(
      [],
      [
        edge("a", "hub", { requestsPerSecond: 1 }),
        edge("b", "hub", { requestsPerSecond: 3 }),
        edge("hub", "c", { requestsPerSecond: 2 }),
        edge("c", "far"),
        edge("hub", "hub", { requestsPerSecond: 9 }),
      ],
    );
    const near = neighbourhood(wholeTopology(view), "hub", 3);
    assert.deepEqual(
      near.nodes.map(({ id }) => id),
      ["b", "c", "hub"],
    );
    assert.deepEqual(
      near.edges.map(({ source, destination }) => `${source} ${destination}`),
      ["hub hub", "b hub", "hub c"],
    );
    assert.equal(near.hidden, 1);
  });

  const services = [
    [0, 0, "none"],
    [2, 2, "none"],
    [2, 1, "warning"],
    [2, 0, "bad"],
  ] as const;
  for (const [instances, passing, trouble] of services)
    it(`says ${trouble} of ${passing} healthy endpoints of ${instances}`, () =>
      assert.equal(troubleOfService(instances, passing), trouble));

  const calls = [
    [{}, "none"],
    [{ errorShare: 0.009 }, "none"],
    [{ errorShare: 0.01 }, "warning"],
    [{ errorShare: 0.05 }, "bad"],
    [{ security: "plaintext" }, "warning"],
    [{ security: "plaintext", errorShare: 0.5 }, "bad"],
  ] as const;
  for (const [more, trouble] of calls)
    it(`says ${trouble} of a call with ${JSON.stringify(more)}`, () =>
      assert.equal(troubleOfEdge(edge("a", "b", more)), trouble));
});

describe("a call", () => {
  it("is told in a few numbers, and in a sentence", () => {
    const call = edge("web", "orders", { requestsPerSecond: 12.34, errorShare: 0.02 });
    assert.deepEqual(describeTraffic(call), {
      main: "12/s · 2 % err",
      times: "2\u2009ms / 9\u2009ms",
    });
    assert.equal(
      edgeTitle(call),
      "web calls orders: 12 requests a second, 2 % errors, p50 2 ms, p99 9 ms, mutual TLS",
    );
  });

  it("of streams is told by what is open and how much flows", () => {
    const call = edge("web", "redis", {
      ...{ requestsPerSecond: 0, openStreams: 2, streamBytesPerSecond: 1_500, p50: 0, p99: 0 },
    });
    assert.deepEqual(describeTraffic(call), { main: "2 open", times: "1.5 kB/s" });
    assert.match(edgeTitle(call), /2 open streams, 1\.5 kB a second, mutual TLS/);
  });

  it("that is over for now is quiet", () => {
    const call = edge("a", "b", { requestsPerSecond: 0, security: "plaintext" });
    assert.deepEqual(describeTraffic(call), { main: "0/s", times: "quiet" });
    assert.match(edgeTitle(call), /plaintext$/);
  });

  it("reaches versions in shares of all callers together", () => {
    const edges = [
      edge("a", "x", { versions: { v1: 6, v2: 1 } }),
      edge("b", "x", { versions: { v2: 1 } }),
    ];
    assert.deepEqual(versionShares(edges), [
      { version: "v1", rate: 6, share: 0.75 },
      { version: "v2", rate: 2, share: 0.25 },
    ]);
    assert.deepEqual(versionShares([edge("a", "x", { versions: { v1: 0 } })]), [
      { version: "v1", rate: 0, share: 0 },
    ]);
    assert.deepEqual(versionShares([]), []);
  });
});
