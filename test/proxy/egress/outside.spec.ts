import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { judgeOpening } from "../../../proxy/egress/opening.ts";
import { outsideOf } from "../../../proxy/egress/outside-addresses.ts";
import { OutsideHosts } from "../../../proxy/egress/outside-hosts.ts";
import type { Interfaces } from "../../../proxy/namespace.ts";
import { PREFACE } from "../detect/first-messages.ts";
import { hello, message, OTHERS, records } from "./hellos.ts";

const listed = (name: string, port: number) => ({
  ...{ name, port },
  listen: { address: "127.128.0.1", port: port | 0x8000 },
});

const HOSTS = new OutsideHosts([
  ...[listed("api.example.com", 443), listed("api.example.com", 80)],
  ...[listed("*.example.org", 443), listed("*.deep.example.org", 443)],
  ...[listed("example.net", 8_443), listed("*.example.com", 80)],
]);

const MATCHES: readonly (readonly [name: string, port: number, entry: string | undefined])[] = [
  ["api.example.com", 443, "api.example.com"],
  ["api.example.com", 80, "api.example.com"],
  ["api.example.com", 8_443, undefined],
  ["b.example.com", 443, undefined],
  ["b.example.com", 80, "*.example.com"],
  ["x.api.example.com", 443, undefined],
  ["example.com", 80, undefined],
  ["api.example.com.evil.test", 443, undefined],
  ["notexample.org", 443, undefined],
  ["example.org", 443, undefined],
  ["a.example.org", 443, "*.example.org"],
  ["a.b.c.example.org", 443, "*.example.org"],
  ["a.deep.example.org", 443, "*.deep.example.org"],
  ["deep.example.org", 443, "*.example.org"],
  ["example.net", 8_443, "example.net"],
  ["example.net", 443, undefined],
  ["", 443, undefined],
];

describe("a host outside", () => {
  for (const [name, port, entry] of MATCHES) {
    it(`${name || "without a name"} on port ${port} is ${entry ?? "not listed"}`, () =>
      assert.equal(HOSTS.entryOf(name, port), entry));
  }

  it("is known to be called on the port that leads to a place", () => {
    assert.equal(HOSTS.portAt("127.128.0.1:33211"), 443);
    assert.equal(HOSTS.portAt("127.128.0.1:32848"), 80);
    assert.equal(HOSTS.portAt("127.128.0.1:443"), undefined);
  });
});

const INTERFACES = {
  lo: [{ cidr: "127.0.0.1/8" }, { cidr: "::1/128" }],
  eth0: [{ cidr: "198.18.5.7/24" }, { cidr: "fd00:1::7/64" }, { cidr: null }],
} as unknown as Interfaces;

const OUTSIDE = [
  ...["198.18.6.1", "203.0.113.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "8.8.8.8"],
  ...["fd00:2::1", "2001:db8::1", "::ffff:203.0.113.1"],
];
const NEVER = [
  ...["127.0.0.1", "127.64.1.2", "0.0.0.0", "169.254.169.254", "224.0.0.1", "255.255.255.255"],
  ...["198.18.5.1", "198.18.5.7", "::", "::1", "fe80::1", "ff02::1", "fd00:1::1"],
  ...["::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:198.18.5.1"],
];

describe("an address to which a listed name leads", () => {
  const isOutside = outsideOf(INTERFACES);
  for (const address of OUTSIDE)
    it(`${address} is outside`, () => assert.equal(isOutside(address), true));
  for (const address of NEVER)
    it(`${address} is not`, () => assert.equal(isOutside(address), false));
});

const UNCLEAR = { kind: "unclear" };

describe("what is said first to a host outside", () => {
  const judge = (bytes: Buffer): unknown => {
    const { why: _, ...opening } = { why: "", ...judgeOpening(bytes) };
    return opening;
  };

  it("is TLS with its name, or HTTP", () => {
    const name = "api.example.com";
    assert.deepEqual(judge(hello(name)), { kind: "tls", name });
    assert.deepEqual(judge(Buffer.from("GET / HTTP/1.1\r\n")), { kind: "http1" });
  });

  it("is not clear yet while it is cut short", () => {
    assert.equal(judgeOpening(hello("api.example.com").subarray(0, 100)), undefined);
    assert.equal(judgeOpening(Buffer.from("GET / HT")), undefined);
  });

  it("is refused where it names nobody", () => {
    assert.deepEqual(judge(records(message({ extensions: OTHERS }))), UNCLEAR);
    assert.deepEqual(judge(Buffer.from("\x16\x03\x01\x00\x00", "latin1")), UNCLEAR);
    assert.deepEqual(judge(PREFACE), UNCLEAR);
    assert.deepEqual(judge(Buffer.from("SSH-2.0-OpenSSH_9\r\n")), UNCLEAR);
    assert.deepEqual(judge(Buffer.from("EHLO there\r\n")), UNCLEAR);
  });
});
