import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Instance } from "../../../mesh/model.ts";
import { usableEntries } from "../../../plugin/sidecars/usable-entries.ts";
import type { CatalogEntry } from "../../../registry/catalog.ts";
import { instanceOf } from "../../registry/instances.ts";

function entryOf(changes: Partial<Instance>): CatalogEntry {
  return { instance: { ...instanceOf("orders", "a"), ...changes }, health: "passing" };
}

const GOOD: CatalogEntry = { instance: instanceOf("inventory", "b"), health: "critical" };
const [PORT] = GOOD.instance.ports;
const [NETWORK] = GOOD.instance.networks;

describe("an entry that anybody may have written into the catalog", () => {
  it("is used when all of it is as it should be, IPv6 included", () => {
    assert.ok(NETWORK);
    const sixth = entryOf({ alias: "orders", networks: [{ ...NETWORK, address: "fd00::7" }] });
    assert.deepEqual(usableEntries([GOOD, sixth]), { entries: [GOOD, sixth], problems: [] });
  });

  assert.ok(PORT && NETWORK);
  for (const [what, changes, expected] of [
    [
      "a service that would add a line to hosts files",
      { service: "a\n198.18.0.66 bank" },
      'a service name, found "a\\n198.18.0.66 bank"',
    ],
    [
      "a service that no SPIFFE id can hold",
      { service: "orders/admin" },
      'a service name, found "orders/admin"',
    ],
    ["no name at all", { service: "" }, 'a service name, found ""'],
    [
      "a short name with a blank",
      { alias: "orders bank.example" },
      'a service name, found "orders bank.example"',
    ],
    [
      "an address that is a name",
      { networks: [NETWORK, { ...NETWORK, address: "bank.example" }] },
      'an IP address, found "bank.example"',
    ],
    ["port 0", { ports: [{ ...PORT, port: 0 }] }, "a port from 1 to 65535, found 0"],
    [
      "a port that is none",
      { ports: [PORT, { ...PORT, sidecarPort: 65_536 }] },
      "a port from 1 to 65535, found 65536",
    ],
    ["half a port", { ports: [{ ...PORT, port: 80.5 }] }, "a port from 1 to 65535, found 80.5"],
  ] as const) {
    it(`is left out and told with ${what}; the others stay`, () => {
      assert.deepEqual(usableEntries([entryOf(changes), GOOD]), {
        entries: [GOOD],
        problems: [
          {
            subject: "catalog",
            code: "CONFIGURATION_INVALID",
            message: `the catalog's entry "orders-aaaaaaaaaaaa" is left out: expected ${expected}`,
          },
        ],
      });
    });
  }
});
