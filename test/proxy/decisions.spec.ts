// The small pure decisions of the sidecar: whom to ask next, whether to ask again, how the application is.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { roundRobin } from "../../proxy/balance/round-robin.ts";
import { FAILURES, parseFailureCode } from "../../proxy/failures.ts";
import { mayRepeat } from "../../proxy/http/retry.ts";
import { METHOD } from "../../proxy/http1/message-head.ts";
import { StaleNamespace } from "../../proxy/namespace.ts";

describe("round robin", () => {
  it("starts one further on with each pick and names every candidate once", () => {
    const picker = roundRobin(["a", "b", "c"], { position: 0 });
    assert.deepEqual(picker.pick(), ["a", "b", "c"]);
    assert.deepEqual(picker.pick(), ["b", "c", "a"]);
    assert.deepEqual(picker.pick(), ["c", "a", "b"]);
    assert.deepEqual(picker.pick(), ["a", "b", "c"]);
  });

  it("goes on where it was when the candidates change", () => {
    const rotation = { position: 0 };
    roundRobin(["a", "b", "c"], rotation).pick();
    assert.deepEqual(roundRobin(["a", "b", "c", "d"], rotation).pick(), ["b", "c", "d", "a"]);
    assert.deepEqual(roundRobin(["a", "b"], rotation).pick(), ["a", "b"]);
    assert.deepEqual(roundRobin(["a"], rotation).pick(), ["a"]);
    assert.deepEqual(roundRobin([], rotation).pick(), []);
  });
});

describe("another try", () => {
  const CASES = [
    ["GET", "CONNECTION_LOST", true, true],
    ["DELETE", "CONNECTION_LOST", true, true],
    ["PUT", "CONNECTION_LOST", false, false],
    ["POST", "CONNECTION_LOST", true, false],
    ["PATCH", "RESPONSE_MALFORMED", true, false],
    ["OTHER", "CONNECTION_LOST", true, false],
    ["POST", "APPLICATION_UNREACHABLE", true, true],
    ["POST", "ENDPOINTS_UNREACHABLE", true, true],
    ["POST", "APPLICATION_UNREACHABLE", false, false],
  ] as const;
  for (const [method, code, replayable, repeated] of CASES) {
    const body = replayable ? "at hand" : "gone";
    it(`is ${repeated ? "" : "not "}made of a ${method} after ${code} with its body ${body}`, () => {
      const failed = { method: METHOD[method], code, sent: true, replayable };
      assert.equal(mayRepeat(failed), repeated);
    });
  }
});

describe("the code of a failure", () => {
  it("is read back, and nothing else is taken for one", () => {
    for (const code of Object.keys(FAILURES)) assert.equal(parseFailureCode(code), code);
    for (const text of [undefined, "", "toString", "no_healthy_endpoint"]) {
      assert.equal(parseFailureCode(text), undefined);
    }
  });
});

describe("a namespace", () => {
  const address = { address: "", netmask: "", mac: "", cidr: null, family: "IPv4" } as const;
  const loopback = { lo: [{ ...address, internal: true }] };
  const connected = { ...loopback, eth0: [{ ...address, internal: false }] };

  it("is left behind when two looks in a row find nothing but loopback", () => {
    const namespace = new StaleNamespace();
    assert.equal(namespace.look(connected), false);
    assert.equal(namespace.look(loopback), false);
    assert.equal(namespace.look(connected), false);
    assert.equal(namespace.look({}), false);
    assert.equal(namespace.look(loopback), true);
  });
});
