// The record that a response's head is turned into. What is accepted and refused is the corpus's business.
import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { FRAMING, METHOD } from "../../../proxy/http1/message-head.ts";
import { answerToGet, responseHead } from "./heads.ts";

describe("a response's head", () => {
  it("says its status and reason", () => {
    const head = answerToGet("HTTP/1.1 404 Not Found", "Content-Length: 0");
    assert.equal(head.status, 404);
    const { bytes, reasonStart, reasonEnd } = head;
    assert.equal(bytes.toString("latin1", reasonStart, reasonEnd), "Not Found");
  });

  it("has a body by the status and the method that was asked", () => {
    const framing = (method: 1 | 2 | 3, status: number, ...lines: readonly string[]): number =>
      responseHead(method, `HTTP/1.1 ${status} X`, ...lines).framing;
    const { GET, HEAD, POST } = METHOD;
    assert.equal(framing(GET, 200, "Content-Length: 5"), FRAMING.LENGTH);
    assert.equal(framing(POST, 200, "Transfer-Encoding: chunked"), FRAMING.CHUNKED);
    assert.equal(framing(GET, 200), FRAMING.UNTIL_CLOSE);
    assert.equal(framing(GET, 200, "Content-Length: 0"), FRAMING.NONE);
    for (const lines of [["Content-Length: 5"], ["Transfer-Encoding: chunked"], []]) {
      assert.equal(framing(HEAD, 200, ...lines), FRAMING.NONE);
      for (const status of [100, 103, 199, 204, 304])
        assert.equal(framing(GET, status, ...lines), FRAMING.NONE, `${status}`);
    }
  });

  it("keeps the length that the framing ignores", () => {
    const head = responseHead(METHOD.HEAD, "HTTP/1.1 200 OK", "Content-Length: 5");
    assert.equal(head.contentLength, 5);
  });

  it("says whether its connection can be used again", () => {
    const stays = (...lines: readonly string[]): boolean => answerToGet(...lines).persistent;
    assert.equal(stays("HTTP/1.1 200 OK", "Content-Length: 0"), true);
    assert.equal(stays("HTTP/1.1 200 OK", "Content-Length: 0", "Connection: close"), false);
    assert.equal(stays("HTTP/1.1 200 OK"), false);
    assert.equal(stays("HTTP/1.0 200 OK", "Content-Length: 0"), false);
    assert.equal(stays("HTTP/1.0 200 OK", "Content-Length: 0", "Connection: keep-alive"), true);
    assert.equal(stays("HTTP/1.0 200 OK", "Connection: keep-alive"), false);
  });

  it("announces another protocol with 101 alone", () => {
    const lines = ["Connection: upgrade", "Upgrade: websocket"];
    assert.equal(answerToGet("HTTP/1.1 101 Switching Protocols", ...lines).upgrade, true);
    assert.equal(answerToGet("HTTP/1.1 426 Upgrade Required", ...lines).upgrade, false);
  });
});
