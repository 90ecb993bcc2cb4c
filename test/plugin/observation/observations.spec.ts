import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "mocha";
import { Observations } from "../../../plugin/observation/observations.ts";
import { readFilter } from "../../../plugin/tap/read-filter.ts";
import { Taps } from "../../../plugin/tap/taps.ts";
import { SpanExporter } from "../../../plugin/traces/exporter.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";
import { batchOf, ORDERS_WORKLOAD, observedRequest } from "../../helpers/observed.ts";

const CALLS = [{ service: "shop-orders" }];

describe("what sidecars are asked to tell of single requests", () => {
  let taps: Taps;
  let exporter: SpanExporter;
  let leave: AbortController;

  beforeEach(() => {
    taps = new Taps(() => undefined);
    const client = {
      shown: "http://collector",
      send: async () => ({ kind: "taken", rejected: 0, why: "" }) as const,
    };
    exporter = new SpanExporter({ client, node: "node-a", clock: new ManualClock() });
    leave = new AbortController();
  });

  afterEach(() => leave.abort());

  const look = (query: string): void => {
    taps.open(
      readFilter(new URLSearchParams(query), (service) => service),
      leave.signal,
    );
  };

  it("is nothing while nobody wants it", () => {
    assert.equal(new Observations(taps, undefined).wanted("shop-web", CALLS), undefined);
  });

  it("is spans where somebody collects traces", () => {
    const { wanted } = new Observations(taps, exporter);
    assert.deepEqual(wanted("shop-web", CALLS), { traces: true, tap: false });
  });

  it("is everything that somebody looks at, at both ends of it and nowhere else", () => {
    const { wanted } = new Observations(taps, undefined);
    look("service=shop-orders");
    assert.deepEqual(wanted("shop-orders", []), { traces: false, tap: true });
    assert.deepEqual(wanted("shop-web", CALLS), { traces: false, tap: true });
    assert.equal(wanted("shop-inventory", []), undefined);
    leave.abort();
    assert.equal(wanted("shop-orders", []), undefined);
  });

  it("is shown, sent and counted", async () => {
    const observations = new Observations(taps, exporter);
    const events = taps.open(
      readFilter(new URLSearchParams(), (service) => service),
      leave.signal,
    );
    const ids = { traceId: "1".repeat(32), spanId: "1".repeat(16), parentId: "", state: "" };
    const request = observedRequest({ trace: { ...ids, kept: true } });
    const dropped = { droppedSpans: 2, droppedTaps: 3, droppedLines: 4 };
    observations.add(ORDERS_WORKLOAD, { ...batchOf(request), ...dropped });
    const { value } = await events[Symbol.asyncIterator]().next();
    assert.partialDeepStrictEqual(value, { destination: "shop-orders" });
    const stopped = AbortSignal.abort();
    await observations.run(stopped);
    const samples = observations
      .families()
      .flatMap(({ name, samples: all }) =>
        all.map(({ labels, value: count }) => [name, labels["reason"] ?? "", count]),
      )
      .filter(([, , count]) => count !== 0);
    assert.deepEqual(samples, [
      ["mesh_spans_exported_total", "", 1],
      ["mesh_spans_dropped_total", "sidecar", 2],
      ["mesh_tap_dropped_total", "", 3],
      ["mesh_log_lines_dropped_total", "", 4],
    ]);
  });
});
