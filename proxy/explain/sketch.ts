// A request that nobody sends, put together as a caller would send it and read by the parser that reads real ones.
import { MeshError } from "../../mesh/errors.ts";
import { MessageHead } from "../http1/message-head.ts";
import { parseRequestHead } from "../http1/parse-request.ts";
import { HEAD_LIMITS } from "../http1/violation.ts";

export interface RequestSketch {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What callers write into Host, unless it is among the headers. */
  readonly host: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Throws CONFIGURATION_INVALID for what the mesh would refuse as malformed, and says why. */
export function readSketch({ method, path, host, headers }: RequestSketch): MessageHead {
  const named = headers.some(([name]) => name.toLowerCase() === "host");
  const fields = named ? headers : [["host", host] as const, ...headers];
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines}\r\n`);
  const head = parseHead(bytes);
  // A line break within a part would end the head early, or make fields of its own.
  if (head !== undefined && head.count === fields.length) return head;
  const refused = new MessageHead();
  parseRequestHead(refused, bytes, 0, bytes.length, HEAD_LIMITS);
  throw new MeshError(
    "CONFIGURATION_INVALID",
    `expected a request that can be sent, but ${refused.violation?.reason ?? "its parts hold line breaks"}`,
  );
}

/** The same head with bytes of its own, for those whose head is valid during a call only. */
export function copyOf({ bytes, start, end }: MessageHead): MessageHead {
  return parseHead(Buffer.from(bytes.subarray(start, end))) ?? new MessageHead();
}

function parseHead(bytes: Buffer): MessageHead | undefined {
  const head = new MessageHead();
  const next = parseRequestHead(head, bytes, 0, bytes.length, HEAD_LIMITS);
  return next === bytes.length ? head : undefined;
}
