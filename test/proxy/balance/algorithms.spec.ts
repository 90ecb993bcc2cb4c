// What is particular to each balancing algorithm, shown by numbers: chance is seeded, so that each run is the same.

import assert from "node:assert/strict";
import type { Algorithm } from "../../../mesh/policy/policy.ts";
import { seededRandom } from "../../../mesh/seeded-random.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

function rigOf(algorithm: Algorithm, count: number, weights: readonly number[] = []): ServiceRig {
  const endpoints = calledEndpoints(count, (index) => ({ weight: weights[index] ?? 1 }));
  return new ServiceRig(endpoints, callPolicy({ algorithm }));
}

/** Sum of (observed − expected)² / expected over endpoints that should get alike. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

/** Where each of so many keys goes. */
function owners(rig: ServiceRig, keys: number): string[] {
  return Array.from({ length: keys }, (_, key) =>
    rig.next(true, Math.imul(key, 2_654_435_761) >>> 0),
  );
}

function movedShare(before: readonly string[], after: readonly string[]): number {
  return before.filter((owner, index) => owner !== after[index]).length / before.length;
}

describe("round robin", () => {
  it("gives every endpoint exactly one of as many requests as there are endpoints", () => {
    const rig = rigOf("round-robin", 7);
    for (let round = 0; round < 20; round += 1)
      assert.deepEqual([...rig.spread(7).values()], [1, 1, 1, 1, 1, 1, 1]);
  });

  it("spreads the turns of a heavy endpoint evenly over a round", () => {
    const rig = rigOf("round-robin", 2, [3, 1]);
    rig.spread(4);
    for (let round = 0; round < 10; round += 1)
      assert.deepEqual([...rig.spread(4).values()], [3, 1]);
    const sequence = Array.from({ length: 40 }, () => rig.next()).join(" ");
    assert.doesNotMatch(sequence, /(orders-0 ?){4}/);
  });

  it("does not begin with the same endpoint in every sidecar", () => {
    const firsts = Array.from({ length: 40 }, (_, seed) =>
      new ServiceRig(calledEndpoints(3), callPolicy({ algorithm: "round-robin" }), seed).next(),
    );
    assert.equal(new Set(firsts).size, 3);
  });
});

describe("random", () => {
  it("is uniform for endpoints of one weight", () => {
    const counts = [...rigOf("random", 10).spread(20_000).values()];
    // 27.88 is exceeded by chance once in a thousand, with 9 degrees of freedom.
    assert.ok(chiSquare(counts) < 27.88, `${counts}`);
  });

  it("does not repeat itself as a rotation does", () => {
    const rig = rigOf("random", 3);
    const sequence = Array.from({ length: 300 }, () => rig.next());
    const repeats = sequence.filter((id, index) => id === sequence[index - 1]).length;
    assert.ok(repeats > 70 && repeats < 130, `${repeats}`);
  });
});

describe("least request", () => {
  it("fills idle endpoints before busy ones", () => {
    const rig = rigOf("least-request", 2);
    for (let request = 0; request < 20; request += 1) rig.target("orders-0").begin(rig.now);
    assert.deepEqual([...rig.spread(100).values()], [0, 100]);
  });

  it("keeps requests in flight in proportion to weights", () => {
    const rig = rigOf("least-request", 3, [4, 2, 1]);
    for (let request = 0; request < 700; request += 1)
      rig.targets.next(0, [], true)?.begin(rig.now);
    const actives = rig.targets.members.map(({ active }) => active);
    assert.ok(Math.abs((actives[0] ?? 0) - 400) < 30, `${actives}`);
    assert.ok(Math.abs((actives[1] ?? 0) - 200) < 30, `${actives}`);
  });

  it("holds the longest queue far shorter than chance does", () => {
    const longest = (algorithm: Algorithm): number => {
      const rig = rigOf(algorithm, 20);
      for (let request = 0; request < 2_000; request += 1)
        rig.targets.next(0, [], true)?.begin(rig.now);
      return Math.max(...rig.targets.members.map(({ active }) => active));
    };
    assert.ok(longest("least-request") <= 103);
    assert.ok(longest("random") > 115);
  });

  it("compares as many as the policy says", () => {
    const rig = new ServiceRig(
      calledEndpoints(10),
      callPolicy({ algorithm: "least-request", choices: 10 }),
    );
    for (const member of rig.targets.members) if (member.id !== "orders-4") member.begin(rig.now);
    const found = rig.spread(1_000).get("orders-4") ?? 0;
    assert.ok(found > 550, `${found} of 1000, of which two choices would find 200`);
  });
});

