// Which requests are shown, and how many.
import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import type { LogPolicy } from "../../../mesh/policy/policy.ts";
import { DEFAULT_POLICY } from "../../../mesh/policy/read-policy.ts";
import type { ObservedRequest } from "../../../proxy/configuration/observed-request.ts";
import type { FinishedExchange } from "../../../proxy/http/exchanges.ts";
import { Observer } from "../../../proxy/observe/observer.ts";
import { Outbox } from "../../../proxy/observe/outbox.ts";
import { Tracer } from "../../../proxy/observe/tracer.ts";
import { planFor } from "../../helpers/plans.ts";
import { requestHead } from "../http1/heads.ts";

const VIEW = { reporter: "source", peer: "shop-orders", address: "" } as const;

describe("requests that are over", () => {
  let lines: ObservedRequest[];
  let outbox: Outbox;
  let observer: Observer;
  let now: number;
  let random: number;
  beforeEach(() => {
    lines = [];
    outbox = new Outbox();
    now = 0;
    random = 0.5;
    observer = new Observer({
      outbox,
      log: (request) => lines.push(request),
      wall: () => 1_700_000_000_000 + now,
      now: () => now,
      random: () => random,
    });
  });

  const finish = (
    parts: Partial<FinishedExchange> & {
      readonly logs?: Partial<LogPolicy>;
      readonly traced?: boolean;
    },
  ): void => {
    const { logs, traced, ...rest } = parts;
    const telemetry = { ...DEFAULT_POLICY, logs: { ...DEFAULT_POLICY.logs, ...logs } };
    const tracer = new Tracer(() => random);
    tracer.enabled = traced !== undefined;
    const head = requestHead("GET / HTTP/1.1", "host: a");
    const share = traced === true ? 100 : 0;
    const exchange: FinishedExchange = {
      ...{ plan: planFor([], { telemetry }), target: undefined, status: 200 },
      ...{ grpcStatus: undefined, requestBytes: 1, responseBytes: 2, failure: undefined },
      ...{ reason: undefined, earlierTries: [], http2: false },
      sentHead: Buffer.from("GET /orders/1?token=secret HTTP/1.1\r\nhost: orders:8080\r\n\r\n"),
      trace: tracer.begin(head, { share, b3: "off" }),
      ...rest,
    };
    observer.finished(VIEW, exchange, 12.5);
  };
  const told = (): readonly ObservedRequest[] => outbox.take()?.requests ?? [];

  it("are nobody's business by default", () => {
    finish({});
    finish({ status: 503, failure: "NO_HEALTHY_ENDPOINT" });
    assert.deepEqual([lines, outbox.take()], [[], undefined]);
  });

  it("are shown as they were, without the query", () => {
    const tries = [{ endpoint: "a", endedAfter: 3, outcome: "503" }];
    finish({ logs: { requests: "all" }, earlierTries: tries, reason: "rule admins" });
    assert.deepEqual(lines, [
      {
        ...{ reporter: "source", peer: "shop-orders", startedAt: 1_699_999_999_987.5 },
        ...{ milliseconds: 12.5, protocol: "http1", method: "GET", host: "orders:8080" },
        ...{ path: "/orders/1", status: 200, grpcStatus: undefined, failure: undefined },
        ...{ reason: "rule admins", endpoint: "", version: "", tries },
        ...{ requestBytes: 1, responseBytes: 2, trace: undefined },
      },
    ]);
  });

  for (const [what, parts, failed] of [
    ["200", {}, false],
    ["404 of the application", { status: 404 }, false],
    ["500 of the application", { status: 500 }, true],
    ["403 of the mesh", { status: 403, failure: "ACCESS_DENIED" }, true],
    ["a caller that went away", { status: 0 }, false],
    ["what was broken off", { status: 200, failure: "CONNECTION_LOST" }, true],
    ["gRPC's OK", { grpcStatus: "0" }, false],
    ["gRPC's NOT_FOUND", { grpcStatus: "5" }, false],
    ["gRPC's UNAVAILABLE", { grpcStatus: "14" }, true],
  ] as const) {
    it(`${failed ? "have failed" : "have not failed"} with ${what}`, () => {
      finish({ ...parts, logs: { requests: "errors" } });
      assert.equal(lines.length, failed ? 1 : 0);
      finish({ ...parts, traced: false });
      assert.equal(told().length, failed ? 1 : 0);
    });
  }

  it("are written by their share when nothing failed", () => {
    const logs = { requests: "sampled", share: 10 } as const;
    random = 0.09;
    finish({ logs });
    random = 0.11;
    finish({ logs });
    assert.equal(lines.length, 1);
    finish({ logs, status: 500 });
    assert.equal(lines.length, 2);
  });

  it("become spans when they were sampled, up to what a second takes, and the rest is counted", () => {
    for (let number = 0; number < 1_000; number += 1) finish({ traced: true });
    const batches = [outbox.take(), outbox.take()];
    assert.equal(batches[0]?.requests.length, 200);
    assert.equal(batches[0]?.droppedSpans, 800);
    assert.equal(batches[1], undefined);
    now += 1_000;
    for (let number = 0; number < 200; number += 1) finish({ traced: true });
    assert.equal(told().length, 100);
  });

  it("become spans when they have failed, though not without end", () => {
    for (let number = 0; number < 1_000; number += 1) finish({ traced: false, status: 500 });
    const batch = outbox.take();
    assert.deepEqual([batch?.requests.length, batch?.droppedSpans], [40, 960]);
    assert.ok(batch?.requests.every(({ trace }) => trace?.kept === true));
  });

  it("are all shown to those who look, as many as they can read", () => {
    observer.follow({ traces: false, tap: true });
    for (let number = 0; number < 300; number += 1) finish({});
    const batch = outbox.take();
    assert.deepEqual([batch?.requests.length, batch?.droppedTaps], [200, 100]);
    observer.follow(undefined);
    now += 1_000;
    finish({});
    assert.equal(outbox.take(), undefined);
  });

  it("are cut where a path has no end", () => {
    observer.follow({ traces: false, tap: true });
    finish({ sentHead: Buffer.from(`GET /${"a".repeat(8_000)} HTTP/1.1\r\n\r\n`) });
    assert.deepEqual(
      told().map(({ path, host }) => [path.length, host]),
      [[1_024, ""]],
    );
  });

  it("that never were exchanges are shown with what was wrong", () => {
    const telemetry = { ...DEFAULT_POLICY, logs: { requests: "errors", share: 0 } } as const;
    const refusal = {
      code: "REQUEST_MALFORMED",
      status: 400,
      text: "docker-mesh: odd (§1)\n",
    } as const;
    observer.refused(VIEW, DEFAULT_POLICY, refusal);
    assert.equal(lines.length, 0);
    observer.refused(VIEW, telemetry, refusal);
    const [{ status, failure, reason } = {}] = lines;
    assert.deepEqual([status, failure, reason], [400, "REQUEST_MALFORMED", "odd (§1)"]);
  });
});

