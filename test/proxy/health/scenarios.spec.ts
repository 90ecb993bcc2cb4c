// What callers see when endpoints fail, are slow, and come back: whole runs in simulated time.
import assert from "node:assert/strict";
import type { Algorithm } from "../../../mesh/policy/policy.ts";
import { calledEndpoints, callPolicy, ServiceRig } from "../../helpers/balancing.ts";
import {
  type Behaviour,
  part,
  type SimulatedRequest,
  simulate,
} from "../../helpers/service-simulation.ts";

const RATES = { failurePercentageThreshold: 50 };
const FINE = (random: () => number): number => 5 + 10 * random();

function rigOf(algorithm: Algorithm, outlier = {}, count = 3): ServiceRig {
  return new ServiceRig(calledEndpoints(count), callPolicy({ algorithm }, outlier));
}

const failed = ({ status }: SimulatedRequest): boolean => status >= 500;

function within(
  requests: readonly SimulatedRequest[],
  from: number,
  to: number,
): SimulatedRequest[] {
  return requests.filter(({ at }) => at >= from && at < to);
}

describe("one of three endpoints answers every other request with an error", () => {
  const flaky: Behaviour = (id, _at, random) => ({
    status: id === "orders-0" && random() < 0.5 ? 500 : 200,
    took: FINE(random),
  });

  it("without outlier detection: a sixth of all requests fails", () => {
    const off = { maxEjectionPercent: 0 };
    const share = part(simulate(rigOf("round-robin", off), 100, 60, flaky), failed);
    assert.ok(Math.abs(share - 1 / 6) < 0.02, `${share}`);
  });

  it("with it: hardly any fails, and the longer it lasts the fewer", () => {
    const requests = simulate(rigOf("round-robin", RATES), 100, 120, flaky);
    assert.ok(part(requests, failed) < 0.02, `${part(requests, failed)}`);
    const early = part(within(requests, 0, 10_000), failed);
    const late = part(within(requests, 60_000, 120_000), failed);
    assert.ok(late < 0.005 && late < early, `${early}, then ${late}`);
  });
});

describe("one of three endpoints is 50 times slower", () => {
  const slow: Behaviour = (id, _at, random) => ({
    status: 200,
    took: FINE(random) * (id === "orders-0" ? 50 : 1),
  });
  const toSlow = ({ id }: SimulatedRequest): boolean => id === "orders-0";

  it("gets next to nothing by peak EWMA", () => {
    const share = part(simulate(rigOf("peak-ewma"), 100, 60, slow), toSlow);
    assert.ok(share > 0 && share < 0.01, `${share}`);
  });

  it("gets a third by round robin", () => {
    const share = part(simulate(rigOf("round-robin"), 100, 60, slow), toSlow);
    assert.ok(Math.abs(share - 1 / 3) < 0.01, `${share}`);
  });

  it("gets less by least request too, once requests queue there", () => {
    const share = part(simulate(rigOf("least-request"), 100, 60, slow), toSlow);
    assert.ok(share < 0.15, `${share}`);
  });
});

for (const algorithm of ["peak-ewma", "round-robin", "ring-hash"] as const) {
  describe(`an endpoint that was broken for five seconds, by ${algorithm}`, () => {
    const broken: Behaviour = (id, at, random) => ({
      status: id === "orders-0" && at < 5_000 ? 503 : 200,
      took: FINE(random),
    });
    const requests = simulate(rigOf(algorithm), 600, 40, broken);
    const share = (from: number, to: number): number =>
      part(within(requests, from, to), ({ id }) => id === "orders-0");

    it("gets nothing while it is ejected", () => {
      assert.equal(share(1_000, 10_000), 0);
    });

    it("comes back with a share that grows from a tenth to the whole", () => {
      const curve = [11, 14, 17, 20].map((second) => share(second * 1_000, (second + 1) * 1_000));
      const expected = [0.07, 0.16, 0.24, 0.31];
      curve.forEach((value, index) => {
        assert.ok(value > (curve[index - 1] ?? 0), `${curve}`);
        assert.ok(Math.abs(value - (expected[index] ?? 0)) < 0.08, `${curve}`);
      });
      assert.ok(Math.abs(share(25_000, 40_000) - 1 / 3) < 0.05, `${share(25_000, 40_000)}`);
    });

    it("fails no request after its ejection", () => {
      assert.equal(part(within(requests, 1_000, 40_000), failed), 0);
    });
  });
}

describe("an endpoint that stays broken", () => {
  it("costs its callers one failed probe for each ejection, and these become rare", () => {
    const broken: Behaviour = (id, _at, random) => ({
      status: id === "orders-0" ? 500 : 200,
      took: FINE(random),
    });
    const requests = simulate(rigOf("round-robin"), 50, 300, broken);
    const probes = within(requests, 5_000, 300_000).filter(failed);
    // After ejections of 10, 20, 30, 40, 50, 60 and 70 s.
    assert.equal(probes.length, 7, probes.map(({ at }) => Math.round(at)).join(", "));
  });
});

describe("endpoints that all fail", () => {
  it("still get the requests: at most half are ejected, and nobody is left without an endpoint", () => {
    const down: Behaviour = (_id, _at, random) => ({ status: 503, took: FINE(random) });
    for (const count of [1, 2, 3, 4]) {
      const requests = simulate(rigOf("peak-ewma", {}, count), 50, 60, down);
      assert.equal(
        part(requests, ({ id }) => id === "none"),
        0,
      );
      const last = new Set(within(requests, 30_000, 60_000).map(({ id }) => id));
      assert.ok(last.size >= Math.ceil(count / 2), `${[...last]}`);
    }
  });
});
