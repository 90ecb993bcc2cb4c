// Drives the HTTP/1.1 engine without sockets: bytes in as they would arrive, bytes out as the other side would get them.
// Requests and responses are read, framed anew and written, one after another, as a sidecar does between two connections.
import { BodyReader } from "../../proxy/http1/body-reader.ts";
import { writeChunkEnd, writeChunkHead, writeLastChunk } from "../../proxy/http1/chunk-writer.ts";
import { FRAMING, type Framing, MessageHead, type Method } from "../../proxy/http1/message-head.ts";
import { methodOf } from "../../proxy/http1/methods.ts";
import { parseRequestHead } from "../../proxy/http1/parse-request.ts";
import { parseResponseHead } from "../../proxy/http1/parse-response.ts";
import { HEAD_LIMITS, REFUSED, type Violation } from "../../proxy/http1/violation.ts";
import {
  CONNECTION,
  type RequestEdit,
  type ResponseEdit,
  requestHeadRoom,
  responseHeadRoom,
  writeRequestHead,
  writeResponseHead,
} from "../../proxy/http1/write-head.ts";

/** What is filled in for a request without Host. */
export const DEFAULT_HOST = "origin.test";

/** For all that is written around a chunk. */
const CHUNK_ROOM = 32;

const EDIT: RequestEdit = {
  added: Buffer.alloc(0),
  forwardedFor: undefined,
  host: Buffer.from(DEFAULT_HOST),
  http2: false,
  timeLeft: undefined,
  trace: undefined,
};

/** One direction of a connection. */
abstract class Driver {
  protected readonly head: MessageHead = new MessageHead();
  readonly #body = new BodyReader();
  readonly #written: Buffer[] = [];
  #framing: Framing = FRAMING.NONE;
  #inBody = false;
  #input: Buffer = Buffer.alloc(0);
  #violation: Violation | undefined = undefined;
  /** No more messages are expected; what comes is not HTTP, or not asked for. */
  protected over = false;
  /** Whether the sender owes no message. */
  protected abstract readonly idle: boolean;

  /** Why the input was refused. */
  get violation(): Violation | undefined {
    return this.#violation;
  }

  /** What came out. */
  get output(): Buffer {
    return Buffer.concat(this.#written);
  }

  /** What has arrived and belongs to no message so far. */
  get rest(): Buffer {
    return this.#input;
  }

  /** Whether the input may end here: not within a message, unless its body ends with the connection. */
  get atEnd(): boolean {
    if (this.#inBody) return this.#framing === FRAMING.UNTIL_CLOSE;
    return this.over || (this.idle && this.#input.length === 0);
  }

  feed(bytes: Buffer): void {
    this.#input = Buffer.concat([this.#input, bytes]);
    while (this.#violation === undefined && this.#step());
  }

  /** Reads a head; the offset after it or a negative answer. */
  protected abstract parse(bytes: Buffer): number;
  protected abstract writeHead(): Buffer;
  /** The message that `head` began has ended. */
  protected abstract finished(): void;

  /** Takes one head or one piece of a body; false when more input is needed. */
  #step(): boolean {
    if (this.#inBody) return this.#takeBody();
    if (this.over || this.#input.length === 0) return false;
    const next = this.parse(this.#input);
    if (next < 0) {
      if (next === REFUSED) this.#violation = this.head.violation;
      return false;
    }
    this.#written.push(this.writeHead());
    this.#framing = this.head.framing;
    this.#body.begin(this.head.framing, this.head.contentLength);
    this.#inBody = !this.#body.done;
    if (this.#body.done) this.finished();
    this.#input = this.#input.subarray(next);
    return true;
  }

  #takeBody(): boolean {
    const body = this.#body;
    const input = this.#input;
    if (input.length === 0) return false;
    const next = body.read(input, 0, input.length);
    if (next === REFUSED) {
      this.#violation = body.violation;
      return false;
    }
    this.#writeData(input, body.dataStart, body.dataEnd);
    if (body.done) {
      this.#inBody = false;
      if (this.#framing === FRAMING.CHUNKED) this.#writeEnd();
      this.finished();
    }
    this.#input = input.subarray(next);
    return true;
  }

  #writeData(bytes: Buffer, start: number, end: number): void {
    if (start === end) return;
    const data = Buffer.from(bytes.subarray(start, end));
    if (this.#framing !== FRAMING.CHUNKED) {
      this.#written.push(data);
      return;
    }
    const room = Buffer.alloc(CHUNK_ROOM);
    const size = writeChunkHead(room, 0, data.length);
    const all = writeChunkEnd(room, size);
    this.#written.push(room.subarray(0, size), data, room.subarray(size, all));
  }

  #writeEnd(): void {
    const { trailers } = this.#body;
    const room = Buffer.alloc(CHUNK_ROOM + trailers.length);
    this.#written.push(room.subarray(0, writeLastChunk(room, 0, trailers)));
  }
}

/** From a caller to a destination. */
export class RequestDriver extends Driver {
  protected override readonly idle: boolean = true;

  protected override parse(bytes: Buffer): number {
    return parseRequestHead(this.head, bytes, 0, bytes.length, HEAD_LIMITS);
  }

  protected override writeHead(): Buffer {
    const room = Buffer.alloc(requestHeadRoom(this.head, EDIT));
    return room.subarray(0, writeRequestHead(room, 0, this.head, EDIT));
  }

  protected override finished(): void {
    this.over = this.head.upgrade || !this.head.persistent;
  }
}

/** From a destination, which was sent requests of these methods, to a caller. */
export class ResponseDriver extends Driver {
  protected override readonly idle: boolean = false;
  readonly #methods: readonly Method[];
  #answered = 0;

  constructor(methods: readonly string[]) {
    super();
    this.#methods = methods.map((text) => methodOf(Buffer.from(text), 0, text.length));
  }

  protected override parse(bytes: Buffer): number {
    const method = this.#methods[this.#answered] as Method;
    return parseResponseHead(this.head, bytes, 0, bytes.length, HEAD_LIMITS, method);
  }

  protected override writeHead(): Buffer {
    const { upgrade, framing } = this.head;
    const edit: ResponseEdit = {
      connection: upgrade ? CONNECTION.UPGRADE : CONNECTION.NONE,
      framing,
    };
    const room = Buffer.alloc(responseHeadRoom(this.head));
    return room.subarray(0, writeResponseHead(room, 0, this.head, edit));
  }

  protected override finished(): void {
    const { status, upgrade } = this.head;
    if (status < 200 && !upgrade) return;
    this.#answered += 1;
    this.over = upgrade || this.#answered === this.#methods.length;
  }
}
