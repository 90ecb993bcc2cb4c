// Heads as they go on: the lines that may pass, and our own for everything that concerns framing and the connection.
// Most heads lose no line or one, so what is kept is copied in runs of neighbouring lines.
import { COLON, CR, LF, SP, ZERO } from "./characters.ts";
import { FIELD, FRAMING, type Framing, type MessageHead } from "./message-head.ts";

/** What a request gains on its way. */
export interface RequestEdit {
  /** Field lines, each with its CRLF. */
  readonly added: Buffer;
  /** Appended to what came as `x-forwarded-for`; undefined leaves those fields alone. */
  readonly forwardedFor: Buffer | undefined;
  /** For a request without Host (HTTP/1.0). */
  readonly host: Buffer;
  /** Whether `TE: trailers` goes on. */
  readonly http2: boolean;
  /** Field lines that say how long the answer is waited for, in place of those that came; the head's last lines. */
  readonly timeLeft: Buffer | undefined;
  /** Field lines that tell of the request's trace, in place of those that came; undefined leaves those alone. */
  readonly trace: Buffer | undefined;
}

/** What a response says about the connection it goes over. */
export const CONNECTION = { NONE: 0, CLOSE: 1, KEEP_ALIVE: 2, UPGRADE: 3 } as const;
export type Connection = (typeof CONNECTION)[keyof typeof CONNECTION];

export interface ResponseEdit {
  readonly connection: Connection;
  /** How the body is framed from here on. */
  readonly framing: Framing;
}

/** More than all lines of ours with a fixed text take together. */
const FIXED_ROOM = 256;
/** A line that is written without its padding may gain the usual blank: `a:b` becomes `a: b`. */
const ROOM_PER_LINE = 1;
/** Copies of fewer bytes are faster in a loop than through a native call. */
const SHORT_COPY = 64;

const REQUEST_VERSION = Buffer.from(" HTTP/1.1\r\n");
const RESPONSE_VERSION = Buffer.from("HTTP/1.1 ");
const CONTENT_LENGTH = Buffer.from("content-length: ");
const CHUNKED = Buffer.from("transfer-encoding: chunked\r\n");
const HOST = Buffer.from("host: ");
const FORWARDED_FOR = Buffer.from("x-forwarded-for: ");
const SEPARATOR = Buffer.from(", ");
const UPGRADE = Buffer.from("connection: upgrade\r\nupgrade: ");
const TRAILERS = Buffer.from("connection: te\r\nte: trailers\r\n");
const CONTINUE = Buffer.from("expect: 100-continue\r\n");
const CLOSE = Buffer.from("connection: close\r\n");
const KEEP_ALIVE = Buffer.from("connection: keep-alive\r\n");

/** Fields of one connection, and what we write ourselves. */
const HOP_BY_HOP: readonly number[] = [
  FIELD.CONNECTION,
  FIELD.CONTENT_LENGTH,
  FIELD.TRANSFER_ENCODING,
  FIELD.KEEP_ALIVE,
  FIELD.UPGRADE,
  FIELD.TE,
  FIELD.TRAILER,
  FIELD.PROXY_CONNECTION,
  FIELD.PROXY_AUTHENTICATE,
  FIELD.PROXY_AUTHORIZATION,
  FIELD.X_MESH,
];

/** By field: 1 when its lines do not go on. */
type Dropped = Uint8Array;

function dropped(...more: readonly number[]): Dropped {
  const table = new Uint8Array(32);
  for (const field of [...HOP_BY_HOP, ...more]) table[field] = 1;
  return table;
}

const OF_REQUESTS = dropped(
  FIELD.EXPECT,
  FIELD.X_FORWARDED_CLIENT_CERT,
  FIELD.LOOKALIKE,
  FIELD.DISBELIEVED,
);
/** By whether `x-forwarded-for`, Host, the time left and the trace are written anew. */
const REQUEST_TABLES: readonly Dropped[] = Array.from({ length: 16 }, (_, which) => {
  const table = OF_REQUESTS.slice();
  if (which & 1) table[FIELD.X_FORWARDED_FOR] = 1;
  if (which & 2) table[FIELD.HOST] = 1;
  if (which & 4) {
    table[FIELD.X_ENVOY_EXPECTED_RQ_TIMEOUT_MS] = 1;
    table[FIELD.GRPC_TIMEOUT] = 1;
  }
  if (which & 8) {
    table[FIELD.TRACEPARENT] = 1;
    table[FIELD.TRACESTATE] = 1;
    table[FIELD.B3] = 1;
    table[FIELD.X_B3] = 1;
  }
  return table;
});
const OF_RESPONSES: Dropped = dropped();

