import assert from "node:assert/strict";
import { beforeEach, describe, it } from "mocha";
import { LoginGuard } from "../../../plugin/console/login-guard.ts";
import { ManualClock } from "../../helpers/manual-clock.ts";

describe("wrong tokens of several addresses", () => {
  let clock: ManualClock;
  let guard: LoginGuard;

  beforeEach(() => {
    clock = new ManualClock();
    guard = new LoginGuard(clock);
  });

  function fail(times: number, address: string): void {
    for (let count = 0; count < times; count += 1) guard.fail(address);
  }

  it("count for the address they come from", () => {
    fail(10, "192.0.2.1");
    assert.ok(guard.wait("192.0.2.1") > 0);
    assert.equal(guard.wait("192.0.2.2"), 0);
  });

  for (const [one, other, isSame] of [
    ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true],
    ["2001:db8::1", "2001:db8::a:b:c:d", true],
    ["2001:db8::1", "2001:db8:0:1::1", false],
    ["::ffff:192.0.2.1", "192.0.2.1", true],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.2", false],
    ["::1", "::2", true],
  ] as const) {
    it(`of ${one} count ${isSame ? "as well" : "not"} for ${other}`, () => {
      fail(10, one);
      assert.equal(guard.wait(other) > 0, isSame);
    });
  }

  it("are 20 a second for all the world in the long run", () => {
    let tried = 0;
    for (let second = 0; second < 120; second += 1) {
      // A new address for every try.
      while (guard.wait(`10.${second}.${tried >> 8}.${tried & 255}`) === 0) {
        guard.fail(`10.${second}.${tried >> 8}.${tried & 255}`);
        tried += 1;
      }
      clock.advance(1_000);
    }
    assert.ok(tried <= 1_000 + 120 * 20, `${tried} tries`);
  });

  it("of some hundred addresses keep out no address that has not failed", () => {
    for (let address = 0; address < 400; address += 1)
      guard.fail(`10.0.${address >> 8}.${address & 255}`);
    assert.ok(guard.wait("10.0.0.1") > 0);
    assert.equal(guard.wait("192.0.2.1"), 0);
  });

  it("keep nobody out for more than a minute after they have ended", () => {
    for (let address = 0; address < 3_000; address += 1)
      fail(10, `10.1.${address >> 8}.${address & 255}`);
    clock.advance(60_000);
    assert.equal(guard.wait("10.1.11.183"), 0);
    assert.equal(guard.wait("192.0.2.1"), 0);
  });
});
