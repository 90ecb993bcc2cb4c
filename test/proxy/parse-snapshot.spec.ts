import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { parseSnapshot } from "../../proxy/configuration/parse-snapshot.ts";
import type { Snapshot } from "../../proxy/configuration/snapshot.ts";
import { uriOf } from "../helpers/certificates.ts";
import { endpoint, NO_POLICY } from "../helpers/plans.ts";

const SNAPSHOT: Snapshot = {
  ...{ version: "1", service: "shop-web", instanceId: "shop-web-0123456789ab", draining: false },
  ...NO_POLICY,
  certificates: {
    ...{ certificateChain: "PEM", privateKey: "PEM", uri: uriOf("shop-web"), roots: ["PEM"] },
    ...{ trustDomain: "test.consul", notAfter: 1 },
  },
  egress: [{ name: "*.example.com", port: 443, listen: { address: "127.128.0.1", port: 33_211 } }],
  observation: { traces: true, tap: false },
  gateway: {
    ports: { http: 80, https: undefined },
    trustedProxies: ["192.0.2.0/24"],
    publications: [
      {
        ...{ host: "*.shop.example", path: "/api", redirects: true },
        target: { service: "shop-orders", port: 8080 },
      },
      { host: "shop.example", path: "/", redirects: false, target: undefined },
    ],
    certificates: [{ hosts: ["shop.example"], certificateChain: "PEM", privateKey: "PEM" }],
  },
  inbound: [
    {
      ...{ name: "http", protocol: "http", applicationPort: 8080, tlsPort: 20_000 },
      ...{ plaintextPort: 20_001, check: { kind: "http", path: "/health?a=b" } },
    },
    {
      ...{ name: "tcp", protocol: "tcp", applicationPort: 6379, tlsPort: 20_002 },
      ...{ plaintextPort: undefined, check: { kind: "tcp" } },
    },
  ],
  outbound: [
    {
      ...{ service: "shop-orders", names: ["orders"], policy: {}, address: "127.64.0.1" },
      uri: uriOf("shop-orders"),
      ports: [
        {
          ...{ port: 8080, listenPort: 20_003, protocol: "http" },
          endpoints: [endpoint({ id: "shop-orders-1", address: "198.18.0.3", port: 20_000 })],
        },
      ],
    },
  ],
};

const [SERVICE] = SNAPSHOT.outbound;
const PORT = SERVICE?.ports[0];

/** The snapshot's JSON with the value at a path replaced. */
function changed(path: string, value: unknown): string {
  const json = JSON.parse(JSON.stringify(SNAPSHOT));
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  const target = steps.reduce((object, step) => object[step], json);
  target[last] = value;
  return JSON.stringify(json);
}

describe("a snapshot in JSON", () => {
  it("is read back equal, absent fields as undefined", () => {
    assert.deepEqual(parseSnapshot(JSON.stringify(SNAPSHOT)), SNAPSHOT);
  });

  it("may hold fields of a newer agent, which are left out", () => {
    assert.deepEqual(parseSnapshot(changed("inbound.0.newer", { a: 1 })), SNAPSHOT);
  });

  const WRONG: readonly (readonly [string, unknown, RegExp])[] = [
    ["version", "", /snapshot\.version: expected a text, found ""/],
    ["service", "shop orders", /snapshot\.service: expected a text like/],
    ["observation.tap", "no", /snapshot\.observation\.tap: expected true or false, found "no"/],
    ["egress.0.name", "example.com\n", /snapshot\.egress\[0\]\.name: expected a text like/],
    ["egress.0.port", 0, /snapshot\.egress\[0\]\.port: expected a port/],
    ["egress.0.listen.address", "0.0.0.0", /\.listen\.address: expected a loopback address/],
    ["draining", "no", /snapshot\.draining: expected true or false, found "no"/],
    ["gateway.ports.http", 20_000, /expected one listener .* found two on port 20000/],
    ["gateway.publications.0.host", "Shop.example", /host: expected a text like/],
    ["gateway.publications.0.path", "/a\r\nb", /path: expected a text like/],
    ["gateway.publications.0.target", "x", /target: expected an object/],
    ["gateway.certificates.0.privateKey", undefined, /privateKey: expected a text/],
    ["certificates", undefined, /snapshot\.certificates: expected an object, found nothing/],
    ["certificates.roots", ["PEM", 7], /snapshot\.certificates\.roots: expected texts, found 7/],
    ["certificates.uri", "spiffe://x/y", /expected spiffe:/],
    ["certificates.notAfter", "soon", /snapshot\.certificates\.notAfter: expected a number/],
    ["inbound", {}, /snapshot\.inbound: expected a list, found {}/],
    ["policy", undefined, /snapshot\.policy: expected an object, found nothing/],
    ["policy", null, /snapshot\.policy: expected an object, found null/],
    ["policy", ["deny=*"], /snapshot\.policy: expected an object, found \["deny=\*"\]/],
    ["policy", "deny=*", /snapshot\.policy: expected an object, found "deny=\*"/],
    [
      "intentions.list",
      [{ source: "*", permissions: [{ action: "allow" }] }],
      /permissions\[0\]\.match: expected an object, found nothing/,
    ],
    ["inbound.0", null, /snapshot\.inbound\[0\]: expected an object, found null/],
    ["inbound.1.tlsPort", 0, /snapshot\.inbound\[1\]\.tlsPort: expected a port from 1 to 65535/],
    ["inbound.1.tlsPort", 80.5, /expected a port/],
    ["inbound.0.plaintextPort", "80", /expected a port/],
    ["inbound.0.protocol", "h2", /expected one of http, http2, grpc, tcp, auto, found "h2"/],
    ["inbound.0.check", { kind: "ping" }, /check\.kind: expected one of none, tcp, http, grpc/],
    ["inbound.0.check.path", "health", /check\.path: expected a text like/],
    ["inbound.0.check.path", "/a\r\nHost: b", /check\.path: expected a text like/],
    ["outbound.0.address", "198.18.0.1", /expected a loopback address, found "198\.18\.0\.1"/],
    ["outbound.0.address", "127.1", /expected a loopback address/],
    ["outbound.0.names", ["orders\n198.18.0.9 bank"], /names: expected host names/],
    ["outbound.0.uri", "spiffe://test.consul", /expected spiffe:/],
    ["outbound.0.ports.0.endpoints.0.address", "orders", /expected an IP address, found "orders"/],
    ["outbound.0.ports.0.endpoints.0.port", 65_536, /endpoints\[0\]\.port: expected a port/],
    ["inbound.1.tlsPort", 20_000, /expected one listener on each .*, found two on port 20000/],
    ["inbound.0.plaintextPort", 20_002, /found two on port 20002/],
    ["outbound.1", { ...SERVICE, service: "bank" }, /found two on 127\.64\.0\.1:20003/],
    [
      "outbound.1",
      { ...SERVICE, address: "127.64.0.2" },
      /each service once.*found shop-orders twice/,
    ],
    ["outbound.0.ports.1", { ...PORT, listenPort: 9 }, /found port 8080 of shop-orders twice/],
  ];
  for (const [path, value, message] of WRONG) {
    it(`is refused with ${path} = ${JSON.stringify(value)}`.slice(0, 100), () => {
      assert.throws(() => parseSnapshot(changed(path, value)), { name: "MeshError", message });
    });
  }

  it("is refused when it is no JSON, or no object", () => {
    for (const line of ["", "{", "null", "[]", "7"]) {
      assert.throws(() => parseSnapshot(line), { code: "CONFIGURATION_INVALID" });
    }
  });
});
