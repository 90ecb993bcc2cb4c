import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseFlags } from "../../../plugin/commands/flags.ts";
import { readOutput } from "../../../plugin/commands/listing.ts";
import { SERVICES, serviceRows } from "../../../plugin/commands/services.ts";
import type { EdgeView } from "../../../plugin/console/view.ts";
import { exampleStatus } from "./example-status.ts";

function edge(source: string, requestsPerSecond: number, errorShare: number): EdgeView {
  return {
    ...{ source, destination: "shop-orders", security: "mtls", requestsPerSecond, errorShare },
    ...{ p50: 1, p99: 2, openStreams: 0, streamBytesPerSecond: 0, versions: {} },
  };
}

describe("the list of services", () => {
  it("tells how much each is called, by all of its callers, and how much of it fails", () => {
    const edges = [edge("shop-web", 3, 0), edge("outside", 1, 0.1)];
    const output = readOutput(parseFlags([], []), SERVICES);
    assert.equal(
      output.render(serviceRows(exampleStatus.services, edges)),
      [
        "NAME             PROTOCOL   PORTS        ENDPOINTS   POLICY      REQUESTS/S   ERRORS",
        "shop-inventory   http       8080         1/2         version 3   0            0%",
        "shop-orders      http       8080, 9090   1/1         -           4            2.5%",
        "shop-redis       tcp        6379         1/1         -           0            0%",
        "",
      ].join("\n"),
    );
  });

  it("does not tell of what nobody watches", () => {
    const [row] = serviceRows(exampleStatus.services, undefined);
    assert.equal(row?.traffic, undefined);
  });
});
