import assert from "node:assert/strict";
import { FRAMING, METHOD, MessageHead } from "../../../proxy/http1/message-head.ts";
import { readRequestFields, readResponseFields } from "../../../proxy/http2/head-text.ts";

const PSEUDO = [":method", "GET", ":scheme", "http", ":authority", "orders:8080", ":path", "/a?b"];

describe("a request's HTTP/2 fields as a head", () => {
  const head = new MessageHead();

  it("have the parts of a request line and a Host", () => {
    assert.equal(readRequestFields(head, [...PSEUDO, "x-a", "b"], true), undefined);
    assert.equal(head.methodText(), "GET");
    assert.equal(head.targetText(), "/a?b");
    assert.equal(head.authorityText(), "orders:8080");
    assert.equal(head.fieldText("x-a"), "b");
    assert.equal(head.framing, FRAMING.NONE);
  });

  it("are chunked when a body of unknown length follows", () => {
    assert.equal(readRequestFields(head, PSEUDO, false), undefined);
    assert.equal(head.framing, FRAMING.CHUNKED);
    assert.equal(readRequestFields(head, [...PSEUDO, "content-length", "5"], false), undefined);
    assert.deepEqual([head.framing, head.contentLength], [FRAMING.LENGTH, 5]);
  });

  it("have one Cookie", () => {
    readRequestFields(head, [...PSEUDO, "cookie", "a=1", "x-a", "b", "cookie", "c=2; d=3"], true);
    assert.equal(head.fieldText("cookie"), "a=1; c=2; d=3");
  });

  const hidden: Readonly<Record<string, readonly string[]>> = {
    "a value": [...PSEUDO, "x-a", "b\r\nx-mesh-source: c"],
    "a value, as a whole head": [...PSEUDO, "x-a", "b\r\n\r\nGET /c HTTP/1.1\r\nhost: d"],
    "a value, as a character beyond one byte": [...PSEUDO, "x-a", "b\u010d\u010ax-mesh-source: c"],
    "a name": [...PSEUDO, "x-a: b\r\nx-c", "d"],
    "a cookie": [...PSEUDO, "cookie", "a=1\r\nx-a: b"],
    "the path": [...PSEUDO.slice(0, 6), ":path", "/a HTTP/1.1\r\nx-a: b\r\nx-c: /d"],
    "the method": [":method", "GET / HTTP/1.1\r\nx-a: b\r\nx-c:", ...PSEUDO.slice(2)],
    "the authority": [...PSEUDO.slice(0, 4), ...[":authority", "orders\r\nx-a: b", ":path", "/"]],
  };
  for (const [where, pairs] of Object.entries(hidden))
    it(`are refused when a line end is hidden in ${where}`, () => {
      assert.notEqual(readRequestFields(head, pairs, true), undefined);
    });
});

describe("a response's HTTP/2 fields as a head", () => {
  const head = new MessageHead();

  it("say how the body ends", () => {
    assert.ok(readResponseFields(head, [":status", "200"], true, METHOD.GET));
    assert.deepEqual([head.status, head.framing], [200, FRAMING.NONE]);
    assert.ok(readResponseFields(head, [":status", "200"], false, METHOD.GET));
    assert.equal(head.framing, FRAMING.CHUNKED);
    assert.ok(
      readResponseFields(head, [":status", "200", "content-length", "5"], false, METHOD.GET),
    );
    assert.equal(head.framing, FRAMING.LENGTH);
  });

  it("say that there is none where there cannot be one", () => {
    for (const [status, method] of [
      ["204", METHOD.GET],
      ["304", METHOD.GET],
      ["200", METHOD.HEAD],
    ] as const) {
      assert.ok(readResponseFields(head, [":status", status], false, method));
      assert.equal(head.framing, FRAMING.NONE);
    }
  });

  it("are refused when a line end is hidden in one of them", () => {
    const pairs = [":status", "200", "x-a", "b\r\nset-cookie: c"];
    assert.equal(readResponseFields(head, pairs, true, METHOD.GET), false);
    assert.equal(
      readResponseFields(head, [":status", "200 OK\r\nx-a: b"], true, METHOD.GET),
      false,
    );
    assert.equal(readResponseFields(head, [":status", "600"], true, METHOD.GET), false);
  });
});
