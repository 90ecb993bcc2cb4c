// How long an answer is waited for, as requests say it.
import assert from "node:assert/strict";
import fc from "fast-check";
import { describe, it } from "mocha";
import { MessageHead } from "../../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../../proxy/http1/parse-request.ts";
import { HEAD_LIMITS } from "../../../proxy/http1/violation.ts";
import { deadlineOf, hasGrpcTimeout, timeLeftLines } from "../../../proxy/resilience/deadline.ts";

function headWith(lines: string): MessageHead {
  const head = new MessageHead();
  const bytes = Buffer.from(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`, "latin1");
  assert.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS), bytes.length);
  return head;
}

describe("the time that a request has", () => {
  const CASES: readonly [string, number][] = [
    ["", Number.POSITIVE_INFINITY],
    ["X-Envoy-Expected-Rq-Timeout-Ms: 250\r\n", 250],
    ["x-envoy-expected-rq-timeout-ms: 15000   \r\n", 15_000],
    ["x-envoy-expected-rq-timeout-ms: 0\r\n", Number.POSITIVE_INFINITY],
    ["x-envoy-expected-rq-timeout-ms: soon\r\n", Number.POSITIVE_INFINITY],
    ["x-envoy-expected-rq-timeout-ms: -5\r\n", Number.POSITIVE_INFINITY],
    ["x-envoy-expected-rq-timeout-ms: 1e3\r\n", Number.POSITIVE_INFINITY],
    ["grpc-timeout: 2S\r\n", 2_000],
    ["grpc-timeout: 1H\r\n", 3_600_000],
    ["grpc-timeout: 3M\r\n", 180_000],
    ["grpc-timeout: 40m\r\n", 40],
    ["grpc-timeout: 5000u\r\n", 5],
    ["grpc-timeout: 1000000n\r\n", 1],
    ["grpc-timeout: 123456789m\r\n", Number.POSITIVE_INFINITY],
    ["grpc-timeout: 5\r\n", Number.POSITIVE_INFINITY],
    ["grpc-timeout: 5s\r\n", Number.POSITIVE_INFINITY],
    ["grpc-timeout: 0m\r\n", Number.POSITIVE_INFINITY],
    ["grpc-timeout: 5S\r\nx-envoy-expected-rq-timeout-ms: 700\r\n", 700],
    ["x-envoy-expected-rq-timeout-ms: 9\r\nx-envoy-expected-rq-timeout-ms: 8\r\n", 8],
  ];
  for (const [lines, expected] of CASES) {
    it(`is ${expected} ms by ${JSON.stringify(lines)}`, () => {
      assert.equal(Math.round(deadlineOf(headWith(lines))), Math.round(expected));
    });
  }

  it("is said to the next one so that it is read as it was meant", () => {
    for (const grpc of [false, true]) {
      const head = headWith(timeLeftLines(1_499.2, grpc).toString());
      assert.equal(deadlineOf(head), 1_500);
      assert.equal(hasGrpcTimeout(head), grpc);
    }
  });

  it("can be said anew, for less time, in the same place", () => {
    const times = fc.tuple(
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    fc.assert(
      fc.property(times, fc.boolean(), ([first, share], grpc) => {
        const before = timeLeftLines(first, grpc);
        const after = timeLeftLines(first * share, grpc, before.length);
        assert.equal(after.length, before.length);
        const expected = Math.min(Math.max(Math.ceil(first * share), 1), 99_999_999);
        assert.equal(deadlineOf(headWith(after.toString())), expected);
      }),
    );
  });

  it("is never said to be nothing, which would mean for ever", () => {
    assert.equal(deadlineOf(headWith(timeLeftLines(-20, true).toString())), 1);
  });
});
