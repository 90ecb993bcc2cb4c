import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { renderEndpoints } from "../../../plugin/commands/endpoints.ts";
import type { CallerReport } from "../../../plugin/policy/caller-reports.ts";

const NOW = 1_000_000_000;
const HEALTHY: CallerReport = {
  ...{ caller: "shop-web-1", callerService: "shop-web", endpoint: "shop-orders-a1", port: 8080 },
  ...{ state: "healthy", reason: "", since: 0, share: 100, ejections: 0, latency: 0, active: 0 },
};

describe("the table of endpoints", () => {
  it("tells of each how it is, since when and why", () => {
    const ejected: CallerReport = {
      ...{ ...HEALTHY, endpoint: "shop-orders-b2", state: "ejected", share: 0, ejections: 2 },
      ...{ since: NOW - 75_400, reason: "5 answers of 5xx in a row", latency: 12.34, active: 3 },
    };
    assert.equal(
      renderEndpoints([HEALTHY, ejected], NOW),
      [
        "CALLER       ENDPOINT         PORT      STATE     SHARE     LATENCY   ACTIVE    EJECTIONS   SINCE       REASON",
        "shop-web-1   shop-orders-a1   8080      healthy   100%      -         0         0           -           -",
        "shop-web-1   shop-orders-b2   8080      ejected   0%        12.3ms    3         2           1m15s ago   5 answers of 5xx in a row",
        "",
      ].join("\n"),
    );
  });

  it("does not count time backwards, and lets no reason steer the terminal", () => {
    const strange = { ...HEALTHY, since: NOW + 5_000, reason: "\u001b[2J" };
    assert.match(renderEndpoints([strange], NOW), / 0s ago +\\u\{1b\}\[2J\n$/);
  });

  it("may be empty", () => {
    assert.equal(renderEndpoints([], NOW), "No caller on this node knows an endpoint.\n");
  });
});
