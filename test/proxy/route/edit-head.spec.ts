// Changes of heads, read by the strict parser as whoever gets them reads them.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { HeaderEdits, HeaderLine } from "../../../mesh/policy/policy.ts";
import { FRAMING, METHOD, type MessageHead } from "../../../proxy/http1/message-head.ts";
import { HEAD_LIMITS } from "../../../proxy/http1/violation.ts";
import { requestHeadRoom, writeRequestHead } from "../../../proxy/http1/write-head.ts";
import { HeadEditor, NO_HEADERS } from "../../../proxy/route/edit-head.ts";
import { requestHead, responseHead } from "../http1/heads.ts";

const NOTHING = Buffer.alloc(0);

/** The lines that a destination gets. */
function sent(head: MessageHead): readonly string[] {
  const edit = {
    ...{
      added: NOTHING,
      forwardedFor: undefined,
      host: NOTHING,
      http2: false,
      timeLeft: undefined,
      trace: undefined,
    },
  };
  const out = Buffer.alloc(requestHeadRoom(head, edit));
  return out
    .toString("latin1", 0, writeRequestHead(out, 0, head, edit))
    .trimEnd()
    .split("\r\n");
}

function lines(head: MessageHead): readonly string[] {
  return head.bytes.toString("latin1", head.start, head.end).trimEnd().split("\r\n");
}

function headers(parts: Partial<HeaderEdits>): HeaderEdits {
  return { ...NO_HEADERS, ...parts };
}

describe("a request that is changed on its way", () => {
  const editor = new HeadEditor();
  const change = (head: MessageHead, parts: Partial<HeaderEdits>, path?: string): MessageHead =>
    editor.request(head, { headers: headers(parts), path });

  const sentBy = (): MessageHead =>
    requestHead("POST /a?b=1 HTTP/1.1", "Host: a", "X-A: 1", "x-a: 2", "Content-Length: 3");

  it("is changed however many fields its sender may send", () => {
    const many = Array.from({ length: HEAD_LIMITS.fields - 1 }, (_, index) => `x-${index}: 1`);
    const lines16 = (name: string): HeaderLine[] =>
      Array.from({ length: 16 }, (_, index) => ({ name: `${name}-${index}`, value: "2" }));
    const parts = { set: lines16("x-set"), add: lines16("x-add") };
    const changed = change(requestHead("GET /a HTTP/1.1", "Host: a", ...many), parts, "/b");
    assert.equal(changed.targetText(), "/b");
    assert.equal(changed.count, HEAD_LIMITS.fields + 32);
  });

  it("has fields set, added and removed", () => {
    const set = [{ name: "x-a", value: "set" }];
    const add = [{ name: "x-a", value: "added" }];
    assert.deepEqual(lines(change(sentBy(), { set })), [
      ...["POST /a?b=1 HTTP/1.1", "Host: a", "Content-Length: 3", "x-a: set"],
    ]);
    assert.deepEqual(lines(change(sentBy(), { add })).slice(1), [
      ...["Host: a", "X-A: 1", "x-a: 2", "Content-Length: 3", "x-a: added"],
    ]);
    assert.deepEqual(lines(change(sentBy(), { remove: ["x-a"] })).slice(1), [
      ...["Host: a", "Content-Length: 3"],
    ]);
    assert.deepEqual(lines(change(sentBy(), { set, add, remove: ["x-a"] })).slice(2), [
      ...["Content-Length: 3", "x-a: set", "x-a: added"],
    ]);
  });

  it("keeps its query when its path is replaced, and its body's framing", () => {
    const changed = change(sentBy(), {}, "/v2/a");
    assert.equal(changed.targetText(), "/v2/a?b=1");
    assert.deepEqual([changed.framing, changed.contentLength], [FRAMING.LENGTH, 3]);
  });

  it("keeps the host of a whole address", () => {
    const changed = change(requestHead("GET http://a:80?x HTTP/1.1", "Host: a:80"), {}, "/new");
    assert.equal(changed.authorityText(), "a:80");
    assert.equal(changed.targetText(), "/new?x");
    const all = change(requestHead("OPTIONS http://a HTTP/1.1", "Host: a"), {});
    assert.equal(all.targetText(), "*");
  });

  it("keeps what its connection is told", () => {
    const changed = change(requestHead("GET / HTTP/1.0", "Connection: keep-alive"), {}, "/b");
    assert.deepEqual([changed.minor, changed.persistent, changed.hostField], [0, true, -1]);
    const upgrade = ["GET / HTTP/1.1", "Host: a", "Connection: upgrade", "Upgrade: websocket"];
    assert.ok(change(requestHead(...upgrade), {}, "/b").upgrade);
  });

  it("carries text that is not ASCII as UTF-8, without a byte that ends a line", () => {
    const set = [{ name: "x-name", value: "Zoë\u010a\u010d" }];
    const text = lines(change(sentBy(), { set })).at(-1) ?? "";
    assert.equal(Buffer.from(text, "latin1").toString(), "x-name: Zoë\u010a\u010d");
  });

  it("has fields of the policy even if the caller's Connection names them", () => {
    const set = [{ name: "X-Tier", value: "gold" }];
    const head = requestHead("GET / HTTP/1.1", "Host: a", "Connection: x-tier, x-own", "x-own: 1");
    assert.deepEqual(sent(change(head, { set })), [
      ...["GET / HTTP/1.1", "Host: a", "X-Tier: gold"],
    ]);
  });

  it("goes on as it was if the change would make it malformed", () => {
    const head = sentBy();
    for (const value of ["a\r\nb: c", "a\nb", "a\0"])
      assert.equal(change(head, { add: [{ name: "x", value }] }), head);
    assert.equal(change(head, { add: [{ name: "host", value: "other" }] }), head);
    assert.equal(change(head, {}, "/a b"), head);
  });

  it("may grow beyond what callers may send", () => {
    const head = requestHead(
      ...["GET / HTTP/1.1", "Host: a"],
      ...Array.from({ length: 99 }, (_, index) => `x-${index}: ${"v".repeat(600)}`),
    );
    const changed = change(head, { add: [{ name: "y", value: "w".repeat(20_000) }] });
    assert.equal(changed.count, 101);
  });
});

