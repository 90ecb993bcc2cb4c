// Whom the comparison of success rates finds, in how many of many intervals: chance alone must not cost a service its endpoints,
// and one that fails more than the others must be found among two to five as among many.

import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { seededRandom } from "../../../mesh/seeded-random.ts";
import { EndpointHealth } from "../../../proxy/health/endpoint-health.ts";
import { failingBySuccessRate } from "../../../proxy/health/rates.ts";
import { callPolicy } from "../../helpers/balancing.ts";

const DEFAULTS = callPolicy({}, { successRateStdevFactor: 1.9 }).outlier;
const INTERVALS = 4_000;

function endpointOf(successes: number, total: number): EndpointHealth {
  return Object.assign(new EndpointHealth(), { successes, total });
}

/** Endpoints after an interval with so many requests each, which fail with these probabilities. */
function interval(
  failing: readonly number[],
  requests: number,
  random: () => number,
): EndpointHealth[] {
  return failing.map((probability) => {
    let successes = 0;
    for (let request = 0; request < requests; request += 1)
      if (random() >= probability) successes += 1;
    return endpointOf(successes, requests);
  });
}

/** In which share of the intervals the endpoint at each index is found. */
function foundIn(
  failing: readonly number[],
  requests: number,
  intervals: number = INTERVALS,
): number[] {
  const random = seededRandom(7);
  const found = failing.map(() => 0);
  for (let round = 0; round < intervals; round += 1) {
    const endpoints = interval(failing, requests, random);
    for (const { health } of failingBySuccessRate(endpoints, DEFAULTS)) {
      const index = endpoints.indexOf(health);
      found[index] = (found[index] ?? 0) + 1;
    }
  }
  return found.map((times) => times / intervals);
}

/** So many that fail alike. */
function alike(count: number, probability: number): number[] {
  return Array.from({ length: count }, () => probability);
}

describe("the comparison of success rates", () => {
  for (const count of [3, 4, 5, 10]) {
    for (const [fails, others, requests] of [
      [0.3, 0, 100],
      [0.3, 0.02, 100],
      [0.45, 0.05, 100],
      [0.25, 0.01, 400],
      [0.6, 0, 20],
    ] as const) {
      it(`finds the one of ${count} that fails in ${fails * 100} % of ${requests} requests, the others in ${others * 100} %`, () => {
        const [found = 0, ...wrong] = foundIn([fails, ...alike(count - 1, others)], requests, 500);
        assert.ok(found >= 0.9, `found in ${found}`);
        assert.ok(Math.max(...wrong) <= 0.002, `others in ${wrong.join(", ")}`);
      });
    }

    for (const probability of [0.002, 0.02, 0.1, 0.3, 0.5, 0.9]) {
      for (const requests of [20, 100]) {
        it(`finds none of ${count} that fail alike, in ${probability * 100} % of ${requests} requests`, () => {
          const found = foundIn(alike(count, probability), requests);
          const all = found.reduce((sum, share) => sum + share, 0);
          assert.ok(all <= 0.001 * count, `${all} an interval`);
        });
      }
    }
  }

  it("finds two of five, which would hide each other behind a mean", () => {
    const [first = 0, second = 0] = foundIn([0.5, 0.5, 0, 0, 0], 100, 500);
    assert.ok(first >= 0.99 && second >= 0.99, `found in ${first}, ${second}`);
  });

  it("takes small differences for none, however many requests show them", () => {
    const endpoints = [endpointOf(92_000, 100_000), ...alike(4, 0).map(() => endpointOf(1e5, 1e5))];
    assert.deepEqual(failingBySuccessRate(endpoints, DEFAULTS), []);
    const worse = endpointOf(90_000, 100_000);
    const [verdict] = failingBySuccessRate([worse, ...endpoints.slice(1)], DEFAULTS);
    assert.equal(verdict?.health, worse);
    assert.equal(verdict.reason, "90 % of its requests succeeded, of the others' 100 %");
  });

  it("follows the factor: the larger, the more it takes", () => {
    const endpoints = [800, 1_000, 1_000].map((successes) => endpointOf(successes, 1_000));
    const found = [1, 1.9, 3.9, 4.1, 10].map((successRateStdevFactor) => {
      return failingBySuccessRate(endpoints, { ...DEFAULTS, successRateStdevFactor }).length;
    });
    assert.deepEqual(found, [1, 1, 1, 0, 0]);
  });

  it("takes into account how far the others are apart", () => {
    const [least = 0, ...others] = [700, 800, 1_000];
    const all = [least, ...others].map((successes) => endpointOf(successes, 1_000));
    assert.deepEqual(failingBySuccessRate(all, DEFAULTS), []);
    const close = [700, 900, 900].map((successes) => endpointOf(successes, 1_000));
    assert.equal(failingBySuccessRate(close, DEFAULTS)[0]?.health, close[0]);
  });

  it("needs two to compare, whatever the minimum", () => {
    const rules = { ...DEFAULTS, successRateMinimumHosts: 1 };
    const [bad, good] = [endpointOf(10, 100), endpointOf(100, 100)];
    assert.deepEqual(failingBySuccessRate([bad], rules), []);
    assert.deepEqual(
      failingBySuccessRate([bad, good], rules).map(({ health }) => health),
      [bad],
    );
  });
});
