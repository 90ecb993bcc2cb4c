// How much a callee takes in: how many at once, how many a second, of all and of each.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readPolicy } from "../../../mesh/policy/read-policy.ts";
import { CallerBuckets, MAX_CALLERS } from "../../../proxy/inbound-limits/caller-buckets.ts";
import { InboundLimits } from "../../../proxy/inbound-limits/inbound-limits.ts";

function limits(
  document: Readonly<Record<string, string>>,
  previous?: InboundLimits,
  now = 0,
): InboundLimits {
  const { policy, problems } = readPolicy(document, "strict");
  assert.deepEqual(problems, []);
  return InboundLimits.from(policy.limits, previous, now);
}

/** How many of `tries` at one moment are let in. */
function admitted(from: InboundLimits, now: number, tries: number, caller = "web"): number {
  let count = 0;
  for (let each = 0; each < tries; each += 1) {
    if (from.admit(caller, now) === undefined) count += 1;
  }
  return count;
}

describe("the limits of a callee", () => {
  it("are none where the policy has none", () => {
    const none = limits({});
    assert.ok(!none.any);
    none.inFlight.count = 1_000_000;
    assert.equal(none.admit("web", 0), undefined);
  });

  it("let as many in at once as they say", () => {
    const two = limits({ "limits.inbound-requests": "2" });
    two.inFlight.count = 2;
    assert.equal(two.admit("web", 0), undefined);
    two.inFlight.count = 3;
    assert.deepEqual(two.admit("web", 0), { code: "OVERLOADED", retryAfter: 1 });
  });

  const RATES: readonly (readonly [
    document: Readonly<Record<string, string>>,
    first: number,
    later: number,
  ])[] = [
    [{ "limits.rate": "10" }, 10, 10],
    [{ "limits.rate": "10", "limits.burst": "3" }, 3, 3],
    [{ "limits.rate": "10", "limits.burst": "25" }, 25, 10],
    [{ "limits.rate-per-caller": "5" }, 5, 5],
    [{ "limits.rate": "10", "limits.rate-per-caller": "4" }, 4, 4],
    [{ "limits.rate": "2", "limits.rate-per-caller": "4" }, 2, 2],
  ];
  for (const [document, first, later] of RATES) {
    it(`${JSON.stringify(document)}: ${first} at once and ${later} more after a second`, () => {
      const some = limits(document);
      assert.equal(admitted(some, 0, 100), first);
      assert.equal(admitted(some, 1_000, 100), later);
    });
  }

  it("say when the next request is worth trying", () => {
    const one = limits({ "limits.rate": "1", "limits.burst": "1" });
    assert.equal(one.admit("web", 0), undefined);
    assert.deepEqual(one.admit("web", 100), { code: "RATE_LIMITED", retryAfter: 1 });
    assert.equal(one.admit("web", 1_000), undefined);
  });

  it("hold for each caller apart", () => {
    const each = limits({ "limits.rate-per-caller": "3" });
    assert.equal(admitted(each, 0, 10, "web"), 3);
    assert.equal(admitted(each, 0, 10, "api"), 3);
    assert.equal(admitted(each, 0, 10, "web"), 0);
  });

  it("charge a caller nothing for what all together may not have", () => {
    const both = limits({ "limits.rate": "1", "limits.rate-per-caller": "1", "limits.burst": "1" });
    assert.equal(admitted(both, 0, 1, "web"), 1);
    assert.equal(admitted(both, 0, 5, "api"), 0);
    assert.equal(admitted(both, 1_000, 5, "api"), 1);
  });

  it("keep what has been used when the configuration changes and the numbers do not", () => {
    const before = limits({ "limits.rate": "5" });
    assert.equal(admitted(before, 0, 10), 5);
    const after = limits({ "limits.rate": "5", "check.interval": "9s" }, before);
    assert.equal(admitted(after, 0, 10), 0);
    assert.equal(admitted(limits({ "limits.rate": "6" }, after), 0, 10), 6);
  });

  it("know what is in flight whatever changes", () => {
    const before = limits({});
    before.inFlight.count = 7;
    assert.equal(limits({ "limits.inbound-requests": "3" }, before).inFlight.count, 7);
  });
});

describe("the buckets of callers", () => {
  it("are bounded, and further callers share one", () => {
    const buckets = new CallerBuckets(1, 1);
    for (let caller = 0; caller < MAX_CALLERS; caller += 1) buckets.of(`${caller}`, 0).take();
    const late = buckets.of("late", 0);
    assert.equal(late, buckets.of("later", 0));
    assert.notEqual(late, buckets.of("0", 0));
  });

  it("make room once they are full again", () => {
    const buckets = new CallerBuckets(1, 1);
    for (let caller = 0; caller < MAX_CALLERS; caller += 1) buckets.of(`${caller}`, 0).take();
    assert.notEqual(buckets.of("late", 2_000), buckets.of("later", 2_000));
  });
});
