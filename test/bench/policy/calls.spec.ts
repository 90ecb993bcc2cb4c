import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { between, type Call, failedShare, shareOfReplica, sharesOverTime } from "./calls.ts";
import { quantilesOf } from "./quantiles.ts";

function call(parts: Partial<Call>): Call {
  return { at: 0, milliseconds: 1, status: 200, replica: 0, ...parts };
}

describe("the figures of the policy bench", () => {
  it("count answers of 5xx and missing answers as failed, and others not", () => {
    const calls = [200, 404, 500, 0].map((status) => call({ status }));
    assert.equal(failedShare(calls), 0.5);
    assert.equal(failedShare([]), 0);
  });

  it("take the calls that were meant to start in a span, its end excluded", () => {
    const calls = [0, 10, 20, 30].map((at) => call({ at }));
    assert.deepEqual(
      between(calls, 10, 30).map(({ at }) => at),
      [10, 20],
    );
  });

  it("tell which part of the calls a replica has answered", () => {
    const calls = [0, 1, 1, -1].map((replica) => call({ replica }));
    assert.equal(shareOfReplica(calls, 1), 0.5);
    assert.equal(shareOfReplica(calls, 2), 0);
  });

  it("tell a replica's share span by span, with 0 where nothing arrived", () => {
    const arrivals = [
      [1, 2, 25],
      [3, 26, 27, 28],
    ];
    const shares = sharesOverTime(arrivals, 0, { span: 10, end: 30 });
    assert.deepEqual(shares, [
      { at: 5, share: 2 / 3 },
      { at: 15, share: 0 },
      { at: 25, share: 1 / 4 },
    ]);
  });

  it("leave out what arrived before the first and after the last span", () => {
    const shares = sharesOverTime([[-1, 5, 31], [6]], 0, { span: 10, end: 30 });
    assert.deepEqual(
      shares.map(({ share }) => share),
      [0.5, 0, 0],
    );
  });

  it("give quantiles that were measured, whatever the order", () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    assert.deepEqual(quantilesOf(values), { count: 100, p50: 50, p99: 99, largest: 100 });
    assert.deepEqual(quantilesOf([7]), { count: 1, p50: 7, p99: 7, largest: 7 });
    assert.deepEqual(quantilesOf([]), { count: 0, p50: 0, p99: 0, largest: 0 });
  });
});
