import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { MeshError } from "../../../mesh/errors.ts";
import { readFilter, writeFilter } from "../../../plugin/tap/read-filter.ts";

const ANY = {
  ...{ service: undefined, source: undefined, method: undefined },
  ...{ pathPrefix: undefined, status: undefined, failed: false },
};

function read(query: string): object {
  return readFilter(new URLSearchParams(query), (service) => {
    if (service === "unknown") throw new MeshError("SERVICE_UNKNOWN", "no such service");
    return `shop-${service}`;
  });
}

describe("the query for live requests", () => {
  for (const [query, filter] of [
    ["", {}],
    ["service=orders", { service: "shop-orders" }],
    ["service=*&source=*", {}],
    ["source=web", { source: "shop-web" }],
    ["source=outside", { source: "" }],
    ["method=get", { method: "GET" }],
    ["path=/orders", { pathPrefix: "/orders" }],
    ["path=%2Fa%20b", { pathPrefix: "/a b" }],
    ["status=503", { status: "503" }],
    ["status=5XX", { status: "5xx" }],
    ["failed=true", { failed: true }],
    ["failed=false", {}],
    [
      "service=orders&source=web&method=POST&path=/&status=2xx&failed=true",
      {
        service: "shop-orders",
        source: "shop-web",
        method: "POST",
        pathPrefix: "/",
        status: "2xx",
        failed: true,
      },
    ],
  ] as const) {
    it(`${query} is understood`, () => assert.deepEqual(read(query), { ...ANY, ...filter }));
  }

  for (const [query, problem] of [
    [
      "methd=GET",
      'expected service, source, method, path, status, failed in the query, found "methd": did you mean method?',
    ],
    [
      "%1b=1",
      'expected service, source, method, path, status, failed in the query, found "\\u{1b}"',
    ],
    ["method=GET&method=PUT", "method: expected one value, found 2"],
    ["method=G%20T", 'method: expected a method such as GET, found "G T"'],
    ["method=", 'method: expected a method such as GET, found ""'],
    ["path=orders", 'path: expected the beginning of a path, such as /orders, found "orders"'],
    [
      "path=/orders?id=1",
      'path: expected the beginning of a path, such as /orders, found "/orders?id=1"',
    ],
    ["status=700", 'status: expected a status such as 503, or a class such as 5xx, found "700"'],
    ["status=5x", 'status: expected a status such as 503, or a class such as 5xx, found "5x"'],
    ["failed", 'failed: expected true or false, found ""'],
  ] as const) {
    it(`${query} is refused`, () => {
      assert.throws(() => read(query), { code: "FILTER_INVALID", message: problem });
    });
  }

  it("refuses a service that is not known", () => {
    assert.throws(() => read("service=unknown"), { code: "SERVICE_UNKNOWN" });
    assert.throws(() => read("source=unknown"), { code: "SERVICE_UNKNOWN" });
  });

  it("is written as it is read", () => {
    const filter = {
      ...{ service: "orders", source: "outside", method: "GET", pathPrefix: "/a&b" },
      ...{ status: "5xx", failed: true },
    };
    const query = writeFilter(filter);
    assert.equal(
      query.toString(),
      "service=orders&source=outside&method=GET&path=%2Fa%26b&status=5xx&failed=true",
    );
    assert.deepEqual(read(query.toString()), { ...filter, service: "shop-orders", source: "" });
    assert.equal(writeFilter({}).toString(), "");
  });
});
