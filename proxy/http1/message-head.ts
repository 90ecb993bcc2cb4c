// The first part of a message as the parser leaves it: spans into the bytes it was read from, and the facts that
// decisions rest on. One record per engine, filled anew for every message: whoever wants to keep something copies it.
import { equalsFolded, QUESTION_MARK } from "./characters.ts";
import { REFUSED, type Violation } from "./violation.ts";

/** Methods the engine must know; every other token is `OTHER` and goes on as it came. */
export const METHOD = {
  OTHER: 0,
  GET: 1,
  HEAD: 2,
  POST: 3,
  PUT: 4,
  DELETE: 5,
  CONNECT: 6,
  OPTIONS: 7,
  TRACE: 8,
  PATCH: 9,
} as const;
export type Method = (typeof METHOD)[keyof typeof METHOD];

/** How the end of a message's body is known (RFC 9112 §6.3). */
export const FRAMING = {
  /** There is no body. */
  NONE: 0,
  /** `contentLength` bytes, more than none. */
  LENGTH: 1,
  CHUNKED: 2,
  /** Responses alone: until the connection closes. */
  UNTIL_CLOSE: 3,
} as const;
export type Framing = (typeof FRAMING)[keyof typeof FRAMING];

/** Fields that the engine acts on; every other name is 0 in {@link MessageHead.names}. */
export const FIELD = {
  OTHER: 0,
  CONNECTION: 1,
  CONTENT_LENGTH: 2,
  TRANSFER_ENCODING: 3,
  HOST: 4,
  KEEP_ALIVE: 5,
  UPGRADE: 6,
  TE: 7,
  TRAILER: 8,
  PROXY_CONNECTION: 9,
  PROXY_AUTHENTICATE: 10,
  PROXY_AUTHORIZATION: 11,
  EXPECT: 12,
  X_FORWARDED_FOR: 13,
  X_FORWARDED_CLIENT_CERT: 14,
  /** Any name that begins with `x-mesh-`. */
  X_MESH: 15,
  /**
   * One of these names with `_` for `-`, such as `x_forwarded_client_cert`: many servers hand both spellings to
   * applications under one name (CGI and its heirs), so it could stand in for the genuine one.
   */
  LOOKALIKE: 16,
  /** `x-envoy-expected-rq-timeout-ms`: how long the sender waits for the answer. */
  X_ENVOY_EXPECTED_RQ_TIMEOUT_MS: 17,
  /** The same in gRPC. */
  GRPC_TIMEOUT: 18,
  /** W3C Trace Context. */
  TRACEPARENT: 19,
  TRACESTATE: 20,
  /** Zipkin's forms of the same: one field, or several whose names begin with `x-b3-`. */
  B3: 21,
  X_B3: 22,
  /** Whatever its name: a gateway has found that its client says what only the gateway can know. */
  DISBELIEVED: 23,
} as const;
export type FieldName = (typeof FIELD)[keyof typeof FIELD];

/** Bits of {@link MessageHead.traced}. */
export const TRACED = { PARENT: 1, STATE: 2, B3: 4, X_B3: 8, SECOND_PARENT: 16 } as const;

/**
 * The most fields a head may have; one more is a violation. More than what senders may send (`HEAD_LIMITS`), policies may
 * add (16 set, 16 added) and we write ourselves, since a change that does not fit would not be made.
 */
export const MAX_FIELDS = 160;

const NOTHING = Buffer.alloc(0);

/** A request's or response's head. Numbers named `…Start` and `…End` are offsets into `bytes`, end exclusive. */
export class MessageHead {
  /** What the spans point into; valid only during the call that hands the head over. */
  bytes: Buffer = NOTHING;
  /** Where the head begins, and the first byte after the empty line that ends it. */
  start = 0;
  end = 0;

  // Request line.
  method: Method = METHOD.OTHER;
  methodStart = 0;
  methodEnd = 0;
  /**
   * In origin-form or `*`: of an absolute-form target what follows the authority. That may be empty or begin with `?`;
   * {@link targetPrefix} says what is missing.
   */
  targetStart = 0;
  targetEnd = 0;
  /** The authority of an absolute-form target, equal start and end without one. It replaces Host (RFC 9112 §3.2.2). */
  authorityStart = 0;
  authorityEnd = 0;

  // Status line.
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  /** HTTP/1.x: 0 or 1. */
  minor = 1;

