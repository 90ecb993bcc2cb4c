// Takes a byte stream apart into frames, however it was cut into reads. Frames are passed on whole: as views of the read
// buffer, or copied together when a read ended within them. TLS hands out at most 16 KiB at a time, and passing on DATA so
// would cost its receiver a write for each piece: 64 KiB bodies then take a third more CPU.
import {
  FLAG,
  FRAME,
  type FrameType,
  findHeaderViolation,
  HEADER_SIZE,
  LAST_TYPE,
  type LinkViolation,
  MAX_PAYLOAD,
  readNumber,
} from "./frames.ts";

/** Takes what the decoder finds. Byte ranges are valid only during the call. An answer other than undefined ends the link. */
export interface FrameReceiver {
  /** A whole frame of a known type other than DATA; sizes and stream ids are as the type demands. */
  onFrame(
    type: FrameType,
    flags: number,
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
  ): LinkViolation | undefined;
  /** A DATA frame; `last` when the message ends with it. Empty only if `last`. */
  onData(
    stream: number,
    bytes: Buffer,
    start: number,
    end: number,
    last: boolean,
  ): LinkViolation | undefined;
}

/** What comes next. */
const HEADER = 0;
const PAYLOAD = 1;
/** The payload of a frame of an unknown type. */
const IGNORED = 2;
type Expected = typeof HEADER | typeof PAYLOAD | typeof IGNORED;

const NOTHING = Buffer.alloc(0);

export class FrameDecoder {
  readonly #receiver: FrameReceiver;
  readonly #header = Buffer.alloc(HEADER_SIZE);
  #headerLength = 0;
  #expected: Expected = HEADER;
  #type: FrameType = FRAME.SETTINGS;
  #flags = 0;
  #stream = 0;
  /** Bytes of the payload that are still to come. */
  #remaining = 0;
  /** The beginning of a payload that a read ended within. */
  #part: Buffer | undefined;
  #partLength = 0;
  #begun = false;
  #stopped = false;

  constructor(receiver: FrameReceiver) {
    this.#receiver = receiver;
  }

  /** Nothing more is passed on, not even of the bytes being read. */
  stop(): void {
    this.#stopped = true;
    this.#releasePart();
  }

  /** Reads `bytes[0, end)`. Returns why the link has to end, if it has to. */
  push(bytes: Buffer, end: number): LinkViolation | undefined {
    let at = 0;
    while (at < end && !this.#stopped) {
      if (this.#expected === HEADER) {
        at = this.#readHeader(bytes, at, end);
        if (this.#headerLength > 0) return undefined;
        const violation = this.#begin();
        if (violation !== undefined) return violation;
      } else {
        const size = Math.min(this.#remaining, end - at);
        const violation = this.#readPayload(bytes, at, at + size);
        if (violation !== undefined) return violation;
        at += size;
      }
    }
    return undefined;
  }

  /** Leaves `headerLength` above 0 when the header is not complete. */
  #readHeader(bytes: Buffer, at: number, end: number): number {
    if (this.#headerLength === 0 && end - at >= HEADER_SIZE) {
      this.#parseHeader(bytes, at);
      return at + HEADER_SIZE;
    }
    const size = Math.min(HEADER_SIZE - this.#headerLength, end - at);
    bytes.copy(this.#header, this.#headerLength, at, at + size);
    this.#headerLength += size;
    if (this.#headerLength === HEADER_SIZE) {
      this.#headerLength = 0;
      this.#parseHeader(this.#header, 0);
    }
    return at + size;
  }

  #parseHeader(bytes: Buffer, at: number): void {
    const first = readNumber(bytes, at);
    this.#remaining = Math.floor(first / 256);
    this.#type = first & 15;
    this.#flags = (first >>> 4) & 15;
    this.#stream = readNumber(bytes, at + 4);
  }

  #begin(): LinkViolation | undefined {
    const type = this.#type;
    if (this.#begun === (type === FRAME.SETTINGS))
      return this.#begun ? "SETTINGS_REPEATED" : "SETTINGS_MISSING";
    this.#begun = true;
    const violation = findHeaderViolation(type, this.#flags, this.#stream, this.#remaining);
    if (violation !== undefined) return violation;
    this.#expected = type > LAST_TYPE ? IGNORED : PAYLOAD;
    return this.#remaining === 0 ? this.#readPayload(NOTHING, 0, 0) : undefined;
  }

  /** `bytes[start, end)` is of one payload. */
  #readPayload(bytes: Buffer, start: number, end: number): LinkViolation | undefined {
    const expected = this.#expected;
    this.#remaining -= end - start;
    const isComplete = this.#remaining === 0;
    if (isComplete) this.#expected = HEADER;
    if (expected === IGNORED) return undefined;
    if (isComplete && this.#part === undefined) return this.#deliver(bytes, start, end);
    return this.#collect(bytes, start, end, isComplete);
  }

  #collect(
    bytes: Buffer,
    start: number,
    end: number,
    isComplete: boolean,
  ): LinkViolation | undefined {
    const part = this.#part ?? takePart();
    bytes.copy(part, this.#partLength, start, end);
    this.#partLength += end - start;
    this.#part = part;
    if (!isComplete) return undefined;
    const violation = this.#deliver(part, 0, this.#partLength);
    this.#releasePart();
    return violation;
  }

  #releasePart(): void {
    if (this.#part !== undefined) giveBackPart(this.#part);
    this.#part = undefined;
    this.#partLength = 0;
  }

  #deliver(bytes: Buffer, start: number, end: number): LinkViolation | undefined {
    if (this.#type !== FRAME.DATA) {
      return this.#receiver.onFrame(this.#type, this.#flags, this.#stream, bytes, start, end);
    }
    return this.#receiver.onData(this.#stream, bytes, start, end, (this.#flags & FLAG.END) !== 0);
  }
}

/** Memory for frames that arrive in parts, kept for the next ones: a link needs one at a time, and mostly none. */
const MAX_SPARE = 16;
const spare: Buffer[] = [];

function takePart(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(MAX_PAYLOAD);
}

function giveBackPart(part: Buffer): void {
  if (spare.length < MAX_SPARE) spare.push(part);
}
