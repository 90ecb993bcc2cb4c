// Heads as they go on, byte for byte.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FRAMING, METHOD, type MessageHead } from "../../../proxy/http1/message-head.ts";
import {
  CONNECTION,
  type RequestEdit,
  type ResponseEdit,
  requestHeadRoom,
  responseHeadRoom,
  writeRequestHead,
  writeResponseHead,
} from "../../../proxy/http1/write-head.ts";
import { answerToGet, requestHead, responseHead } from "./heads.ts";

const NOTHING: RequestEdit = {
  added: Buffer.alloc(0),
  forwardedFor: undefined,
  host: Buffer.from("filled-in"),
  http2: false,
  timeLeft: undefined,
  trace: undefined,
};
const FOR: RequestEdit = { ...NOTHING, forwardedFor: Buffer.from("192.0.2.7") };

/** The lines that go on. The room asked for suffices, and what is around it stays as it was. */
function request(head: MessageHead, edit: RequestEdit): readonly string[] {
  const room = requestHeadRoom(head, edit);
  return written(room, (out, at) => writeRequestHead(out, at, head, edit));
}

function response(head: MessageHead, edit: ResponseEdit): readonly string[] {
  return written(responseHeadRoom(head), (out, at) => writeResponseHead(out, at, head, edit));
}

function written(room: number, write: (out: Buffer, at: number) => number): readonly string[] {
  const out = Buffer.alloc(room + 6, 0xee);
  const end = write(out, 3);
  assert.ok(end <= 3 + room, "the room does not suffice");
  assert.ok(out.subarray(0, 3).every((byte) => byte === 0xee));
  assert.ok(out.subarray(end).every((byte) => byte === 0xee));
  const text = out.toString("latin1", 3, end);
  assert.ok(text.endsWith("\r\n\r\n"));
  return text.slice(0, -4).split("\r\n");
}

