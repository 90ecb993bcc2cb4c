// What frames look like, as docs/links.md describes them: their header, their types, what is illegal. Neither reading nor
// composing whole frames happens here.

/** 24 bits of payload length, 4 bits of flags, 4 bits of type, 32 bits of stream id; big endian. */
export const HEADER_SIZE = 8;

export const FRAME = {
  SETTINGS: 0,
  REQUEST: 1,
  RESPONSE: 2,
  DATA: 3,
  TRAILERS: 4,
  WINDOW: 5,
  RESET: 6,
  PING: 7,
  PONG: 8,
  GOAWAY: 9,
} as const;
/** Others may come from later versions, and are ignored. */
export type FrameType = number;

/** The highest type of this version. */
export const LAST_TYPE: number = FRAME.GOAWAY;

export const FLAG = {
  /** REQUEST, RESPONSE, DATA: nothing of this message follows. */
  END: 1,
  /** REQUEST: the caller spoke HTTP/2. */
  HTTP2: 2,
} as const;

/** The most bytes of a body in one frame: a whole read. */
export const MAX_DATA = 65_536;
/** The most bytes of a message's head. */
export const MAX_HEAD = 65_536;
/** The most bytes of a frame's payload: a whole head, and as much of its body as one frame takes. */
export const MAX_PAYLOAD: number = MAX_HEAD + MAX_DATA;
/** The most bytes of codes and reasons. */
const MAX_TEXT = 64;
/** The longest field section of trailers, its empty line included. */
export const MAX_TRAILERS = 8_192;
/** The most bytes a sender may ever have been granted and not yet used. */
export const MAX_WINDOW = 0x7fff_ffff;
/** Stream ids are odd and grow; a caller's link that comes to this one accepts no more requests. */
export const LAST_STREAM_ID = 0x7fff_ffff;

/** Instead of a failure's code in RESET: the sender has lost interest. */
export const CANCELLED = "CANCELLED";
/** The reason in a GOAWAY that is no violation: what was accepted is still carried out. */
export const DRAINING = "DRAINING";
/** The same of a callee whose application ends: whoever stands at its place then serves nothing, so ask others. */
export const DEPARTING = "DEPARTING";

/** What a peer can break a link with. The reason in the GOAWAY that it gets, and a metric's label. */
export type LinkViolation =
  | "FRAME_TOO_LONG"
  | "PAYLOAD_SIZE"
  | "SETTINGS_MISSING"
  | "SETTINGS_REPEATED"
  | "SETTINGS_INVALID"
  | "STREAM_ID"
  | "STREAM_REUSED"
  | "STREAM_IDLE"
  | "TOO_MANY_STREAMS"
  | "UNEXPECTED_FRAME"
  | "WINDOW_EXCEEDED"
  | "WINDOW_OVERFLOW"
  | "NOT_READING";

/** Writes a frame's header at `at`. */
export function writeFrameHeader(
  out: Buffer,
  at: number,
  type: FrameType,
  flags: number,
  stream: number,
  length: number,
): void {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = (flags << 4) | type;
  writeNumber(out, at + 4, stream);
}

/** Four bytes, big endian. */
export function writeNumber(out: Buffer, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** Four bytes, big endian, unsigned. */
export function readNumber(bytes: Buffer, at: number): number {
  const high = (bytes[at] as number) * 0x100_0000;
  const low =
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number);
  return high + low;
}

/** Bytes of a payload by type: what is shorter or longer is PAYLOAD_SIZE. SETTINGS and GOAWAY may grow in later versions. */
const SHORTEST: readonly number[] = [16, 1, 1, 0, 2, 4, 1, 8, 8, 4];
const LONGEST: readonly number[] = [
  ...[MAX_TEXT, MAX_PAYLOAD, MAX_PAYLOAD, MAX_DATA, MAX_TRAILERS],
  ...[4, MAX_TEXT, 8, 8, 4 + MAX_TEXT],
];

/** Whether a frame with this header may exist at all, whatever the state of its stream. */
export function findHeaderViolation(
  type: FrameType,
  flags: number,
  stream: number,
  length: number,
): LinkViolation | undefined {
  if (length > MAX_PAYLOAD) return "FRAME_TOO_LONG";
  if (type > LAST_TYPE) return undefined;
  if (length < (SHORTEST[type] as number) || length > (LONGEST[type] as number))
    return "PAYLOAD_SIZE";
  if (type === FRAME.DATA && length === 0 && (flags & FLAG.END) === 0) return "PAYLOAD_SIZE";
  return isRightStream(type, stream) ? undefined : "STREAM_ID";
}

function isRightStream(type: FrameType, stream: number): boolean {
  if (type < FRAME.REQUEST || type > FRAME.RESET) return stream === 0;
  return (stream & 1) === 1 && stream <= LAST_STREAM_ID;
}
