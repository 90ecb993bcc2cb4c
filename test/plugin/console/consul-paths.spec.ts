import assert from "node:assert/strict";
import fastCheck from "fast-check";
import { describe, it } from "mocha";
import { mayAskConsul } from "../../../plugin/console/consul-paths.ts";
import { pathOf } from "../../../plugin/console/target.ts";

/** Paths below /v1 and who may GET them. */
const READING: readonly (readonly [path: string, viewer: boolean, admin: boolean])[] = [
  ["catalog/datacenters", true, true],
  ["catalog/connect/orders", true, true],
  ["health/service/orders", true, true],
  ["internal/ui/services", true, true],
  ["internal/ui/node/node-1.example", true, true],
  ["internal/ui/service-topology/orders", true, true],
  ["internal/ui/metrics-proxy/api/v1/query", true, true],
  ["operator/autopilot/state", true, true],
  ["connect/intentions/exact", true, true],
  ["peerings", true, true],
  ["peering/other", true, true],
  ["kv/docker-mesh/policies/orders", true, true],
  ["kv/passwords", false, true],
  ["kv/docker-meshes/x", false, true],
  ["session/info/a-b-c", false, true],
  ["peering/token", true, true],
  ["operator/keyring", false, false],
  ["agent/service/orders", false, false],
  ["acl/tokens", false, false],
  ["connect/ca/configuration", false, false],
  ["connect/intentions-of-others", false, false],
  ["health/service/orders/x", false, false],
  ["xcatalog/datacenters", false, false],
];

/** What changes something, and whether admins may. */
const CHANGES: readonly (readonly [method: string, path: string, may: boolean])[] = [
  ["PUT", "connect/intentions/exact", true],
  ["DELETE", "connect/intentions/exact", true],
  ["POST", "connect/intentions", true],
  ["PUT", "kv/notes", true],
  ["DELETE", "kv/docker-mesh/policies/orders", true],
  ["PUT", "session/destroy/a-b-c", true],
  ["POST", "kv/notes", false],
  ["PUT", "catalog/datacenters", false],
  ["POST", "peering/token", false],
  ["DELETE", "peering/other", false],
  ["PUT", "session/info/a-b-c", false],
  ["POST", "internal/ui/metrics-proxy/api/v1/query", false],
];

describe("what may be asked of Consul", () => {
  for (const [path, viewer, admin] of READING) {
    it(`is GET /v1/${path}: ${viewer ? "for all" : admin ? "for admins" : "for nobody"}`, () => {
      for (const method of ["GET", "HEAD"]) {
        assert.equal(mayAskConsul("viewer", method, `/v1/${path}`, ""), viewer);
        assert.equal(mayAskConsul("admin", method, `/v1/${path}`, ""), admin);
      }
    });
  }

  for (const [method, path, may] of CHANGES) {
    it(`is ${may ? "" : "not "}${method} /v1/${path}, by admins`, () => {
      assert.equal(mayAskConsul("admin", method, `/v1/${path}`, ""), may);
    });
  }

  for (const [query, may] of [
    ["keys", true],
    ["keys=&dc=dc1&separator=%2F", true],
    ["dc=dc1&keys&index=7&wait=5m", true],
    ["", false],
    ["recurse", false],
    ["keys&recurse", false],
    ["?keys", false],
    ["keys?x&recurse", false],
    ["keys=%zz&recurse", false],
    ["keys=%zz", false],
    ["keys;recurse", false],
    ["dc=x;recurse&keys", false],
    ["%6beys", false],
    ["keys=1", false],
    ["KEYS", false],
    ["dc=keys", false],
  ] as const) {
    it(`is ${may ? "" : "not "}the list of keys by ${query || "nothing"}, for viewers`, () => {
      assert.equal(mayAskConsul("viewer", "GET", "/v1/kv/", query), may);
      assert.equal(mayAskConsul("viewer", "GET", "/v1/kv/passwords", query), false);
      assert.equal(mayAskConsul("viewer", "PUT", "/v1/kv/", query), false);
    });
  }

  it("is never a private key, a token or a snapshot, however the path is written", () => {
    const parts = fastCheck.constantFrom(
      ...[
        "/",
        "//",
        "/v1",
        "v1",
        "agent",
        "connect",
        "ca",
        "leaf",
        "orders",
        "acl",
        "tokens",
        "snapshot",
      ],
      ...[
        "..",
        ".",
        "%2e%2e",
        "%2f",
        "%5c",
        "\\",
        "kv",
        "docker-mesh",
        "intentions",
        "internal",
        "ui",
      ],
      ...["metrics-proxy", "health", "service", "?", "#", "%00", "%61gent", ";", "AGENT"],
    );
    const target = fastCheck.array(parts, { maxLength: 14 }).map((all) => `/v1/${all.join("/")}`);
    fastCheck.assert(
      fastCheck.property(target, (text) => {
        const path = pathOf(text);
        if (path === undefined || !mayAskConsul("admin", "GET", path, "")) return;
        // As Consul reads it: decoded once, and cleaned.
        const read = new URL(decodeURIComponent(path), "http://consul").pathname;
        assert.equal(read, decodeURIComponent(path));
        assert.doesNotMatch(read, /^\/v1\/(?:agent|acl|snapshot)/i);
      }),
      { numRuns: 3_000 },
    );
  });
});
