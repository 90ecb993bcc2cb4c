// Finds the end of a body and takes the framing off (RFC 9112 §6.3, §7.1). One reader serves one message after another.
// Decoded data stays where it was read: pieces of one read are moved together, never out.
import { NO_TRAILERS, type Trailers } from "../http/streams.ts";
import {
  BACKSLASH,
  CLASSES,
  CR,
  EQUALS,
  HEX,
  LF,
  QUOTE,
  QUOTED,
  SEMICOLON,
  TOKEN,
  VALUE,
} from "./characters.ts";
import { FRAMING, type Framing } from "./message-head.ts";
import { TrailerReader } from "./trailers.ts";
import { INCOMPLETE, REFUSED, type Violation } from "./violation.ts";
import {
  BAD_CHUNK_END,
  BAD_CHUNK_EXTENSION,
  BAD_CHUNK_SIZE,
  CHUNK_EXTENSIONS_TOO_LONG,
} from "./violations.ts";

/** Hexadecimal digits, leading zeros included. */
const MAX_SIZE_DIGITS = 16;
/** All chunk extensions of a body together, from each `;` to the CR. */
const MAX_EXTENSION_BYTES = 16_384;
/** Moves of fewer bytes are faster in a loop than through a native call. */
const SHORT_MOVE = 64;

/** What the next byte belongs to. */
const STEP = {
  SIZE: 0,
  EXTENSION_NAME: 1,
  EXTENSION_VALUE: 2,
  QUOTED_TEXT: 3,
  QUOTED_PAIR: 4,
  EXTENSION_END: 5,
  SIZE_LF: 6,
  DATA: 7,
  DATA_CR: 8,
  DATA_LF: 9,
  TRAILERS: 10,
  /** Not in chunks: `remaining` bytes, or all there are. */
  LENGTH: 11,
  EVERYTHING: 12,
  DONE: 13,
} as const;
type Step = (typeof STEP)[keyof typeof STEP];

export class BodyReader {
  /** Where the last read left its decoded data. */
  dataStart = 0;
  dataEnd = 0;
  /** The body has ended; `trailers` are final. */
  done = true;
  trailers: Trailers = NO_TRAILERS;
  violation: Violation | undefined = undefined;

  #step: Step = STEP.DONE;
  /** Of the chunk or, without chunks, of the body. */
  #remaining = 0;
  #digits = 0;
  /** Bytes of the extension's name or value so far: neither may be empty. */
  #extensionToken = 0;
  #extensionBytes = 0;
  readonly #trailerReader = new TrailerReader();

  /** Starts a body. `contentLength` counts only with {@link FRAMING.LENGTH}. */
  begin(framing: Framing, contentLength: number): void {
    this.dataStart = 0;
    this.dataEnd = 0;
    this.trailers = NO_TRAILERS;
    this.violation = undefined;
    this.#remaining = 0;
    this.#digits = 0;
    this.#extensionToken = 0;
    this.#extensionBytes = 0;
    this.#step = STEP.DONE;
    if (framing === FRAMING.CHUNKED) this.#step = STEP.SIZE;
    else if (framing === FRAMING.UNTIL_CLOSE) this.#step = STEP.EVERYTHING;
    else if (framing === FRAMING.LENGTH && contentLength > 0) {
      this.#step = STEP.LENGTH;
      this.#remaining = contentLength;
    }
    this.done = this.#step === STEP.DONE;
  }

  /**
   * Takes the body's part of `bytes[start, end)`, which it may change. The decoded data is then `bytes[dataStart,
   * dataEnd)`. Returns the offset of the first byte that does not belong to the body, or REFUSED.
   */
  read(bytes: Buffer, start: number, end: number): number {
    this.dataStart = start;
    this.dataEnd = start;
    switch (this.#step) {
      case STEP.DONE:
        return start;
      case STEP.EVERYTHING:
        this.dataEnd = end;
        return end;
      case STEP.LENGTH:
        return this.#readLength(start, end);
      default:
        return this.#readChunks(bytes, start, end);
    }
  }

  #readLength(start: number, end: number): number {
    const taken = Math.min(this.#remaining, end - start);
    this.#remaining -= taken;
    this.dataEnd = start + taken;
    if (this.#remaining === 0) this.#finish();
    return this.dataEnd;
  }

  #finish(): void {
    this.#step = STEP.DONE;
    this.done = true;
  }

  #readChunks(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (at < end) {
      if (this.#step === STEP.DATA) at = this.#readData(bytes, at, end);
      else if (this.#step === STEP.TRAILERS) return this.#readTrailers(bytes, at, end);
      else {
        const violation = this.#readFraming(bytes[at] as number);
        if (violation !== undefined) return this.#refuse(violation);
        at += 1;
      }
    }
    return end;
  }

