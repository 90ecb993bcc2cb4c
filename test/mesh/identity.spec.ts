import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { formatIdentity, type Identity, parseIdentity } from "../../mesh/identity.ts";

const ORDERS: Identity = {
  trustDomain: "11111111-2222-3333-4444-555555555555.consul",
  datacenter: "dc1",
  service: "shop-orders",
};
const ORDERS_URI =
  "spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/shop-orders";

describe("identities", () => {
  it("are printed as Consul's Connect CA issues them", () => {
    assert.equal(formatIdentity(ORDERS), ORDERS_URI);
  });

  it("are read from the whole text of a URI", () => {
    assert.deepEqual(parseIdentity(ORDERS_URI), ORDERS);
  });

  const trust = "spiffe://mesh.consul";
  for (const [what, uri] of [
    ["an empty text", ""],
    ["another scheme", "https://mesh.consul/ns/default/dc/dc1/svc/orders"],
    ["an upper-case scheme", "SPIFFE://mesh.consul/ns/default/dc/dc1/svc/orders"],
    ["an upper-case trust domain", "spiffe://MESH.consul/ns/default/dc/dc1/svc/orders"],
    ["no trust domain", "spiffe:///ns/default/dc/dc1/svc/orders"],
    ["a port", "spiffe://mesh.consul:443/ns/default/dc/dc1/svc/orders"],
    ["a user", "spiffe://root@mesh.consul/ns/default/dc/dc1/svc/orders"],
    ["no service", `${trust}/ns/default/dc/dc1/svc/`],
    ["another namespace", `${trust}/ns/other/dc/dc1/svc/orders`],
    ["an agent's id", `${trust}/agent/client/dc/dc1/id/node1`],
    ["a segment more", `${trust}/ns/default/dc/dc1/svc/orders/admin`],
    ["a slash at the end", `${trust}/ns/default/dc/dc1/svc/orders/`],
    ["a query", `${trust}/ns/default/dc/dc1/svc/orders?admin`],
    ["a fragment", `${trust}/ns/default/dc/dc1/svc/orders#admin`],
    ["an escape", `${trust}/ns/default/dc/dc1/svc/orders%2Fadmin`],
    ["a dot segment", `${trust}/ns/default/dc/../svc/orders`],
    ["a dot as service", `${trust}/ns/default/dc/dc1/svc/.`],
    ["a blank", `${trust}/ns/default/dc/dc1/svc/orders admin`],
    ["a newline at the end", `${trust}/ns/default/dc/dc1/svc/orders\n`],
    ["a NUL", `${trust}/ns/default/dc/dc1/svc/orders\0admin`],
    ["a look-alike letter", `${trust}/ns/default/dc/dc1/svc/ordеrs`],
    ["a second URI behind a comma", `${ORDERS_URI},URI:${ORDERS_URI}`],
    ["a text before it", `URI:${ORDERS_URI}`],
    ["a service of 256 characters", `${trust}/ns/default/dc/dc1/svc/${"a".repeat(256)}`],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.throws(() => parseIdentity(uri), { code: "IDENTITY_INVALID" });
    });
  }

  for (const [field, value] of [
    ["trustDomain", "mesh.consul/ns/default/dc/dc1/svc/admin"],
    ["trustDomain", "MESH"],
    ["datacenter", ".."],
    ["service", "orders/../admin"],
    ["service", "orders?x"],
    ["service", ""],
  ] as const) {
    it(`are not printed with ${JSON.stringify(value)} as ${field}`, () => {
      assert.throws(() => formatIdentity({ ...ORDERS, [field]: value }), {
        code: "IDENTITY_INVALID",
      });
    });
  }

  it("show no more than 300 characters of a refused text", () => {
    assert.throws(
      () => parseIdentity("x".repeat(100_000)),
      ({ message }: Error) => message.length < 500,
    );
  });

  it("are the same after printing and reading, and two texts are never one identity", () => {
    fc.assert(
      fc.property(fc.webUrl(), fc.string(), (url, tail) => {
        for (const text of [url, ORDERS_URI + tail]) {
          let identity: Identity;
          try {
            identity = parseIdentity(text);
          } catch {
            continue;
          }
          assert.equal(formatIdentity(identity), text);
        }
      }),
    );
  });
});
