// Each case of the golden file is a request and its span, readable by people; UPDATE_GOLDEN=1 writes it anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "mocha";
import { resourceAttributes, type Span, toSpan } from "../../../plugin/traces/spans.ts";
import type { ObservedRequest, TraceIds } from "../../../proxy/configuration/observed-request.ts";
import {
  callOfWeb,
  ORDERS_WORKLOAD,
  observedRequest,
  WEB_WORKLOAD,
} from "../../helpers/observed.ts";
import { parseTraceRequest } from "../../helpers/otlp-shape.ts";

const GOLDEN = new URL("../../golden/traces/spans.json", import.meta.url);

const TRACE: TraceIds = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "b7ad6b7169203331",
  parentId: "",
  state: "",
  kept: true,
};

const CASES: Readonly<Record<string, ObservedRequest>> = {
  "a call as the caller saw it": callOfWeb({ address: undefined }),
  "a call as the callee saw it": observedRequest({
    trace: {
      ...TRACE,
      parentId: "00f067aa0ba902b7",
      state: "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7",
    },
  }),
  "a caller without identity": observedRequest({ peer: "", address: "192.0.2.7", host: "" }),
  "a call that was tried three times": callOfWeb({
    tries: [
      { endpoint: "shop-orders-bbbbbbbbbbbb", endedAfter: 1.25, outcome: "503" },
      { endpoint: "shop-orders-cccccccccccc", endedAfter: 3.5, outcome: "CONNECTION_LOST" },
    ],
  }),
  "a caller's 404": callOfWeb({ status: 404 }),
  "a callee's 404": observedRequest({ status: 404 }),
  "a callee's 500": observedRequest({ status: 500, method: "POST", requestBytes: 42 }),
  "a call that was refused": observedRequest({
    status: 403,
    failure: "ACCESS_DENIED",
    reason: "intention web => orders",
  }),
  "a call that nobody could take": callOfWeb({
    ...{
      status: 503,
      failure: "NO_HEALTHY_ENDPOINT",
      endpoint: "",
      version: "",
      responseBytes: 40,
    },
  }),
  "a caller that went away": observedRequest({ status: 0, responseBytes: 0 }),
  "gRPC that went well": callOfWeb({
    protocol: "grpc",
    method: "POST",
    path: "/shop.v1.Orders/Get",
    grpcStatus: "0",
  }),
  "gRPC whose callee is to blame": observedRequest({
    protocol: "grpc",
    method: "POST",
    path: "/shop.v1.Orders/Get",
    grpcStatus: "14",
  }),
  "gRPC whose caller is to blame, as the callee saw it": observedRequest({
    protocol: "grpc",
    method: "POST",
    path: "/shop.v1.Orders/Get",
    grpcStatus: "5",
  }),
  "gRPC whose caller is to blame, as the caller saw it": callOfWeb({
    protocol: "grpc",
    method: "POST",
    path: "/shop.v1.Orders/Get",
    grpcStatus: "5",
  }),
  "gRPC that ended without a status": observedRequest({
    protocol: "grpc",
    method: "POST",
    path: "/shop.v1.Orders/Get",
    grpcStatus: "",
  }),
  "HTTP/2 at an IPv6 address": callOfWeb({ protocol: "http2", host: "[fd00::1]:9000" }),
  "a method that somebody made up": observedRequest({ method: "BREW" }),
  "what is no Unicode": observedRequest({
    path: "/\ud800",
    reason: "\udfff",
    failure: "ACCESS_DENIED",
    status: 403,
  }),
};

/** With attributes as one reads them. */
function shown({ attributes, events = [], ...rest }: Span): object {
  return {
    ...rest,
    attributes: valuesOf(attributes),
    events: events.map((event) => ({ ...event, attributes: valuesOf(event.attributes) })),
  };
}

function print(spans: Readonly<Record<string, Span>>): Readonly<Record<string, object>> {
  return Object.fromEntries(Object.entries(spans).map(([what, span]) => [what, shown(span)]));
}

function valuesOf(list: Span["attributes"]): object {
  return Object.fromEntries(
    list.map(({ key, value }) => [
      key,
      "intValue" in value ? Number(value.intValue) : Object.values(value)[0],
    ]),
  );
}

describe("a span", () => {
  const made = Object.fromEntries(
    Object.entries(CASES).map(([what, request]) => [what, toSpan(request, request.trace ?? TRACE)]),
  );
  if (process.env["UPDATE_GOLDEN"] === "1")
    writeFileSync(GOLDEN, `${JSON.stringify(print(made), undefined, 2)}\n`);
  const golden = JSON.parse(readFileSync(GOLDEN, "utf8")) as Readonly<Record<string, object>>;

  for (const what of new Set([...Object.keys(CASES), ...Object.keys(golden)])) {
    it(`of ${what}`, () => assert.deepEqual(print(made)[what], golden[what]));
  }

  it("is OTLP's, whatever it is of", () => {
    const resource = { attributes: resourceAttributes(ORDERS_WORKLOAD, "node-a") };
    const scopeSpans = [{ scope: { name: "docker-mesh" }, spans: Object.values(made) }];
    const { resourceSpans } = parseTraceRequest(
      JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
    );
    assert.equal(resourceSpans.length, 1);
  });

  it("has no name that callers could make up", () => {
    const names = ["GET", "/a", "get", "x".repeat(99)].map(
      (method) => toSpan(observedRequest({ method, path: "/secret" }), TRACE).name,
    );
    assert.deepEqual(names, ["GET", "HTTP", "HTTP", "HTTP"]);
  });
});

describe("who tells spans", () => {
  it("is the workload as a service, with its container and node", () => {
    const values = resourceAttributes(ORDERS_WORKLOAD, "node-a").map(({ key, value }) => [
      key,
      value,
    ]);
    assert.deepEqual(Object.fromEntries(values), {
      "service.name": { stringValue: "shop-orders" },
      "service.namespace": { stringValue: "shop" },
      "service.version": { stringValue: "v2" },
      "service.instance.id": { stringValue: "shop-orders-aaaaaaaaaaaa" },
      "container.id": { stringValue: "a".repeat(64) },
      "container.name": { stringValue: "shop-orders-1" },
      "host.name": { stringValue: "node-a" },
    });
  });

  it("has no version that it does not have", () => {
    const keys = resourceAttributes(WEB_WORKLOAD, "node-a").map(({ key }) => key);
    assert.equal(keys.includes("service.version"), false);
  });
});