/** At least as many bytes as {@link writeRequestHead} writes. */
export function requestHeadRoom(head: MessageHead, edit: RequestEdit): number {
  const { added, forwardedFor, host, timeLeft, trace } = edit;
  const optional = (forwardedFor?.length ?? 0) + (timeLeft?.length ?? 0) + (trace?.length ?? 0);
  const given = added.length + host.length + optional;
  return responseHeadRoom(head) + given;
}

/** At least as many bytes as {@link writeResponseHead} writes. */
export function responseHeadRoom(head: MessageHead): number {
  return head.end - head.start + head.count * ROOM_PER_LINE + FIXED_ROOM;
}

/** Writes the head that goes on to `out` at `at`; returns the offset after it. */
export function writeRequestHead(
  out: Buffer,
  at: number,
  head: MessageHead,
  edit: RequestEdit,
): number {
  const { bytes, authorityStart, authorityEnd } = head;
  const { forwardedFor, timeLeft, trace } = edit;
  const absolute = authorityStart !== authorityEnd;
  let to = writeRequestLine(out, at, head);
  if (absolute) to = writeLine(out, to, HOST, bytes, authorityStart, authorityEnd);
  else if (head.hostField < 0) to = writeLine(out, to, HOST, edit.host, 0, edit.host.length);
  const table = REQUEST_TABLES[
    (forwardedFor === undefined ? 0 : 1) +
      (absolute ? 2 : 0) +
      (timeLeft === undefined ? 0 : 4) +
      (trace === undefined ? 0 : 8)
  ] as Dropped;
  to = writeKept(out, to, head, table);
  to = write(out, to, edit.added, 0, edit.added.length);
  if (trace !== undefined) to = write(out, to, trace, 0, trace.length);
  if (forwardedFor !== undefined) to = writeForwardedFor(out, to, head, forwardedFor);
  to = writeFraming(out, to, head.framing, head.contentLength);
  if (head.upgrade) to = writeUpgrade(out, to, head);
  else if (edit.http2 && head.acceptsTrailers) to = write(out, to, TRAILERS, 0, TRAILERS.length);
  if (head.expectsContinue) to = write(out, to, CONTINUE, 0, CONTINUE.length);
  if (timeLeft !== undefined) to = write(out, to, timeLeft, 0, timeLeft.length);
  return writeLineEnd(out, to);
}

/** Writes the head that goes on to `out` at `at`; returns the offset after it. */
export function writeResponseHead(
  out: Buffer,
  at: number,
  head: MessageHead,
  edit: ResponseEdit,
): number {
  const { status } = head;
  let to = write(out, at, RESPONSE_VERSION, 0, RESPONSE_VERSION.length);
  to = writeNumber(out, to, status);
  out[to] = SP;
  to = write(out, to + 1, head.bytes, head.reasonStart, head.reasonEnd);
  to = writeLineEnd(out, to);
  to = writeKept(out, to, head, OF_RESPONSES);
  // RFC 9110 §8.6: no Content-Length where there cannot be a body.
  if (status >= 200 && status !== 204) to = writeFraming(out, to, edit.framing, head.contentLength);
  if (edit.connection === CONNECTION.CLOSE) to = write(out, to, CLOSE, 0, CLOSE.length);
  else if (edit.connection === CONNECTION.KEEP_ALIVE)
    to = write(out, to, KEEP_ALIVE, 0, KEEP_ALIVE.length);
  else if (edit.connection === CONNECTION.UPGRADE) to = writeUpgrade(out, to, head);
  return writeLineEnd(out, to);
}

function writeRequestLine(out: Buffer, at: number, head: MessageHead): number {
  const { bytes } = head;
  let to = write(out, at, bytes, head.methodStart, head.methodEnd);
  out[to] = SP;
  to += 1;
  const prefix = head.targetPrefix();
  if (prefix !== "") {
    out[to] = prefix.charCodeAt(0);
    to += 1;
  }
  to = write(out, to, bytes, head.targetStart, head.targetEnd);
  return write(out, to, REQUEST_VERSION, 0, REQUEST_VERSION.length);
}

