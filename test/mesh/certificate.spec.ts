import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { describe, it } from "mocha";
import { readSoleUriName, readUriNames } from "../../mesh/certificate.ts";
import { MeshError } from "../../mesh/errors.ts";
import { type AlternativeName, TestAuthority, uriOf } from "../helpers/certificates.ts";

const ORDERS = uriOf("orders");
const WEB = uriOf("web");

/** One DER element. */
function element(tag: number, ...contents: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(contents.map((part) => Buffer.from(part as string, "latin1")));
  const { length } = content;
  const header =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(header), content]);
}

const SEQUENCE = 0x30;
const OCTETS = 0x04;
const uriName = (uri: string): Buffer => element(0x86, uri);
const subjectAltName = (...names: Buffer[]): Buffer =>
  element(SEQUENCE, element(0x06, "\x55\x1d\x11"), element(OCTETS, element(SEQUENCE, ...names)));

/** A certificate with these extensions, as far as reading its names goes: everything else in it is empty. */
function certificate(...extensions: Buffer[]): Buffer {
  const empty = element(SEQUENCE);
  const fields = [
    ...[element(0xa0, element(0x02, "\x02")), element(0x02, "\x01")],
    ...[empty, empty, empty, empty, empty],
    element(0xa3, element(SEQUENCE, ...extensions)),
  ];
  return element(SEQUENCE, element(SEQUENCE, ...fields), empty, element(0x03, "\0"));
}

async function issue(...names: AlternativeName[]): Promise<Buffer> {
  const authority = await TestAuthority.create();
  const leaf = await authority.issue(names);
  return new X509Certificate(leaf.certificate).raw;
}

function refuses(der: Uint8Array): void {
  assert.throws(() => readUriNames(der), { name: "MeshError", code: "CERTIFICATE_INVALID" });
}

describe("the URI names of a certificate", () => {
  it("are read from a real certificate, beside names of other kinds", async () => {
    const der = await issue(
      { type: 2, value: "orders.internal" },
      { type: 6, value: ORDERS },
      { type: 1, value: "root@orders.internal" },
    );
    assert.deepEqual(readUriNames(der), [ORDERS]);
    assert.equal(readSoleUriName(der), ORDERS);
  });

  it("are all given, and refused where exactly one is wanted", async () => {
    const der = await issue({ type: 6, value: ORDERS }, { type: 6, value: WEB });
    assert.deepEqual(readUriNames(der), [ORDERS, WEB]);
    assert.throws(() => readSoleUriName(der), { code: "CERTIFICATE_INVALID", message: /found 2/ });
  });

  it("are none without the extension, and none is not one", async () => {
    const der = await issue();
    assert.deepEqual(readUriNames(der), []);
    assert.throws(() => readSoleUriName(der), {
      code: "CERTIFICATE_INVALID",
      message: /found none/,
    });
  });

  it("are not looked for in names of other kinds", async () => {
    assert.deepEqual(readUriNames(await issue({ type: 1, value: ORDERS })), []);
    assert.deepEqual(readUriNames(await issue({ type: 2, value: ORDERS })), []);
    const otherName = element(
      0xa0,
      element(0x06, "\x2a\x03"),
      element(0xa0, element(0x0c, ORDERS)),
    );
    assert.deepEqual(readUriNames(certificate(subjectAltName(otherName))), []);
    assert.deepEqual(readUriNames(certificate(subjectAltName(otherName, uriName(WEB)))), [WEB]);
  });

  it("are read when the extension is critical", () => {
    const critical = element(
      SEQUENCE,
      element(0x06, "\x55\x1d\x11"),
      element(0x01, "\xff"),
      element(OCTETS, element(SEQUENCE, uriName(ORDERS))),
    );
    assert.deepEqual(readUriNames(certificate(critical)), [ORDERS]);
  });

  it("may be longer than one length octet says", () => {
    const long = `spiffe://${"a".repeat(700)}`;
    assert.deepEqual(readUriNames(certificate(subjectAltName(uriName(long)))), [long]);
  });

  for (const [what, byte] of [
    ["a NUL", "\0"],
    ["a line end", "\n"],
    ["a space", " "],
    ["a byte beyond ASCII", "\xe9"],
    ["a DEL", "\x7f"],
  ] as const) {
    it(`are refused with ${what} inside`, () => {
      refuses(certificate(subjectAltName(uriName(`${ORDERS}${byte}.example`))));
    });
  }

  it("are refused when the extension comes twice", () => {
    refuses(certificate(subjectAltName(uriName(ORDERS)), subjectAltName(uriName(WEB))));
  });

  it("are refused with lengths that are indefinite, too long, or written longer than needed", () => {
    const der = certificate(subjectAltName(uriName("a:b")));
    assert.deepEqual(readUriNames(der), ["a:b"]);
    const at = der.indexOf("\x86\x03a:b", "latin1");
    for (const length of [0x80, 0x04, 0x7f, 0x85, 0xff]) {
      const changed = Buffer.from(der);
      changed[at + 1] = length;
      refuses(changed);
    }
    refuses(Buffer.concat([der, Buffer.from([0])]));
    const overlong = Buffer.from("868103613a62", "hex");
    refuses(certificate(subjectAltName(overlong)));
    refuses(certificate(subjectAltName(Buffer.from("9f0603613a62", "hex"))));
  });

  it("never fail with anything but a MeshError, wherever a certificate is cut off or damaged", async () => {
    const der = await issue({ type: 6, value: ORDERS }, { type: 2, value: "orders" });
    for (let length = 0; length < der.length; length += 1) refuses(der.subarray(0, length));
    for (let at = 0; at < der.length; at += 1) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const damaged = Buffer.from(der);
        damaged[at] = (damaged[at] ?? 0) ^ bits;
        try {
          readUriNames(damaged);
        } catch (error) {
          assert.ok(error instanceof MeshError, `byte ${at} ^ ${bits}: ${error}`);
        }
      }
    }
    refuses(Buffer.alloc(0));
    refuses(Buffer.from("-----BEGIN CERTIFICATE-----"));
  });
});
