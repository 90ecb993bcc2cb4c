// The record that a request's head is turned into. What is accepted and refused is the corpus's business.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FIELD, FRAMING, METHOD, MessageHead } from "../../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../../proxy/http1/parse-request.ts";
import { HEAD_LIMITS, INCOMPLETE, REFUSED } from "../../../proxy/http1/violation.ts";
import { headBytes, refusal, requestHead } from "./heads.ts";

describe("a request's head", () => {
  it("is a record of spans into the bytes", () => {
    const head = requestHead("PUT /a?b HTTP/1.1", "Host:  x ", "Content-Length: 3", "Accept:*/*");
    const text = (start: number | undefined, end: number | undefined): string =>
      head.bytes.toString("latin1", start, end);
    assert.equal(head.method, METHOD.PUT);
    assert.equal(head.methodText(), "PUT");
    assert.equal(head.targetText(), "/a?b");
    assert.equal(head.count, 3);
    assert.deepEqual(
      [0, 1, 2].map((index) => [
        head.names[index],
        text(head.nameStart[index], head.nameEnd[index]),
        text(head.valueStart[index], head.valueEnd[index]),
        text(head.nameStart[index], head.lineEnd[index]),
      ]),
      [
        [FIELD.HOST, "Host", "x", "Host:  x \r\n"],
        [FIELD.CONTENT_LENGTH, "Content-Length", "3", "Content-Length: 3\r\n"],
        [FIELD.OTHER, "Accept", "*/*", "Accept:*/*\r\n"],
      ],
    );
  });

  it("may begin anywhere in the bytes and be followed by anything", () => {
    const head = new MessageHead();
    const one = headBytes("GET /1 HTTP/1.1", "Host: a");
    const bytes = Buffer.concat([Buffer.from("\0\0"), one, Buffer.from("GET /2")]);
    const end = 2 + one.length;
    assert.equal(parseRequestHead(head, bytes, 2, bytes.length, HEAD_LIMITS), end);
    assert.equal(head.start, 2);
    assert.equal(head.end, end);
    assert.equal(head.targetText(), "/1");
    assert.equal(parseRequestHead(head, bytes, end, bytes.length, HEAD_LIMITS), INCOMPLETE);
  });

  it("is not looked for behind the end of the input", () => {
    const head = new MessageHead();
    const bytes = headBytes("GET / HTTP/1.1", "Host: a");
    for (let end = 0; end < bytes.length; end += 1)
      assert.equal(parseRequestHead(head, bytes, 0, end, HEAD_LIMITS), INCOMPLETE, `at ${end}`);
  });

  it("leaves nothing of the head before it", () => {
    const head = new MessageHead();
    const full = headBytes(
      "POST http://a/x HTTP/1.0",
      "Host: a",
      "Content-Length: 5",
      "Connection: close, foo, upgrade",
      "Upgrade: x",
      "Expect: 100-continue",
      "TE: trailers",
    );
    assert.equal(parseRequestHead(head, full, 0, full.length, HEAD_LIMITS), full.length);
    const bad = headBytes("GET / HTTP/1.1");
    assert.equal(parseRequestHead(head, bad, 0, bad.length, HEAD_LIMITS), REFUSED);
    const plain = headBytes("GET / HTTP/1.1", "Host: a");
    const fresh = new MessageHead();
    for (const record of [head, fresh])
      assert.equal(parseRequestHead(record, plain, 0, plain.length, HEAD_LIMITS), plain.length);
    const facts = ({
      names,
      nameStart,
      nameEnd,
      valueStart,
      valueEnd,
      lineEnd,
      ...rest
    }: MessageHead): object => ({
      ...rest,
      lines: [names, nameStart, nameEnd, valueStart, valueEnd, lineEnd].map((list) => list[0]),
    });
    // The status line's spans mean nothing in a request.
    assert.deepEqual(facts(head), facts(fresh));
  });

  const bodies: readonly (readonly [string, readonly string[], number, number])[] = [
    ["none", [], FRAMING.NONE, -1],
    ["none, with a length of zero", ["Content-Length: 0"], FRAMING.NONE, 0],
    ["by length", ["Content-Length: 5"], FRAMING.LENGTH, 5],
    ["in chunks", ["Transfer-Encoding: chunked"], FRAMING.CHUNKED, -1],
  ];
  for (const [name, lines, framing, length] of bodies) {
    it(`says how the body is framed: ${name}`, () => {
      const head = requestHead("POST / HTTP/1.1", "Host: a", ...lines);
      assert.equal(head.framing, framing);
      assert.equal(head.contentLength, length);
    });
  }

  const connections: readonly (readonly [string, readonly string[], boolean])[] = [
    ["HTTP/1.1", [], true],
    ["HTTP/1.1", ["Connection: close"], false],
    ["HTTP/1.1", ["Connection: x", "Connection: Close"], false],
    ["HTTP/1.0", [], false],
    ["HTTP/1.0", ["Connection: keep-alive"], true],
    ["HTTP/1.0", ["Connection: keep-alive, close"], false],
    ["HTTP/1.0", ["Proxy-Connection: keep-alive"], false],
  ];
  for (const [version, lines, persistent] of connections) {
    it(`${version} with ${lines.join(", ") || "nothing more"}: ${persistent ? "stays" : "ends"}`, () => {
      const head = requestHead(`GET / ${version}`, "Host: a", ...lines);
      assert.equal(head.persistent, persistent);
    });
  }

  it("gives policy the target and the host that go on", () => {
    const facts = (line: string, ...lines: readonly string[]): readonly string[] => {
      const head = requestHead(line, ...lines);
      return [head.targetText(), head.authorityText()];
    };
    assert.deepEqual(facts("GET /a?b HTTP/1.1", "Host: x:80"), ["/a?b", "x:80"]);
    assert.deepEqual(facts("GET http://X?b HTTP/1.1", "Host: x"), ["/?b", "X"]);
    assert.deepEqual(facts("GET http://x HTTP/1.1", "Host: x"), ["/", "x"]);
    assert.deepEqual(facts("OPTIONS http://x HTTP/1.1", "Host: x"), ["*", "x"]);
    assert.deepEqual(facts("OPTIONS * HTTP/1.1", "Host: "), ["*", ""]);
    assert.deepEqual(facts("GET / HTTP/1.0"), ["/", ""]);
  });

  it("gives policy every value of a field", () => {
    const head = requestHead(
      "GET / HTTP/1.1",
      "Host: a",
      "X-Role: user",
      "Y: 1",
      "x-role: admin, b",
    );
    assert.equal(head.fieldText("x-role"), "user, admin, b");
    assert.equal(head.fieldText("y"), "1");
    assert.equal(head.fieldText("z"), undefined);
  });

  it("knows whether an upgrade is asked for", () => {
    const asks = (...lines: readonly string[]): boolean =>
      requestHead("GET / HTTP/1.1", "Host: a", ...lines).upgrade;
    assert.equal(asks("Connection: upgrade", "Upgrade: websocket"), true);
    assert.equal(asks("Connection: upgrade", "Upgrade: websocket, h2c"), false);
    assert.equal(asks("Connection: upgrade", "Upgrade:"), false);
    assert.equal(asks("Upgrade: websocket"), false);
    assert.equal(asks("Connection: upgrade", "Upgrade: x", "Content-Length: 1"), false);
  });

  it("knows whether trailers are wanted", () => {
    const wanted = (te: string): boolean =>
      requestHead("GET / HTTP/1.1", "Host: a", `TE: ${te}`).acceptsTrailers;
    assert.deepEqual(["trailers", "gzip, Trailers", "gzip", ""].map(wanted), [
      true,
      true,
      false,
      false,
    ]);
  });

  it("is refused in words that name the rule", () => {
    assert.equal(refusal("GET / HTTP/1.1"), "400 Host is missing");
    assert.equal(
      refusal("GET / HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"),
      "400 both Content-Length and Transfer-Encoding are given",
    );
  });

  it("is refused at the first bad byte, however little has come", () => {
    const head = new MessageHead();
    for (const text of [
      "\x16\x03",
      "GET /\0",
      "GET / HTTP/2.0",
      "GET / HTTP/1.1\r\nX Y",
      "GET / HTTP/1.1\r\nX:\x01",
    ]) {
      const bytes = Buffer.from(text, "latin1");
      assert.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS), REFUSED, text);
    }
  });

  it("is refused as soon as it is too long, whatever the limits", () => {
    const head = new MessageHead();
    const limits = { head: 40, target: 10, line: 20, fields: 2 };
    const status = (text: string): number => {
      const bytes = Buffer.from(text, "latin1");
      const next = parseRequestHead(head, bytes, 0, bytes.length, limits);
      return next === REFUSED ? (head.violation?.status ?? 0) : next;
    };
    assert.equal(status(`GET /${"a".repeat(9)}`), INCOMPLETE);
    assert.equal(status(`GET /${"a".repeat(10)}`), 414);
    assert.equal(status(`GET / HTTP/1.1\r\nX:${"a".repeat(18)}`), INCOMPLETE);
    assert.equal(status(`GET / HTTP/1.1\r\nX:${"a".repeat(19)}`), 431);
    assert.equal(status("GET / HTTP/1.1\r\nHost:a\r\nB:1\r\n"), INCOMPLETE);
    assert.equal(status("GET / HTTP/1.1\r\nHost:a\r\nB:1\r\nC"), 431);
    const whole = `GET / HTTP/1.1\r\nHost: a\r\nX: ${"b".repeat(8)}\r\n\r\n`;
    assert.equal(whole.length, 40);
    assert.equal(status(whole), 40);
    assert.equal(status(whole.slice(0, 39)), INCOMPLETE);
    assert.equal(status(whole.replace("b", "bb")), 431);
  });
});
