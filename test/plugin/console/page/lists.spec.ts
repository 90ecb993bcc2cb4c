// What the console's lists show: searched, filtered, bounded, summed up.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { expiryOf, matching, tapAddress } from "../../../../plugin/console/page/model/filters.ts";
import {
  incomingTraffic,
  summarizeEndpoints,
  troubledFirst,
} from "../../../../plugin/console/page/model/services.ts";
import { addEvents, NO_ROWS, ROW_LIMIT } from "../../../../plugin/console/page/model/tap-rows.ts";
import type { TapEvent } from "../../../../plugin/tap/tap-event.ts";
import { edge, report, tapped } from "./samples.ts";

describe("a search", () => {
  const names = ["shop-web", "shop-orders", "billing-web"];
  const cases = [
    ["", names],
    ["  ", names],
    ["WEB", ["shop-web", "billing-web"]],
    ["web shop", ["shop-web"]],
    ["nothing", []],
  ] as const;
  for (const [search, found] of cases)
    it(`for ${JSON.stringify(search)} finds ${found.length} of ${names.length}`, () => {
      assert.deepEqual(
        matching(names, search, (name) => [name, undefined]),
        found,
      );
    });
});

describe("the address of live requests", () => {
  it("has what was chosen and nothing else", () => {
    const query = { service: "shop-web", status: " 5xx ", method: "", failed: "true", other: "x" };
    assert.equal(tapAddress("/api/tap", query), "/api/tap?service=shop-web&status=5xx&failed=true");
    assert.equal(tapAddress("/api/tap", { failed: "no" }), "/api/tap?");
  });
});

describe("a certificate", () => {
  const HOUR = 3_600_000;
  const cases = [
    [undefined, "none"],
    [-1, "over"],
    [0, "over"],
    [HOUR - 1, "soon"],
    [HOUR, "good"],
  ] as const;
  for (const [left, expected] of cases)
    it(`with ${left ?? "no"} ms left is ${expected}`, () => {
      const certificateExpiresAt = left === undefined ? undefined : 1_000_000 + left;
      assert.equal(expiryOf({ certificateExpiresAt }, 1_000_000), expected);
    });
});

describe("live requests", () => {
  it("are shown newest first, and counted", () => {
    const rows = addEvents(addEvents(NO_ROWS, [tapped("/1"), tapped("/2")]), [tapped("/3")]);
    assert.deepEqual(
      rows.rows.map(({ id, request }) => [id, request.path]),
      [
        [3, "/3"],
        [2, "/2"],
        [1, "/1"],
      ],
    );
    assert.equal(rows.received, 3);
  });

  it("are bounded, however many come at once or one after the other", () => {
    const many: TapEvent[] = Array.from({ length: 3 * ROW_LIMIT }, (_, at) => tapped(`/${at}`));
    const rows = addEvents(addEvents(NO_ROWS, many), many);
    assert.equal(rows.rows.length, ROW_LIMIT);
    assert.equal(rows.received, 6 * ROW_LIMIT);
    assert.equal(rows.rows[0]?.request.path, `/${3 * ROW_LIMIT - 1}`);
    assert.equal(new Set(rows.rows.map(({ id }) => id)).size, ROW_LIMIT);
  });

  it("tell how many had no room", () => {
    const rows = addEvents(NO_ROWS, [{ dropped: 3 }, tapped("/"), { dropped: 4 }]);
    assert.deepEqual([rows.dropped, rows.received, rows.rows.length], [7, 1, 1]);
  });
});

describe("what a service gets", () => {
  it("is the sum of its callers, with errors weighed by requests and the worst p99", () => {
    const edges = [
      edge("web", "orders", { requestsPerSecond: 30, errorShare: 0.1, p99: 5 }),
      edge("jobs", "orders", { requestsPerSecond: 10, errorShare: 0.5, p99: 9 }),
      edge("orders", "redis", { requestsPerSecond: 0, p99: 0 }),
    ];
    const traffic = incomingTraffic(edges);
    assert.deepEqual(traffic.get("orders"), { rate: 40, errorShare: 0.2, p99: 9 });
    assert.deepEqual(traffic.get("redis"), { rate: 0, errorShare: 0, p99: 0 });
    assert.equal(traffic.get("web"), undefined);
  });

  it("comes from endpoints, which are in trouble when one caller says so", () => {
    const reports = [
      report("web-1", "a", "healthy"),
      report("web-2", "a", "ejected"),
      report("web-1", "b", "healthy"),
    ];
    assert.deepEqual(summarizeEndpoints(reports), { endpoints: 2, troubled: 1 });
    assert.deepEqual(summarizeEndpoints([]), { endpoints: 0, troubled: 0 });
    assert.deepEqual(troubledFirst(reports), [reports[1], reports[0], reports[2]]);
  });
});
