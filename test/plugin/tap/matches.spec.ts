import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { concerns, matches } from "../../../plugin/tap/matches.ts";
import type { TapFilter, TappedRequest } from "../../../plugin/tap/tap-event.ts";
import { observedRequest } from "../../helpers/observed.ts";

const ALL: TapFilter = {
  ...{ service: undefined, source: undefined, method: undefined },
  ...{ pathPrefix: undefined, status: undefined, failed: false },
};

function tapped(changes: Partial<TappedRequest>): TappedRequest {
  const names = { source: "shop-web", destination: "shop-orders", container: "shop-orders-1" };
  return { ...observedRequest(), ...names, repeated: false, ...changes };
}

describe("a live request", () => {
  for (const [filter, request, isShown] of [
    [{}, {}, true],
    [{ service: "shop-orders" }, {}, true],
    [{ service: "shop-web" }, {}, false],
    [{ source: "shop-web" }, {}, true],
    [{ source: "shop-orders" }, {}, false],
    [{ source: "" }, { source: "" }, true],
    [{ source: "" }, {}, false],
    [{ method: "GET" }, {}, true],
    [{ method: "POST" }, {}, false],
    [{ pathPrefix: "/orders" }, {}, true],
    [{ pathPrefix: "/orders/1" }, {}, true],
    [{ pathPrefix: "/orders/12" }, {}, false],
    [{ status: "200" }, {}, true],
    [{ status: "2xx" }, { status: 204 }, true],
    [{ status: "5xx" }, { status: 503 }, true],
    [{ status: "5xx" }, { status: 404 }, false],
    [{ status: "5xx" }, { status: 5 }, false],
    [{ status: "503" }, { status: 500 }, false],
    [{ failed: true }, {}, false],
    [{ failed: true }, { status: 404 }, false],
    [{ failed: true }, { status: 500 }, true],
    [{ failed: true }, { status: 403, failure: "ACCESS_DENIED" }, true],
    [{ failed: true }, { status: 0 }, false],
    [{ failed: true }, { protocol: "grpc", grpcStatus: "14" }, true],
    [{ failed: true }, { protocol: "grpc", grpcStatus: "5" }, false],
    [{ failed: true }, { protocol: "grpc", grpcStatus: "17" }, true],
    [{ failed: true }, { protocol: "grpc", grpcStatus: "" }, false],
    [{ service: "shop-orders", method: "POST" }, {}, false],
  ] as const) {
    const verb = isShown ? "is" : "is not";
    it(`${JSON.stringify(request)} ${verb} shown under ${JSON.stringify(filter)}`, () => {
      assert.equal(matches({ ...ALL, ...filter }, tapped(request)), isShown);
    });
  }
});

describe("the sidecar of a caller of orders", () => {
  const calls = (service: string): boolean => service === "shop-orders";
  for (const [filter, isAsked] of [
    [{}, true],
    [{ service: "shop-orders" }, true],
    [{ service: "shop-web" }, true],
    [{ service: "shop-inventory" }, false],
    [{ source: "shop-web" }, true],
    [{ service: "shop-orders", source: "shop-web" }, true],
    [{ service: "shop-orders", source: "shop-cron" }, false],
    [{ service: "shop-web", source: "shop-cron" }, true],
    [{ service: "shop-web", source: "" }, true],
  ] as const) {
    it(`${isAsked ? "is" : "is not"} asked under ${JSON.stringify(filter)}`, () => {
      assert.equal(concerns({ ...ALL, ...filter }, "shop-web", calls), isAsked);
    });
  }
});
