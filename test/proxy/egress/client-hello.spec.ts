import assert from "node:assert/strict";
import { createServer } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { describe, it } from "mocha";
import { readServerName } from "../../../proxy/egress/client-hello.ts";
import * as h from "./hellos.ts";

const NAME = "api.example.com";
const read = (bytes: Buffer): string => {
  const found = readServerName(bytes);
  return found.kind === "name" ? found.name : `(${found.kind})`;
};
const withExtensions = (...extensions: readonly Buffer[]): Buffer =>
  h.records(h.message({ extensions }));
const withName = (name: string): Buffer => withExtensions(h.serverName(name));
const withList = (...entries: readonly Buffer[]): Buffer =>
  withExtensions(h.extension(0, h.vector(2, ...entries)));

/** [what it is, bytes, what is read] */
const CASES: readonly (readonly [string, Buffer, string])[] = [
  ["a name", h.hello(NAME), NAME],
  ["a name in capital letters", h.hello("API.Example.COM"), NAME],
  ["a name of one label", h.hello("database"), "database"],
  ["a name in punycode", h.hello("xn--bcher-kva.example"), "xn--bcher-kva.example"],
  ["no extension of that kind", withExtensions(...h.OTHERS), "(none)"],
  ["no extensions", withExtensions(), "(none)"],
  ["the old form without extensions", h.records(h.message({ extensions: undefined })), "(none)"],
  ["an address in place of a name", withName("203.0.113.1"), "(malformed)"],
  ["an IPv6 address", withName("2001:db8::1"), "(malformed)"],
  ["an empty name", withName(""), "(malformed)"],
  ["a name with a dot at its end", withName(`${NAME}.`), "(malformed)"],
  ["a name with a zero byte", withName("api.example.com\0.evil.test"), "(malformed)"],
  ["a name with a port", withName(`${NAME}:443`), "(malformed)"],
  ["a name with a byte above ASCII", withName("b\xfccher.example"), "(malformed)"],
  ["a name with a space", withName(" api.example.com"), "(malformed)"],
  ["an empty label", withName("api..example.com"), "(malformed)"],
  ["a star", withName("*.example.com"), "(malformed)"],
  ["a name that is too long", withName(`${"a.".repeat(127)}com`), "(malformed)"],
  ["two names", withList(h.nameEntry(NAME), h.nameEntry("b.example.com")), "(malformed)"],
  ["a name of another type", withList(h.nameEntry(NAME, 1)), "(malformed)"],
  ["no names in the list", withList(), "(malformed)"],
  ["the extension without a list", withExtensions(h.extension(0, Buffer.alloc(0))), "(malformed)"],
  [
    "bytes behind the list",
    withExtensions(
      h.extension(0, Buffer.concat([h.vector(2, h.nameEntry(NAME)), Buffer.from([0])])),
    ),
    "(malformed)",
  ],
  [
    "the extension twice",
    withExtensions(h.serverName(NAME), h.serverName("b.example.com")),
    "(malformed)",
  ],
  [
    "another extension twice",
    withExtensions(h.serverName(NAME), ...h.OTHERS, ...h.OTHERS),
    "(malformed)",
  ],
  [
    "bytes behind the extensions",
    h.records(h.message({ extensions: [h.serverName(NAME)], rest: Buffer.from([0]) })),
    "(malformed)",
  ],
  [
    "a session id that is too long",
    h.records(h.message({ sessionId: Buffer.alloc(33), extensions: [h.serverName(NAME)] })),
    "(malformed)",
  ],
  [
    "half a cipher suite",
    h.records(h.message({ suites: Buffer.alloc(3), extensions: [h.serverName(NAME)] })),
    "(malformed)",
  ],
  [
    "no compression method",
    h.records(h.message({ compressions: Buffer.alloc(0), extensions: [h.serverName(NAME)] })),
    "(malformed)",
  ],
  ["a ServerHello", h.records(h.message({ extensions: [h.serverName(NAME)] }, 2)), "(malformed)"],
  ["an empty message", h.records(Buffer.from([1, 0, 0, 0])), "(malformed)"],
  ["a message that is too long", h.records(Buffer.from([1, 0, 0x40, 0])), "(malformed)"],
  ["a record of alerts", h.records(Buffer.from([2, 40]), 16_384, 0x15), "(malformed)"],
  ["a record of SSL 2", Buffer.from([0x80, 0x2e, 1, 3, 1, 0]), "(malformed)"],
  ["another major version", h.records(h.message({}), 16_384, 0x16, 0x0203), "(malformed)"],
  ["an empty record", Buffer.from([0x16, 3, 1, 0, 0]), "(malformed)"],
  ["a record that is too long", Buffer.from([0x16, 3, 1, 0x40, 1]), "(malformed)"],
  [
    "data behind the message",
    Buffer.concat([h.hello(NAME), h.records(Buffer.from("early"), 16_384, 0x17)]),
    NAME,
  ],
  ["nothing", Buffer.alloc(0), "(incomplete)"],
];