/** Copies the field lines that may pass. */
function writeKept(out: Buffer, at: number, head: MessageHead, table: Dropped): number {
  const { bytes, count, names, nameStart, lineEnd, nominated, padded } = head;
  if (count === 0) return at;
  let to = at;
  let runStart = nameStart[0] as number;
  for (let index = 0; index < count; index += 1) {
    const drops =
      table[names[index] as number] === 1 || (nominated !== undefined && isNominated(head, index));
    if (!drops && !padded) continue;
    to = write(out, to, bytes, runStart, nameStart[index] as number);
    if (!drops) to = writeField(out, to, head, index);
    runStart = lineEnd[index] as number;
  }
  return write(out, to, bytes, runStart, lineEnd[count - 1] as number);
}

/** A line without padding: some servers take a tab for a part of the value, on which others have decided without it. */
function writeField(out: Buffer, at: number, head: MessageHead, index: number): number {
  const { bytes } = head;
  let to = write(out, at, bytes, head.nameStart[index] as number, head.nameEnd[index] as number);
  out[to] = COLON;
  out[to + 1] = SP;
  to = write(out, to + 2, bytes, head.valueStart[index] as number, head.valueEnd[index] as number);
  return writeLineEnd(out, to);
}

function isNominated(head: MessageHead, index: number): boolean {
  const name = head.bytes.toString("latin1", head.nameStart[index], head.nameEnd[index]);
  return head.nominated?.has(name.toLowerCase()) === true;
}

function writeFraming(out: Buffer, at: number, framing: Framing, contentLength: number): number {
  if (framing === FRAMING.CHUNKED) return write(out, at, CHUNKED, 0, CHUNKED.length);
  if (framing === FRAMING.UNTIL_CLOSE || contentLength < 0) return at;
  const to = write(out, at, CONTENT_LENGTH, 0, CONTENT_LENGTH.length);
  return writeLineEnd(out, writeNumber(out, to, contentLength));
}

/** One field of all that came, unless `Connection` took it out, and our own value at the end. */
function writeForwardedFor(out: Buffer, at: number, head: MessageHead, own: Buffer): number {
  const { bytes, count, names, valueStart, valueEnd, nominated } = head;
  let to = write(out, at, FORWARDED_FOR, 0, FORWARDED_FOR.length);
  const keeps = nominated === undefined || !nominated.has("x-forwarded-for");
  for (let index = 0; keeps && index < count; index += 1) {
    const start = valueStart[index] as number;
    const end = valueEnd[index] as number;
    if (names[index] !== FIELD.X_FORWARDED_FOR || start === end) continue;
    to = write(out, to, bytes, start, end);
    to = write(out, to, SEPARATOR, 0, SEPARATOR.length);
  }
  return writeLineEnd(out, write(out, to, own, 0, own.length));
}

function writeUpgrade(out: Buffer, at: number, head: MessageHead): number {
  const { bytes, count, names, valueStart, valueEnd } = head;
  let to = write(out, at, UPGRADE, 0, UPGRADE.length);
  const begin = to;
  for (let index = 0; index < count; index += 1) {
    if (names[index] !== FIELD.UPGRADE) continue;
    if (to !== begin) to = write(out, to, SEPARATOR, 0, SEPARATOR.length);
    to = write(out, to, bytes, valueStart[index] as number, valueEnd[index] as number);
  }
  return writeLineEnd(out, to);
}

function writeLine(
  out: Buffer,
  at: number,
  name: Buffer,
  value: Buffer,
  start: number,
  end: number,
): number {
  const to = write(out, at, name, 0, name.length);
  return writeLineEnd(out, write(out, to, value, start, end));
}

function writeNumber(out: Buffer, at: number, value: number): number {
  let digits = 1;
  for (let rest = Math.floor(value / 10); rest > 0; rest = Math.floor(rest / 10)) digits += 1;
  let rest = value;
  for (let offset = at + digits - 1; offset >= at; offset -= 1) {
    out[offset] = ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  }
  return at + digits;
}

function writeLineEnd(out: Buffer, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

function write(out: Buffer, at: number, from: Buffer, start: number, end: number): number {
  if (end - start >= SHORT_COPY) {
    from.copy(out, at, start, end);
    return at + end - start;
  }
  let to = at;
  for (let offset = start; offset < end; offset += 1) out[to++] = from[offset] as number;
  return to;
}