describe("a request's head that goes on", () => {
  it("tells of its trace in our words alone, where there are any", () => {
    const fields = ["traceparent: 1", "X: y", "TraceState: 2", "b3: 3", "X-B3-TraceId: 4", "Z: z"];
    const head = requestHead("GET / HTTP/1.1", "Host: a", ...fields);
    assert.deepEqual(request(head, NOTHING).slice(2), fields);
    const trace = Buffer.from("traceparent: ours\r\n");
    const sent = request(head, { ...NOTHING, trace }).slice(2);
    assert.deepEqual(sent, ["X: y", "Z: z", "traceparent: ours"]);
  });

  it("keeps every line that it may, just as it was", () => {
    const lines = ["GET /a HTTP/1.1", "Host:a", "x-A: 1", "X-a:2", "Y: ", "Z:", "Cookie: \xff"];
    assert.deepEqual(request(requestHead(...lines), NOTHING), lines);
  });

  it("has no white space around values that servers could disagree about", () => {
    const lines = ["GET / HTTP/1.1", "Host:\ta", "A:  1", "B:2 ", "C:3", "D: \t", "E:\t", "F:4\t5"];
    const plain = ["GET / HTTP/1.1", "Host: a", "A: 1", "B: 2", "C: 3", "D: ", "E: ", "F: 4\t5"];
    assert.deepEqual(request(requestHead(...lines), NOTHING), plain);
    for (const [index, line] of lines.entries()) {
      if (index < 2) continue;
      const head = requestHead("GET / HTTP/1.1", "Host: a", line);
      const kept = ["C:3", "F:4\t5"].includes(line) ? line : plain[index];
      assert.deepEqual(request(head, NOTHING), ["GET / HTTP/1.1", "Host: a", kept]);
    }
  });

  it("has room for as many lines as there may be", () => {
    const lines = Array.from({ length: 97 }, () => "A:1");
    const host = ["POST http://a/ HTTP/1.1", "Host:\ta", "TE:trailers"];
    const head = requestHead(
      ...host,
      ...lines.slice(1),
      "Expect:100-continue",
      "Content-Length:999999999999999",
    );
    const edit = { ...FOR, http2: true, added: Buffer.from("b: 2\r\n".repeat(50)) };
    assert.equal(request(head, edit).length, 1 + 1 + 96 + 50 + 1 + 1 + 2 + 1);
  });

  it("gains our lines behind its own", () => {
    const edit = { ...FOR, added: Buffer.from("x-mesh-a: 1\r\ntraceparent: 2\r\n") };
    assert.deepEqual(request(requestHead("GET / HTTP/1.1", "Host: a", "B: 1"), edit), [
      "GET / HTTP/1.1",
      "Host: a",
      "B: 1",
      "x-mesh-a: 1",
      "traceparent: 2",
      "x-forwarded-for: 192.0.2.7",
    ]);
  });

  it("names who called before in one x-forwarded-for line", () => {
    const head = requestHead(
      "GET / HTTP/1.1",
      "X-Forwarded-For: 10.0.0.1",
      "Host: a",
      "x-forwarded-for:",
      "x_forwarded_for: 10.6.6.6",
      "x-forwarded-for: 10.0.0.2,10.0.0.3 ",
    );
    assert.deepEqual(request(head, FOR), [
      "GET / HTTP/1.1",
      "Host: a",
      "x-forwarded-for: 10.0.0.1, 10.0.0.2,10.0.0.3, 192.0.2.7",
    ]);
  });

  it("leaves x-forwarded-for alone when nothing is to be added", () => {
    const lines = ["GET / HTTP/1.1", "X-Forwarded-For: 1", "Host: a", "X-Forwarded-For: 2"];
    assert.deepEqual(request(requestHead(...lines), NOTHING), lines);
  });

  it("does not name who called before when Connection takes that out", () => {
    const lines = [
      "GET / HTTP/1.1",
      "Host: a",
      "X-Forwarded-For: 1",
      "Connection: X-Forwarded-For",
    ];
    const head = requestHead(...lines);
    const kept = ["GET / HTTP/1.1", "Host: a"];
    assert.deepEqual(request(head, FOR), [...kept, "x-forwarded-for: 192.0.2.7"]);
    assert.deepEqual(request(head, NOTHING), kept);
  });

  it("loses lines at its beginning, in its middle and at its end", () => {
    const head = requestHead(
      "GET / HTTP/1.1",
      "Connection: b",
      "Keep-Alive: 1",
      "Host: a",
      "B: 1",
      "C: 2",
      "X-Mesh-D: 3",
    );
    assert.deepEqual(request(head, NOTHING), ["GET / HTTP/1.1", "Host: a", "C: 2"]);
  });

  it("may lose all its lines", () => {
    const head = requestHead("GET http://a/ HTTP/1.1", "Host: a", "Connection: close");
    assert.deepEqual(request(head, NOTHING), ["GET / HTTP/1.1", "host: a"]);
  });

  it("has Host filled in on behalf of HTTP/1.0", () => {
    const head = requestHead("GET / HTTP/1.0", "A: 1");
    assert.deepEqual(request(head, NOTHING), ["GET / HTTP/1.1", "host: filled-in", "A: 1"]);
  });

  it("says in our own words how its body is framed", () => {
    const framing = (line: string): readonly string[] =>
      request(requestHead("PUT / HTTP/1.1", line, "Host: a"), NOTHING).slice(2);
    assert.deepEqual(framing("CONTENT-LENGTH:  0042"), ["content-length: 42"]);
    assert.deepEqual(framing("Content-Length: 0"), ["content-length: 0"]);
    assert.deepEqual(framing("Content-Length: 999999999999999"), [
      "content-length: 999999999999999",
    ]);
    assert.deepEqual(framing("Transfer-Encoding: Chunked"), ["transfer-encoding: chunked"]);
  });

  it("offers trailers only where HTTP/2 was or will be spoken", () => {
    const head = requestHead("GET / HTTP/1.1", "Host: a", "TE: trailers", "Connection: te");
    assert.deepEqual(request(head, NOTHING), ["GET / HTTP/1.1", "Host: a"]);
    assert.deepEqual(request(head, { ...NOTHING, http2: true }), [
      "GET / HTTP/1.1",
      "Host: a",
      "connection: te",
      "te: trailers",
    ]);
    const other = requestHead("GET / HTTP/1.1", "Host: a", "TE: gzip");
    assert.deepEqual(request(other, { ...NOTHING, http2: true }), ["GET / HTTP/1.1", "Host: a"]);
  });
});

