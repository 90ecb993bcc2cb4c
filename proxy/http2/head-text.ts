// HEADERS as HTTP/1.1 text, so that there is one parser, one set of limits and one record for heads of either version. The
// text is trusted no more than a stranger's: nothing counts before the strict parser has accepted all of it as what was put in.
import { METHOD, type MessageHead, type Method } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { parseResponseHead } from "../http1/parse-response.ts";
import { HEAD_LIMITS, type Violation } from "../http1/violation.ts";
import { BAD_VALUE } from "../http1/violations.ts";
import type { FieldPairs } from "./field-pairs.ts";

const CHUNKED = "transfer-encoding: chunked\r\n";
const EMPTY = "content-length: 0\r\n";

/**
 * Fills `head` from a request's fields. `ended`: there is no body. Returns why the request is refused, or undefined. What
 * RFC 9113 §8.2 and §8.3 forbid beyond the rules of HTTP/1.1, Node has refused before.
 */
export function readRequestFields(
  head: MessageHead,
  pairs: FieldPairs,
  ended: boolean,
): Violation | undefined {
  const request = new RequestText();
  for (let index = 0; index + 1 < pairs.length; index += 2)
    request.add(pairs[index] as string, pairs[index + 1] as string);
  const bytes = Buffer.from(request.compose(ended), "latin1");
  const next = parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS);
  return refusal(head, next, bytes.length, request.count);
}

/**
 * Fills `head` from a response's fields. `ended`: there is no body. Returns false when it is malformed. An absent length is
 * written as what the end of the HEADERS frame says: none at all, or to be seen at the end of the stream.
 */
export function readResponseFields(
  head: MessageHead,
  pairs: FieldPairs,
  ended: boolean,
  method: Method,
): boolean {
  const response = new Lines();
  let status = "";
  for (let index = 0; index + 1 < pairs.length; index += 2) {
    const name = pairs[index] as string;
    if (name === ":status") status = pairs[index + 1] as string;
    else response.add(name, pairs[index + 1] as string);
  }
  if (!response.hasLength && mayHaveBody(status, method)) response.frame(ended ? EMPTY : CHUNKED);
  const text = `HTTP/1.1 ${status} \r\n${response.text}\r\n`;
  const bytes = Buffer.from(text, "latin1");
  const next = parseResponseHead(head, bytes, 0, bytes.length, HEAD_LIMITS, method);
  return refusal(head, next, bytes.length, response.count) === undefined;
}

function mayHaveBody(status: string, method: Method): boolean {
  return method !== METHOD.HEAD && status[0] !== "1" && status !== "204" && status !== "304";
}

/** More or fewer fields than were put in, or more than one head: a line end was hidden in one of them. */
function refusal(
  head: MessageHead,
  next: number,
  length: number,
  count: number,
): Violation | undefined {
  if (next === length && head.count === count) return undefined;
  return head.violation ?? BAD_VALUE;
}

/** Field lines in the making. */
class Lines {
  text = "";
  count = 0;
  hasLength = false;

  add(name: string, value: string): void {
    this.text += `${name}: ${value}\r\n`;
    this.count += 1;
    if (name === "content-length") this.hasLength = true;
  }

  frame(line: string): void {
    this.text += line;
    this.count += 1;
  }
}

class RequestText {
  readonly #lines = new Lines();
  readonly #cookies: string[] = [];
  #method = "";
  #path: string | undefined;
  #authority: string | undefined;

  get count(): number {
    return this.#lines.count;
  }

  /** Pseudo-fields come first (RFC 9113 §8.3). */
  add(name: string, value: string): void {
    switch (name) {
      case ":method":
        this.#method = value;
        break;
      case ":path":
        this.#path = value;
        break;
      case ":authority":
        this.#authority = value;
        this.#lines.add("host", value);
        break;
      case ":scheme":
        break;
      case "host":
        // The same said twice; something else is refused as a second Host (RFC 9113 §8.3.1).
        if (value !== this.#authority) this.#lines.add(name, value);
        break;
      case "cookie":
        this.#cookies.push(value);
        break;
      default:
        this.#lines.add(name, value);
    }
  }

  compose(ended: boolean): string {
    const lines = this.#lines;
    // RFC 9113 §8.2.3: HTTP/1.1 knows one Cookie field only.
    if (this.#cookies.length > 0) lines.add("cookie", this.#cookies.join("; "));
    if (!ended && !lines.hasLength) lines.frame(CHUNKED);
    // CONNECT has no path; the parser is to say what it thinks of it.
    const target = this.#path ?? this.#authority ?? "";
    return `${this.#method} ${target} HTTP/1.1\r\n${lines.text}\r\n`;
  }
}
