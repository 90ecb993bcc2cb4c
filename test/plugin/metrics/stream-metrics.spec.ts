import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { StreamMetrics } from "../../../plugin/metrics/stream-metrics.ts";
import type { StreamsReport } from "../../../proxy/configuration/traffic-report.ts";

const WEB = { service: "web", project: "shop", version: "v1", identity: "spiffe://a/web" };

describe("the metrics of byte streams", () => {
  let metrics: StreamMetrics;

  beforeEach(() => {
    metrics = new StreamMetrics();
  });

  const add = (peer: string, now: number, streams?: Partial<StreamsReport>): void => {
    const nothing = { opened: 0, closed: 0, receivedBytes: 0, sentBytes: 0 };
    const all = streams && { ...nothing, ...streams };
    const ends = { reporter: "source", peer, version: "v3" } as const;
    metrics.add(WEB, [{ ...ends, requests: [], streams: all }], now);
  };
  const values = (now: number): readonly string[] =>
    metrics
      .families(now)
      .flatMap(({ name, samples }) =>
        samples.map(({ labels, value }) => `${labels["destination_workload"]} ${name} ${value}`),
      );

  it("add up what all copies tell, and later tell more of", () => {
    add("db", 0, { opened: 2, receivedBytes: 100, sentBytes: 5_000 });
    add("db", 5_000, { closed: 1, receivedBytes: 10 });
    add("web", 5_000);
    assert.deepEqual(values(5_000), [
      "db istio_tcp_connections_opened_total 2",
      "db istio_tcp_connections_closed_total 1",
      "db istio_tcp_received_bytes_total 110",
      "db istio_tcp_sent_bytes_total 5000",
    ]);
  });

  it("have the labels of requests, but for how these ended", () => {
    add("db", 0, { opened: 1 });
    const [family] = metrics.families(0);
    const { labels = {} } = family?.samples[0] ?? {};
    assert.equal(labels["request_protocol"], "tcp");
    assert.equal(labels["source_principal"], "spiffe://a/web");
    assert.equal(labels["destination_version"], "v3");
    assert.equal("response_code" in labels, false);
  });

  it("forget what is over and has not been heard of for ten minutes", () => {
    add("db", 0, { opened: 1 });
    add("cache", 0, { opened: 1, closed: 1 });
    assert.equal(values(600_000).length, 8);
    assert.equal(values(600_001).length, 4);
  });

  it("are bounded", () => {
    for (let number = 0; number < 6_000; number += 1) add(`db-${number}`, 0, { opened: 1 });
    assert.equal(values(0).length, 4 * 5_000);
  });
});