  // Field lines in order; parallel arrays, `count` entries. Values are without surrounding white space.
  count = 0;
  readonly names: Uint8Array = new Uint8Array(MAX_FIELDS);
  readonly nameStart: Int32Array = new Int32Array(MAX_FIELDS);
  readonly nameEnd: Int32Array = new Int32Array(MAX_FIELDS);
  readonly valueStart: Int32Array = new Int32Array(MAX_FIELDS);
  readonly valueEnd: Int32Array = new Int32Array(MAX_FIELDS);
  /** The first byte after the line's CRLF. */
  readonly lineEnd: Int32Array = new Int32Array(MAX_FIELDS);

  /** A line has more white space around its value than the usual one blank before it. */
  padded = false;

  // What the fields say, decided once.
  framing: Framing = FRAMING.NONE;
  /** The value of Content-Length, also where the framing ignores it (HEAD, 304); -1 without one. */
  contentLength = -1;
  /** The index of the Host field; -1 without one. */
  hostField = -1;
  /** Whether the sender keeps the connection open after this message (RFC 9112 §9.3). */
  persistent = true;
  /** A request that asks for, or a response (101) that announces another protocol, `Connection: upgrade` included. */
  upgrade = false;
  /** A request with `Expect: 100-continue`. */
  expectsContinue = false;
  /** Whether a field says how long the sender waits. */
  hasTimeout = false;
  /** Which fields tell of the trace that the request belongs to: bits of {@link TRACED}. */
  traced = 0;
  /** Whether a `TE` field accepts trailers. */
  acceptsTrailers = false;
  /** Names that `Connection` lists beyond the usual ones, lower case; undefined without any. */
  nominated: Set<string> | undefined = undefined;

  /** Why the head was refused; meaningful after REFUSED alone. */
  violation: Violation | undefined = undefined;

  /** The request's method as text. */
  methodText(): string {
    return this.bytes.toString("latin1", this.methodStart, this.methodEnd);
  }

  /** What is put before the target span to make it whole: nothing, `/`, or `*` (RFC 9112 §3.2.1, §3.2.4). */
  targetPrefix(): "" | "/" | "*" {
    if (this.targetStart === this.targetEnd) return this.method === METHOD.OPTIONS ? "*" : "/";
    return this.bytes[this.targetStart] === QUESTION_MARK ? "/" : "";
  }

  /** The request's target as text, just as it goes on. */
  targetText(): string {
    const rest = this.bytes.toString("latin1", this.targetStart, this.targetEnd);
    return this.targetPrefix() + rest;
  }

  /** Whom the request is for, as text: the target's authority or else the Host field; empty without either. */
  authorityText(): string {
    const { bytes, authorityStart, authorityEnd, hostField } = this;
    if (authorityStart !== authorityEnd)
      return bytes.toString("latin1", authorityStart, authorityEnd);
    if (hostField < 0) return "";
    return bytes.toString("latin1", this.valueStart[hostField], this.valueEnd[hostField]);
  }

  /** The values of all fields of that name (given in lower case), joined with `, `; undefined without such a field. */
  fieldText(name: string): string | undefined {
    const wanted = Buffer.from(name, "latin1");
    let text: string | undefined;
    for (let index = 0; index < this.count; index += 1) {
      if (this.names[index] === FIELD.DISBELIEVED) continue;
      const start = this.nameStart[index] as number;
      if (!equalsFolded(this.bytes, start, this.nameEnd[index] as number, wanted)) continue;
      const value = this.bytes.toString("latin1", this.valueStart[index], this.valueEnd[index]);
      text = text === undefined ? value : `${text}, ${value}`;
    }
    return text;
  }

  /** Empties the record for the head that begins at `start`. */
  begin(bytes: Buffer, start: number): void {
    this.bytes = bytes;
    this.start = start;
    this.end = start;
    this.method = METHOD.OTHER;
    this.authorityStart = start;
    this.authorityEnd = start;
    this.status = 0;
    this.minor = 1;
    this.count = 0;
    this.padded = false;
    this.framing = FRAMING.NONE;
    this.contentLength = -1;
    this.hostField = -1;
    this.persistent = true;
    this.upgrade = false;
    this.expectsContinue = false;
    this.hasTimeout = false;
    this.traced = 0;
    this.acceptsTrailers = false;
    this.nominated = undefined;
    this.violation = undefined;
  }

  /** Notes why the head is refused; the answer is what the parsers return. */
  refuse(violation: Violation): typeof REFUSED {
    this.violation = violation;
    return REFUSED;
  }
}