describe("peak EWMA", () => {
  it("gives one that is 50 times slower next to nothing", () => {
    const rig = rigOf("peak-ewma", 3);
    for (const member of rig.targets.members)
      rig.answer(member.id, 200, 1, member.id === "orders-2" ? 500 : 10);
    let slow = 0;
    for (let request = 0; request < 2_000; request += 1) {
      const id = rig.next();
      if (id === "orders-2") slow += 1;
      rig.answer(id, 200, 1, id === "orders-2" ? 500 : 10);
    }
    assert.ok(slow < 20, `${slow} of 2000`);
  });

  it("gives equal endpoints equal shares, whatever their latencies do by chance", () => {
    const rig = rigOf("peak-ewma", 2);
    const chance = seededRandom(7);
    const counts = new Map<string, number>();
    for (let request = 0; request < 2_000; request += 1) {
      const id = rig.next();
      counts.set(id, (counts.get(id) ?? 0) + 1);
      rig.advance(20).answer(id, 200, 1, 10 + 5 * chance());
    }
    const share = (counts.get("orders-0") ?? 0) / 2_000;
    assert.ok(share > 0.45 && share < 0.55, `${share}`);
  });

  it("tries a slow one again when its peak is forgotten", () => {
    const rig = rigOf("peak-ewma", 2)
      .answer("orders-0", 200, 1, 500)
      .answer("orders-1", 200, 1, 10);
    assert.equal(rig.spread(100).get("orders-0"), 0);
    for (let second = 0; second < 60; second += 1)
      rig.advance(1_000).answer("orders-1", 200, 1, 10);
    assert.equal(rig.spread(100).get("orders-0"), 100);
  });

  it("asks an endpoint that has not answered yet once, and not again before it has", () => {
    const rig = rigOf("peak-ewma", 3).answer("orders-0", 200).answer("orders-1", 200);
    rig.target("orders-2").begin(rig.now);
    assert.equal(rig.spread(200).get("orders-2"), 0);
  });

  it("sees requests in flight, so that a fast endpoint is not overrun", () => {
    const rig = rigOf("peak-ewma", 2).answer("orders-0", 200, 1, 10).answer("orders-1", 200, 1, 40);
    for (let request = 0; request < 100; request += 1)
      rig.targets.next(0, [], true)?.begin(rig.now);
    const { active } = rig.target("orders-0");
    assert.ok(
      active > 75 && active < 85,
      `${active} of 100 went to the one that is 4 times as fast`,
    );
  });

  it("gives a light endpoint at most twice its share, however slow a heavy one is", () => {
    const rig = rigOf("peak-ewma", 2, [9, 1]);
    rig.answer("orders-0", 200, 1, 500).answer("orders-1", 200, 1, 1);
    const light = (rig.spread(4_000).get("orders-1") ?? 0) / 4_000;
    assert.ok(light > 0.15 && light < 0.23, `${light}`);
  });

  it("is not attracted by failures that come fast", () => {
    const rig = rigOf("peak-ewma", 2).answer("orders-0", 200, 1, 20).answer("orders-1", 200, 1, 20);
    rig.answer("orders-1", 500, 4, 1);
    const { members } = rig.targets;
    const [fine, failing] = members.map((member) => member.latency(rig.now));
    assert.ok(Math.abs((fine ?? 0) - (failing ?? 0)) < 1, `${fine} and ${failing}`);
  });
});

for (const algorithm of ["ring-hash", "maglev"] as const) {
  describe(algorithm, () => {
    it("gives a key to the same endpoint each time, in every sidecar", () => {
      const one = owners(rigOf(algorithm, 10), 2_000);
      const other = new ServiceRig(calledEndpoints(10), callPolicy({ algorithm }), 99);
      assert.deepEqual(owners(other, 2_000), one);
    });

    it("spreads keys evenly", () => {
      const counts = [...rigOf(algorithm, 10).spread(20_000).values()];
      const off = Math.max(...counts.map((count) => Math.abs(count / 2_000 - 1)));
      assert.ok(off < (algorithm === "maglev" ? 0.08 : 0.2), `${counts}`);
    });

    it("moves less than a fifth of the keys when an eleventh endpoint joins ten", () => {
      const moved = movedShare(
        owners(rigOf(algorithm, 10), 5_000),
        owners(rigOf(algorithm, 11), 5_000),
      );
      assert.ok(moved > 0.05 && moved < 0.2, `${moved}`);
    });

    it("moves hardly any keys but those of an endpoint that leaves", () => {
      const before = owners(rigOf(algorithm, 10), 5_000);
      const left = new ServiceRig(calledEndpoints(10).slice(0, 9), callPolicy({ algorithm }));
      const after = owners(left, 5_000);
      const stayed = before.filter((owner) => owner !== "orders-9").length;
      const same = before.filter((owner, index) => owner === after[index]).length;
      assert.ok(same / stayed > (algorithm === "maglev" ? 0.93 : 0.999), `${same} of ${stayed}`);
    });

    it("moves the keys of an ejected endpoint alone, to all others, and always the same way", () => {
      const rig = rigOf(algorithm, 10);
      const before = owners(rig, 5_000);
      rig.answer("orders-3", 500, 5);
      const after = owners(rig, 5_000);
      before.forEach((owner, index) => {
        if (owner !== "orders-3") assert.equal(after[index], owner);
      });
      const heirs = new Set(after.filter((_, index) => before[index] === "orders-3"));
      assert.equal(heirs.size, 9);
      assert.deepEqual(owners(rig, 5_000), after);
    });

    it("brings the keys of a returning endpoint home one after another, and none twice", () => {
      const rig = rigOf(algorithm, 5);
      const before = owners(rig, 2_000);
      rig.answer("orders-3", 500, 5).advance(10_000).next();
      rig.answer("orders-3", 200, 3);
      let home = new Set<number>();
      for (let second = 0; second <= 10; second += 1) {
        const now = owners(rig, 2_000);
        const come = new Set(now.flatMap((owner, key) => (owner === "orders-3" ? [key] : [])));
        assert.ok(home.isSubsetOf(come), `second ${second}`);
        assert.ok(come.size > home.size || second === 0, `second ${second}: ${come.size}`);
        home = come;
        rig.advance(1_000);
      }
      assert.deepEqual(owners(rig, 2_000), before);
    });

    it("sends the retries of a key the same way", () => {
      const rig = rigOf(algorithm, 5);
      for (let key = 0; key < 200; key += 1) {
        const first = rig.targets.next(key, [], true);
        assert.ok(first !== undefined);
        assert.equal(rig.next(true, key, [first]), rig.next(true, key, [first]));
      }
    });
  });
}