describe("what waits for the agent", () => {
  const request = (kept: boolean): ObservedRequest => ({
    ...{ reporter: "source", peer: "a", startedAt: 0, milliseconds: 0, protocol: "http1" },
    ...{ method: "GET", host: "", path: "/", status: 200, endpoint: "", version: "", tries: [] },
    ...{ requestBytes: 0, responseBytes: 0 },
    trace: { traceId: "a", spanId: "b", parentId: "", state: "", kept },
  });

  it("comes in batches, and what did not arrive is told again", () => {
    const outbox = new Outbox();
    for (let number = 0; number < 300; number += 1) outbox.add(request(true));
    const first = outbox.take();
    assert.equal(first?.requests.length, 256);
    outbox.giveBack(first ?? assert.fail());
    assert.deepEqual(outbox.take(), first);
    assert.equal(outbox.take()?.requests.length, 44);
    assert.equal(outbox.take(), undefined);
  });

  it("never is more than there is room for, and taps leave room for spans", () => {
    const outbox = new Outbox();
    for (let number = 0; number < 2_000; number += 1) outbox.add(request(false));
    for (let number = 0; number < 2_000; number += 1) outbox.add(request(true));
    const batches = Array.from({ length: 10 }, () => outbox.take());
    const all = batches.flatMap((batch) => batch?.requests ?? []);
    assert.equal(all.filter(({ trace }) => trace?.kept).length, 512);
    assert.equal(all.length, 1_024);
    assert.deepEqual([batches[0]?.droppedTaps, batches[0]?.droppedSpans], [1_488, 1_488]);
  });

  it("keeps its counts while the agent is away", () => {
    const outbox = new Outbox();
    outbox.dropLines(3);
    const batch = outbox.take() ?? assert.fail();
    outbox.dropLines(4);
    outbox.giveBack(batch);
    assert.equal(outbox.take()?.droppedLines, 7);
  });
});