describe("a response's head that goes on", () => {
  const plain: ResponseEdit = { connection: CONNECTION.NONE, framing: FRAMING.LENGTH };

  it("keeps its status, reason and lines, and gets our version", () => {
    const head = answerToGet("HTTP/1.0 404 Not  Found", "Server:x", "Content-Length: 5", "B: 1");
    assert.deepEqual(response(head, plain), [
      "HTTP/1.1 404 Not  Found",
      "Server:x",
      "B: 1",
      "content-length: 5",
    ]);
  });

  it("may be framed in another way than it came", () => {
    const head = answerToGet("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "A: 1");
    const framed = (framing: ResponseEdit["framing"]): readonly string[] =>
      response(head, { connection: CONNECTION.NONE, framing });
    assert.deepEqual(framed(FRAMING.CHUNKED), [
      "HTTP/1.1 200 OK",
      "A: 1",
      "transfer-encoding: chunked",
    ]);
    assert.deepEqual(framed(FRAMING.UNTIL_CLOSE), ["HTTP/1.1 200 OK", "A: 1"]);
  });

  it("says what becomes of the connection", () => {
    const head = answerToGet("HTTP/1.1 200 OK", "Content-Length: 5", "Connection: x");
    const said = (connection: ResponseEdit["connection"]): readonly string[] =>
      response(head, { connection, framing: FRAMING.LENGTH }).slice(2);
    assert.deepEqual(said(CONNECTION.NONE), []);
    assert.deepEqual(said(CONNECTION.CLOSE), ["connection: close"]);
    assert.deepEqual(said(CONNECTION.KEEP_ALIVE), ["connection: keep-alive"]);
  });

  it("names the protocol that follows 101", () => {
    const head = answerToGet("HTTP/1.1 101 X", "Upgrade: a/1", "Connection: Upgrade", "Upgrade: b");
    assert.deepEqual(response(head, { connection: CONNECTION.UPGRADE, framing: FRAMING.NONE }), [
      "HTTP/1.1 101 X",
      "connection: upgrade",
      "upgrade: a/1, b",
    ]);
  });

  it("keeps a length without a body only after HEAD and with 304", () => {
    const none: ResponseEdit = { connection: CONNECTION.NONE, framing: FRAMING.NONE };
    const head = responseHead(METHOD.HEAD, "HTTP/1.1 200 OK", "Content-Length: 5");
    assert.deepEqual(response(head, none), ["HTTP/1.1 200 OK", "content-length: 5"]);
    const same = answerToGet("HTTP/1.1 304 Same", "Content-Length: 5");
    assert.deepEqual(response(same, none), ["HTTP/1.1 304 Same", "content-length: 5"]);
    const empty = answerToGet("HTTP/1.1 200 OK", "Content-Length: 0");
    assert.deepEqual(response(empty, none), ["HTTP/1.1 200 OK", "content-length: 0"]);
    for (const status of [103, 204]) {
      const bare = answerToGet(`HTTP/1.1 ${status} X`, "Content-Length: 5");
      assert.deepEqual(response(bare, none), [`HTTP/1.1 ${status} X`]);
    }
  });

  it("keeps what only requests may not say", () => {
    const lines = ["HTTP/1.1 200 OK", "X-Forwarded-For: 1", "Expect: x", "Host: a b", "Expect_: 1"];
    assert.deepEqual(
      response(answerToGet(...lines), {
        connection: CONNECTION.NONE,
        framing: FRAMING.UNTIL_CLOSE,
      }),
      lines,
    );
  });
});
