// The small pure decisions of the sidecar: whom to ask next, how the application is.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FAILURES, parseFailureCode } from "../../proxy/failures.ts";
import { StaleNamespace } from "../../proxy/namespace.ts";

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
