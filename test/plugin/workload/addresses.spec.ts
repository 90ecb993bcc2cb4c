import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, it } from "mocha";
import {
  isSidecarPort,
  outboundListenPort,
  virtualAddresses,
} from "../../../plugin/workload/addresses.ts";

/** Two names whose hashes agree in their first 22 bits, found by looking. */
function namesThatMeet(): readonly [string, string] {
  const seen = new Map<number, string>();
  for (let number = 0; ; number += 1) {
    const name = `service-${number}`;
    const host = createHash("sha256").update(name).digest().readUInt32BE(0) >>> 10;
    const other = seen.get(host);
    if (other !== undefined) return [other, name];
    seen.set(host, name);
  }
}

describe("the loopback address of a service", () => {
  it("is the same for every agent, whatever else there is and in whichever order", () => {
    const alone = virtualAddresses(["shop-orders"]).get("shop-orders");
    assert.equal(alone, "127.125.44.142");
    const among = virtualAddresses(["shop-web", "shop-orders", "shop-orders", "bank-orders"]);
    assert.equal(among.get("shop-orders"), alone);
    assert.equal(among.size, 3);
  });

  it("lies in 127.64.0.0/10, is no service's but its own, and does not end in 0 or 255", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { maxLength: 300 }), (services) => {
        const addresses = [...virtualAddresses(services).values()];
        assert.equal(new Set(addresses).size, services.length);
        for (const address of addresses) {
          const [first, second, , last] = address.split(".").map(Number);
          assert.ok(first === 127 && second !== undefined && second >= 64 && second < 128);
          assert.ok(last !== 0 && last !== 255);
        }
      }),
      { numRuns: 20 },
    );
  });

  it("moves on where two names meet, and the first by name keeps its own", () => {
    const [one, other] = namesThatMeet();
    const [first, second] = [one, other].sort();
    assert.ok(first !== undefined && second !== undefined);
    const both = virtualAddresses([second, first]);
    assert.equal(both.get(first), virtualAddresses([first]).get(first));
    assert.notEqual(both.get(second), both.get(first));
  });
});

describe("the port that stands for a service's port", () => {
  for (const [port, intercept, listen] of [
    [80, "on", 32848],
    [8080, "on", 40848],
    [32767, "on", 65535],
    [32768, "on", 32768],
    [65535, "on", 65535],
    [80, "off", 80],
    [65535, "off", 65535],
  ] as const) {
    it(`is ${listen} for ${port} with interception ${intercept}`, () => {
      assert.equal(outboundListenPort(port, intercept), listen);
    });
  }
});

describe("the sidecar's own ports", () => {
  for (const [port, own] of [
    [20_999, false],
    [21_000, true],
    [21_199, true],
    [21_200, false],
  ] as const) {
    it(`${own ? "hold" : "do not hold"} ${port}`, () => {
      assert.equal(isSidecarPort(port), own);
    });
  }
});