describe("the server's name in the first message of TLS", () => {
  for (const [what, bytes, expected] of CASES) {
    it(`of ${what}: ${expected}`, () => assert.equal(read(bytes), expected));
  }

  it("is read as soon as all of it is there, wherever it is cut, and never before", () => {
    const bytes = h.hello(NAME);
    for (let end = 0; end < bytes.length; end += 1)
      assert.equal(read(bytes.subarray(0, end)), "(incomplete)", `${end} bytes`);
    assert.equal(read(bytes), NAME);
  });

  it("is read from a message in records of any size, also cut at every byte", () => {
    const content = h.message({ extensions: [h.serverName(NAME)] });
    for (const most of [1, 2, 3, 5, 40, 100]) {
      const bytes = h.records(content, most);
      for (let end = 0; end < bytes.length; end += 1)
        assert.equal(read(bytes.subarray(0, end)), "(incomplete)", `${most}, ${end} bytes`);
      assert.equal(read(bytes), NAME, `records of ${most}`);
    }
  });

  it("is malformed when a record of another kind comes within the message", () => {
    const content = h.message({ extensions: [h.serverName(NAME)] });
    const [first, rest] = [content.subarray(0, 20), content.subarray(20)];
    const bytes = [h.records(first), h.records(Buffer.from([1]), 9, 0x14), h.records(rest)];
    assert.equal(read(Buffer.concat(bytes)), "(malformed)");
  });

  it("is decided within a bounded number of bytes, whatever they are", () => {
    const start = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(start, fc.boolean(), (random, isHello) => {
        const head = isHello ? [...h.hello(NAME).subarray(0, 9)] : [];
        const bytes = Buffer.concat([Buffer.from([...head, ...random]), Buffer.alloc(40_000)]);
        assert.notEqual(read(bytes), "(incomplete)");
      }),
    );
    const slow = h.records(h.message({ extensions: [h.extension(21, Buffer.alloc(16_000))] }), 1);
    assert.equal(read(slow.subarray(0, 32_770)), "(malformed)");
  });

  it("is never another one when a byte is changed, but in the name itself", () => {
    const bytes = h.hello(NAME);
    const at = bytes.lastIndexOf(NAME);
    for (let index = 0; index < at; index += 1) {
      const changed = Buffer.from(bytes);
      changed[index] = (changed[index] as number) ^ 0x01;
      const name = read(changed);
      assert.ok(name.startsWith("(") || name === NAME, `byte ${index}: ${name}`);
    }
  });

  for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`is read from what OpenSSL sends in ${version}`, async () => {
      const { promise, resolve } = Promise.withResolvers<Buffer>();
      const server = createServer((socket) => socket.once("data", resolve));
      await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
      const { port } = server.address() as { port: number };
      const range = { minVersion: version, maxVersion: version };
      const client = connect({ ...range, port, host: "127.0.0.1", servername: NAME });
      client.on("error", () => undefined);
      const bytes = await promise;
      client.destroy();
      server.close();
      assert.equal(read(bytes), NAME);
    });
  }
});
