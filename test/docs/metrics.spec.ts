// docs/metrics.md says what there is: its table is held against the code.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, it } from "mocha";
import { agentMetrics } from "../../plugin/metrics/agent-metrics.ts";
import { CallMetrics } from "../../plugin/metrics/call-metrics.ts";
import type { Family } from "../../plugin/metrics/exposition.ts";
import { RequestMetrics } from "../../plugin/metrics/request-metrics.ts";
import { RESPONSE_FLAGS, responseFlags } from "../../plugin/metrics/response-flags.ts";
import { StreamMetrics } from "../../plugin/metrics/stream-metrics.ts";
import { Observations } from "../../plugin/observation/observations.ts";
import { Taps } from "../../plugin/tap/taps.ts";
import { Traffic } from "../../proxy/metrics/traffic.ts";
import { exampleStatus } from "../plugin/commands/example-status.ts";

const DOCUMENT = new URL("../../docs/metrics.md", import.meta.url);

/** One of everything. */
function families(): readonly Family[] {
  const traffic = new Traffic();
  const ok = { status: 200, failure: undefined, grpcStatus: undefined };
  traffic.count("source", "orders", "v1", { ...ok, requestBytes: 0, responseBytes: 0 }, 1);
  const requests = new RequestMetrics();
  const web = { service: "web", project: "shop", version: "v1", identity: "spiffe://a/b" };
  requests.add(web, traffic.take(), 0);
  const streams = new StreamMetrics();
  const ends = { reporter: "source", peer: "db", version: "" } as const;
  const carried = { opened: 1, closed: 0, receivedBytes: 0, sentBytes: 0 };
  streams.add(web, [{ ...ends, requests: [], streams: carried }], 0);
  const calls = new CallMetrics();
  const called = { retries: 1, ejections: 0, overflows: {}, open: [] };
  calls.add(web, [{ service: "orders", ...called }], 0);
  const endpoint = { service: "orders", id: "orders-1", state: "ejected" };
  const local = [{ workload: { service: "web" }, sidecar: { report: { endpoints: [endpoint] } } }];
  return [
    ...requests.families(0),
    ...streams.families(0),
    ...calls.families(0),
    ...new Observations(new Taps(() => undefined), undefined).families(),
    ...agentMetrics(exampleStatus, local as unknown as Parameters<typeof agentMetrics>[1]),
  ];
}

function row({ name, type, help, samples }: Family): string {
  const names = Object.keys(samples[0]?.labels ?? {}).filter((label) => label !== "le");
  const isRequest = names.includes("reporter");
  const own = names.map((label) => `\`${label}\``).join(", ") || "none";
  const isStream = isRequest && !names.includes("response_code");
  const labels = isStream ? "as above, but for the outcome" : isRequest ? "as above" : own;
  return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
}

describe("the documentation of metrics", () => {
  it("has a row for each metric, and no other", async () => {
    const text = await readFile(DOCUMENT, "utf8");
    const [, table = ""] = /<!-- metrics: begin -->\n(.*)\n<!-- metrics: end -->/s.exec(text) ?? [];
    const expected = [
      "| Name | Type | Labels | Meaning |",
      "| --- | --- | --- | --- |",
      ...families().map(row),
    ];
    assert.equal(table, expected.join("\n"));
  });

  it("names every label of requests", async () => {
    const text = await readFile(DOCUMENT, "utf8");
    const [request] = families();
    for (const label of Object.keys(request?.samples[0]?.labels ?? {}))
      assert.ok(text.includes(`\`${label}\``), label);
  });

  it("of reasons has Envoy's letters for every code", () => {
    for (const failure of Object.keys(RESPONSE_FLAGS) as (keyof typeof RESPONSE_FLAGS)[])
      assert.match(responseFlags({ status: 503, failure }), /^[A-Z]{2,4}$/);
  });
});