  #refuse(violation: Violation): number {
    this.violation = violation;
    return REFUSED;
  }

  #readData(bytes: Buffer, at: number, end: number): number {
    const next = at + Math.min(this.#remaining, end - at);
    this.#remaining -= next - at;
    if (this.#remaining === 0) this.#step = STEP.DATA_CR;
    if (this.dataStart === this.dataEnd) {
      this.dataStart = at;
      this.dataEnd = next;
    } else this.#append(bytes, at, next);
    return next;
  }

  /** Moves `bytes[from, to)` to the end of the decoded data, which lies before it. */
  #append(bytes: Buffer, from: number, to: number): void {
    let at = this.dataEnd;
    this.dataEnd += to - from;
    if (to - from < SHORT_MOVE)
      for (let source = from; source < to; source += 1) bytes[at++] = bytes[source] as number;
    else bytes.copyWithin(at, from, to);
  }

  #readTrailers(bytes: Buffer, at: number, end: number): number {
    const reader = this.#trailerReader;
    const next = reader.read(bytes, at, end);
    if (next === INCOMPLETE) return end;
    if (next === REFUSED) return this.#refuse(reader.violation ?? BAD_CHUNK_END);
    this.trailers = reader.trailers;
    this.#finish();
    return next;
  }

  /** One byte that is neither data nor part of the trailers. */
  #readFraming(byte: number): Violation | undefined {
    switch (this.#step) {
      case STEP.SIZE:
        return this.#readSize(byte);
      case STEP.SIZE_LF:
        if (byte !== LF) return BAD_CHUNK_SIZE;
        this.#endSize();
        return undefined;
      case STEP.DATA_CR:
        this.#step = STEP.DATA_LF;
        return byte === CR ? undefined : BAD_CHUNK_END;
      case STEP.DATA_LF:
        this.#step = STEP.SIZE;
        return byte === LF ? undefined : BAD_CHUNK_END;
      default:
        this.#extensionBytes += 1;
        if (this.#extensionBytes > MAX_EXTENSION_BYTES) return CHUNK_EXTENSIONS_TOO_LONG;
        return this.#readExtension(byte) ? undefined : BAD_CHUNK_EXTENSION;
    }
  }

  #readSize(byte: number): Violation | undefined {
    const digit = HEX[byte] as number;
    if (digit < 16) {
      this.#digits += 1;
      this.#remaining = this.#remaining * 16 + digit;
      const fits = this.#digits <= MAX_SIZE_DIGITS && this.#remaining <= Number.MAX_SAFE_INTEGER;
      return fits ? undefined : BAD_CHUNK_SIZE;
    }
    if (this.#digits === 0) return BAD_CHUNK_SIZE;
    if (byte === CR) this.#step = STEP.SIZE_LF;
    else if (byte === SEMICOLON) this.#startExtension();
    else return BAD_CHUNK_SIZE;
    return undefined;
  }

  #startExtension(): void {
    this.#step = STEP.EXTENSION_NAME;
    this.#extensionToken = 0;
    this.#extensionBytes += 1;
  }

  #endSize(): void {
    this.#digits = 0;
    if (this.#remaining > 0) this.#step = STEP.DATA;
    else {
      this.#step = STEP.TRAILERS;
      this.#trailerReader.begin();
    }
  }

  /** `;name`, `;name=token` and `;name="text"`; white space around them is not accepted (RFC 9112 §7.1.1). */
  #readExtension(byte: number): boolean {
    const classes = CLASSES[byte] as number;
    switch (this.#step) {
      case STEP.QUOTED_TEXT:
        if (byte === QUOTE) this.#step = STEP.EXTENSION_END;
        else if (byte === BACKSLASH) this.#step = STEP.QUOTED_PAIR;
        else return (classes & QUOTED) !== 0;
        return true;
      case STEP.QUOTED_PAIR:
        this.#step = STEP.QUOTED_TEXT;
        return (classes & VALUE) !== 0;
      case STEP.EXTENSION_END:
        return this.#endExtension(byte);
      default:
        if ((classes & TOKEN) === 0) return this.#endExtensionToken(byte);
        this.#extensionToken += 1;
        return true;
    }
  }

  /** After an extension's name or value. */
  #endExtensionToken(byte: number): boolean {
    const isValue = this.#step === STEP.EXTENSION_VALUE;
    if (this.#extensionToken === 0) {
      if (!isValue || byte !== QUOTE) return false;
      this.#step = STEP.QUOTED_TEXT;
      return true;
    }
    if (byte !== EQUALS || isValue) return this.#endExtension(byte);
    this.#step = STEP.EXTENSION_VALUE;
    this.#extensionToken = 0;
    return true;
  }

  #endExtension(byte: number): boolean {
    if (byte === CR) this.#step = STEP.SIZE_LF;
    else if (byte === SEMICOLON) {
      this.#step = STEP.EXTENSION_NAME;
      this.#extensionToken = 0;
    } else return false;
    return true;
  }
}
