// Heads for tests, parsed from text.
import assert from "node:assert/strict";
import { METHOD, MessageHead, type Method } from "../../../proxy/http1/message-head.ts";
import { parseRequestHead } from "../../../proxy/http1/parse-request.ts";
import { parseResponseHead } from "../../../proxy/http1/parse-response.ts";
import { HEAD_LIMITS, REFUSED } from "../../../proxy/http1/violation.ts";

/** The lines of a head, with CR LF and the empty line. */
export function headBytes(...lines: readonly string[]): Buffer {
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}

export function requestHead(...lines: readonly string[]): MessageHead {
  const head = new MessageHead();
  const bytes = headBytes(...lines);
  const end = parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS);
  assert.equal(end, bytes.length, head.violation?.reason);
  return head;
}

export function responseHead(method: Method, ...lines: readonly string[]): MessageHead {
  const head = new MessageHead();
  const bytes = headBytes(...lines);
  const end = parseResponseHead(head, bytes, 0, bytes.length, HEAD_LIMITS, method);
  assert.equal(end, bytes.length, head.violation?.reason);
  return head;
}

/** Why a request with these lines is refused. */
export function refusal(...lines: readonly string[]): string {
  const head = new MessageHead();
  const bytes = headBytes(...lines);
  assert.equal(parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS), REFUSED);
  const { violation } = head;
  return violation === undefined ? "" : `${violation.status} ${violation.reason}`;
}

/** A response to GET. */
export function answerToGet(...lines: readonly string[]): MessageHead {
  return responseHead(METHOD.GET, ...lines);
}
