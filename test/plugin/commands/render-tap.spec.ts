import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { TapTable } from "../../../plugin/commands/render-tap.ts";
import type { TappedRequest } from "../../../plugin/tap/tap-event.ts";
import { callOfWeb, observedRequest } from "../../helpers/observed.ts";

const PLAIN = { colours: false, tellers: false };

function tapped(changes: Partial<TappedRequest> = {}): TappedRequest {
  const names = { source: "shop-web", destination: "shop-orders", container: "shop-web-1" };
  return { ...callOfWeb(), ...names, repeated: false, ...changes };
}

describe("live requests as lines", () => {
  it("stand in columns under one header", () => {
    const table = new TapTable(PLAIN);
    const tries = [
      { endpoint: "a", endedAfter: 1, outcome: "503" },
      { endpoint: "b", endedAfter: 2, outcome: "CONNECTION_LOST" },
    ];
    const denied = { status: 403, failure: "ACCESS_DENIED", reason: "rule.readers" } as const;
    const lines = [
      tapped(),
      tapped({ method: "DELETE", path: "/orders/1/positions/2/notes", tries, milliseconds: 1_234 }),
      { dropped: 12 },
      tapped({ ...observedRequest(denied), milliseconds: 0.04 }),
      tapped({ source: "", address: "192.0.2.7", status: 0 }),
      tapped({ source: "", method: "", path: "", status: 400, failure: "REQUEST_MALFORMED" }),
      tapped({ protocol: "grpc", method: "POST", path: "/shop.Orders/Get", grpcStatus: "14" }),
    ].map((event) => table.add(event));
    assert.equal(
      lines.join(""),
      `
TIME           CALL                       METHOD   PATH                       STATUS   LATENCY    REMARKS
12:00:00.250   shop-web → shop-orders     GET      /orders/1                  200      12.5ms
12:00:00.250   shop-web → shop-orders     DELETE   /orders/1/positions/2/notes   200      1.23s      3 tries, after 503, CONNECTION_LOST
(12 more were not shown: too many)
12:00:00.250   shop-web → shop-orders     GET      /orders/1                     403      0.0ms      ACCESS_DENIED: rule.readers
12:00:00.250   192.0.2.7 → shop-orders    GET      /orders/1                     -        12.5ms     the caller went away
12:00:00.250   outside → shop-orders      -        -                             400      12.5ms     REQUEST_MALFORMED
12:00:00.250   shop-web → shop-orders     POST     /shop.Orders/Get              UNAVAILABLE   12.5ms
`.slice(1),
    );
  });

  it("say whose sidecar tells them where both ends are shown", () => {
    const table = new TapTable({ ...PLAIN, tellers: true });
    assert.match(table.add(tapped()), / {3}told by shop-web-1\n$/);
    const failed = tapped({ status: 503, failure: "NO_HEALTHY_ENDPOINT" });
    assert.match(table.add(failed), / {3}NO_HEALTHY_ENDPOINT; told by shop-web-1\n$/);
  });

  for (const [what, request, colour] of [
    ["no colour when all went well", tapped(), undefined],
    ["yellow when the caller is to blame", tapped({ status: 404 }), "\u001b[33m"],
    ["red when it failed", tapped({ status: 502 }), "\u001b[31m"],
    [
      "red when the mesh refused it",
      tapped({ status: 403, failure: "ACCESS_DENIED" }),
      "\u001b[31m",
    ],
  ] as const) {
    it(`have ${what}`, () => {
      const table = new TapTable({ ...PLAIN, colours: true });
      table.add({ dropped: 1 });
      const line = table.add(request);
      assert.equal(line.startsWith("\u001b") ? line.slice(0, 5) : undefined, colour);
      assert.equal(line.endsWith("\u001b[0m\n"), colour !== undefined);
    });
  }

  it("show no character that a terminal would obey, whoever sends it", () => {
    const hostile = "/\u001b[2J\u009b31m\u202e\r\n\u0000";
    const text = new TapTable({ ...PLAIN, tellers: true }).add(
      tapped({
        ...{ path: hostile, method: hostile, source: hostile, destination: hostile },
        ...{ reason: hostile, failure: "ACCESS_DENIED", container: hostile, grpcStatus: hostile },
        tries: [{ endpoint: hostile, endedAfter: 1, outcome: hostile }],
      }),
    );
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Cf}]/u);
    assert.equal(text.split("\n").length, 3);
  });

  it("that are very long move no other line", () => {
    const table = new TapTable(PLAIN);
    table.add(tapped({ path: `/${"x".repeat(1_000)}` }));
    assert.ok(table.add(tapped()).length < 160);
  });
});