describe("a response that is changed on its way", () => {
  const editor = new HeadEditor();

  it("has fields set, added and removed, cookies one by one", () => {
    const head = responseHead(
      METHOD.GET,
      ...["HTTP/1.1 200 Fine", "Server: x", "Set-Cookie: a=1", "Content-Length: 0"],
    );
    const changed = editor.response(head, {
      headers: {
        set: [{ name: "x-b", value: "2" }],
        add: [{ name: "set-cookie", value: "mesh=1; Path=/" }],
        remove: ["server"],
      },
      path: undefined,
    });
    assert.deepEqual(lines(changed), [
      ...["HTTP/1.1 200 Fine", "Set-Cookie: a=1", "Content-Length: 0"],
      ...["x-b: 2", "set-cookie: mesh=1; Path=/"],
    ]);
    assert.equal(changed.status, 200);
  });

  it("is framed as it was, which depends on the request too", () => {
    const head = responseHead(METHOD.HEAD, "HTTP/1.1 200 OK", "Content-Length: 7");
    assert.equal(head.framing, FRAMING.NONE);
    const add = [{ name: "x", value: "1" }];
    const changed = editor.response(head, { headers: headers({ add }), path: undefined });
    assert.notEqual(changed, head);
    assert.deepEqual([changed.framing, changed.contentLength], [FRAMING.NONE, 7]);
  });

  it("stays open or closes as it did", () => {
    for (const line of ["Connection: close", "Content-Length: 1", "X: until the end"]) {
      const head = responseHead(METHOD.GET, "HTTP/1.1 200 OK", line);
      const add = [{ name: "x-more", value: "1" }];
      const changed = editor.response(head, { headers: headers({ add }), path: undefined });
      assert.deepEqual([changed.framing, changed.persistent], [head.framing, head.persistent]);
    }
  });
});
