// Composing responses for an HTTP/1.1 caller: the framing is ours, whatever the destination's was.
import { FAILURE_FIELD, type LocalAnswer } from "../failures.ts";
import { FRAMING, type Framing, type MessageHead } from "../http1/message-head.ts";
import { CONNECTION, type ResponseEdit, writeResponseHead } from "../http1/write-head.ts";
import type { Output } from "../transport/output.ts";
import type { Ending } from "./streams.ts";
import { writeBody } from "./write-body.ts";

/** Filled anew for each response and read only while its head is written. */
const edit: { -readonly [Name in keyof ResponseEdit]: ResponseEdit[Name] } = {
  connection: CONNECTION.NONE,
  framing: FRAMING.NONE,
};

const REASONS: Readonly<Record<number, string>> = {
  204: "No Content",
  205: "Reset Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  414: "URI Too Long",
  417: "Expectation Failed",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

export class ResponseWriter {
  #framing: Framing = FRAMING.NONE;

  /** Whether a caller can tell by itself that a body was cut short. */
  get showsCut(): boolean {
    return this.#framing !== FRAMING.UNTIL_CLOSE;
  }

  /** An interim response. */
  inform(output: Output, head: MessageHead): void {
    edit.connection = CONNECTION.NONE;
    edit.framing = FRAMING.NONE;
    output.length = writeResponseHead(output.bytes, output.length, head, edit);
  }

  /**
   * The head of a response to a caller that speaks HTTP/1.`minor`. Returns whether the connection can be kept: a body whose
   * end only the close tells cannot be told otherwise to HTTP/1.0.
   */
  begin(output: Output, head: MessageHead, minor: number, keep: boolean): boolean {
    const framing = framingFor(head.framing, minor);
    const kept = keep && framing !== FRAMING.UNTIL_CLOSE;
    this.#framing = framing;
    edit.framing = framing;
    if (head.status === 101) edit.connection = CONNECTION.UPGRADE;
    else if (!kept) edit.connection = CONNECTION.CLOSE;
    else edit.connection = minor === 0 ? CONNECTION.KEEP_ALIVE : CONNECTION.NONE;
    output.length = writeResponseHead(output.bytes, output.length, head, edit);
    return kept;
  }

  body(output: Output, bytes: Buffer, start: number, end: number, ending: Ending): void {
    writeBody(output, this.#framing, bytes, start, end, ending);
  }
}

/** What the destination framed by closing is framed in chunks where the caller understands them, so that a cut shows. */
function framingFor(framing: Framing, minor: number): Framing {
  if (framing !== FRAMING.CHUNKED && framing !== FRAMING.UNTIL_CLOSE) return framing;
  return minor === 0 ? FRAMING.UNTIL_CLOSE : FRAMING.CHUNKED;
}

/**
 * What the head of an answer says about its body: nothing where there cannot be one (RFC 9110 §8.6). 205 is not among those
 * for readers of HTTP/1.1 (RFC 9112 §6.3), who would wait for the end of the connection.
 */
export function bodyLines({ status, text }: LocalAnswer): string {
  if (status === 204 || status === 304) return "";
  const type = text === "" ? "" : "content-type: text/plain; charset=utf-8\r\n";
  return `${type}content-length: ${Buffer.byteLength(text)}\r\n`;
}

/** A response of the mesh itself. `withBody` is false for answers to HEAD. */
export function writeAnswer(
  output: Output,
  answer: LocalAnswer,
  { keep, withBody }: { keep: boolean; withBody: boolean },
): void {
  const { code, status, fields, text } = answer;
  const message =
    `HTTP/1.1 ${status} ${REASONS[status] ?? "Status"}\r\n${bodyLines(answer)}` +
    `${code === undefined ? "" : `${FAILURE_FIELD}: ${code}\r\n`}` +
    `${fields}${keep ? "" : "connection: close\r\n"}\r\n${withBody ? text : ""}`;
  output.length += output.bytes.write(message, output.length, "utf8");
}
