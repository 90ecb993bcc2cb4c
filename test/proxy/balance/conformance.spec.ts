// What every balancing algorithm has to do, whatever else it does.
import assert from "node:assert/strict";
import fc from "fast-check";
import { ALGORITHMS } from "../../../mesh/policy/policy.ts";
import type { Target } from "../../../proxy/http/plan.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";

const KEYS = Array.from({ length: 200 }, (_, index) => Math.imul(index, 0x9e3779b9) >>> 0);

for (const algorithm of ALGORITHMS) {
  describe(`balancing by ${algorithm}`, () => {
    const policy = callPolicy({ algorithm });

    it("gives nothing where there is no endpoint", () => {
      assert.equal(new ServiceRig([], policy).next(), "none");
    });

    it("gives the only endpoint, and no other once that was tried", () => {
      const rig = new ServiceRig(calledEndpoints(1), policy);
      for (const key of KEYS) assert.equal(rig.next(true, key), "orders-0");
      assert.equal(rig.next(true, 0, [rig.target("orders-0")]), "none");
    });

    it("reaches every endpoint", () => {
      const rig = new ServiceRig(calledEndpoints(5), policy);
      const counts = [...rig.spread(500).values()];
      assert.ok(Math.min(...counts) > 0, `${counts}`);
    });

    it("tries each endpoint once for one request, and then no other", () => {
      const rig = new ServiceRig(calledEndpoints(7), policy);
      for (const key of KEYS) {
        const tried: Target[] = [];
        for (let attempt = 0; attempt < 7; attempt += 1) {
          const target = rig.targets.next(key, tried, true);
          assert.ok(target !== undefined && !tried.includes(target), `try ${attempt}`);
          tried.push(target);
        }
        assert.equal(rig.targets.next(key, tried, true), undefined);
      }
    });

    it("forgets after a request what that one has tried", () => {
      const rig = new ServiceRig(calledEndpoints(2), policy);
      const tried = [rig.target("orders-0")];
      for (const key of KEYS) assert.equal(rig.next(true, key, tried), "orders-1");
      assert.ok((rig.spread(200).get("orders-0") ?? 0) > 50);
    });

    it("never gives an ejected endpoint while another can be used", () => {
      const rig = new ServiceRig(calledEndpoints(3), policy).answer("orders-1", 500, 5);
      for (const key of KEYS) assert.notEqual(rig.next(true, key), "orders-1");
      const others = [rig.target("orders-0"), rig.target("orders-2")];
      assert.equal(rig.next(true, 0, others), "none");
    });

    it("gives shares as weights say", () => {
      const weights = [1, 2, 3, 4];
      const rig = new ServiceRig(
        calledEndpoints(4, (index) => ({ weight: weights[index] as number })),
        policy,
      );
      const counts = [...rig.serve(10_000).values()];
      counts.forEach((count, index) => {
        const share = (weights[index] as number) / 10;
        assert.ok(Math.abs(count / 10_000 - share) < 0.1 * share + 0.02, `${counts}`);
      });
    });

    it("finds a light endpoint behind a heavy one that was tried", () => {
      const rig = new ServiceRig(
        calledEndpoints(2, (index) => ({ weight: index === 0 ? 1_000 : 1 })),
        policy,
      );
      const tried = [rig.target("orders-0")];
      for (const key of KEYS) assert.equal(rig.next(true, key, tried), "orders-1");
    });

    it("gives a returning endpoint its share and no more", () => {
      const rig = new ServiceRig(calledEndpoints(4), policy).answer("orders-1", 500, 5);
      rig.advance(10_000).next();
      rig.answer("orders-1", 200, 3, 0.1).advance(5_000);
      const share = (rig.serve(8_000).get("orders-1") ?? 0) / 8_000;
      const expected = 0.55 / 3.55;
      assert.ok(Math.abs(share - expected) < 0.04, `${share} for ${expected}`);
    });

    it("uses nothing but what is usable, whatever the states, weights and tries", () => {
      const endpoint = fc.record({
        weight: fc.integer({ min: 1, max: 1000 }),
        fails: fc.boolean(),
        tried: fc.boolean(),
      });
      fc.assert(
        fc.property(fc.array(endpoint, { maxLength: 8 }), fc.nat(), (list, key) => {
          const rig = new ServiceRig(
            calledEndpoints(list.length, (index) => ({ weight: list[index]?.weight ?? 1 })),
            policy,
          );
          list.forEach(({ fails }, index) => {
            if (fails) rig.answer(`orders-${index}`, 500, 5);
          });
          const { members } = rig.targets;
          const tried = members.filter((_, index) => list[index]?.tried === true);
          const free = members.filter((one) => !one.health.out && !tried.includes(one));
          const target = rig.targets.next(key, tried, true);
          if (target === undefined) assert.equal(free.length, 0);
          else assert.ok(free.includes(target));
        }),
      );
    });
  });
}
