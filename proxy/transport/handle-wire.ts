// The fast wire. The socket stays the owner of its handle and does everything that happens once in a connection's life; only
// reading (into one buffer for the whole process) and writing (out of the memory where a message was composed) go past it.
import { TLSSocket } from "node:tls";
import { BaseWire } from "./base-wire.ts";
import type { Connection } from "./connection.ts";
import { HeldInput } from "./held-input.ts";
import {
  createWriteRequest,
  END_OF_FILE,
  readResult,
  type StreamHandle,
  type WriteRequest,
  wasLastWriteAsync,
} from "./node-internals.ts";
import type { Output, Surrendered } from "./output.ts";
import { LARGEST_READ } from "./wire.ts";
import { giveBack, WriteQueue } from "./write-queue.ts";

/** Shared by all wires: what was read is used up before the next read. Not from Node's pool, whose memory it would keep. */
const READ_BUFFER: Buffer = Buffer.allocUnsafeSlow(LARGEST_READ);
/** From how many bytes on a TLS wire says that the peer is behind: its writes are never done at once. */
const MOST_PENDING = 128 * 1_024;

/**
 * Has at most one write on its way, as TLS demands; what is sent meanwhile is queued and leaves together.
 * What the socket had read before `start` is delivered in a microtask, before anything else.
 */
export class HandleWire extends BaseWire {
  readonly #handle: StreamHandle;
  /** TLS has taken its copy when a write returns, but calls back only later; TCP is mostly done at once, or needs the memory. */
  readonly #isTls: boolean;
  readonly #held = new HeldInput();
  readonly #queue = new WriteQueue();
  #behind = false;
  /** Bytes of the write on its way, 0 when there is none. */
  #writing = 0;
  /** The memory it is written from, on TCP: a piece of this output, or what was queued. */
  #output: Output | undefined;
  #piece: Surrendered | undefined;
  #queued: Buffer | undefined;
  /** A write is being handed to Node at this moment. */
  #calling = false;
  /** Taken in turns: one that has just completed cannot be used before its callback is over. */
  #request: WriteRequest | undefined;
  #otherRequest: WriteRequest | undefined;

  constructor(connection: Connection, handle: StreamHandle) {
    super(connection);
    this.#handle = handle;
    this.#isTls = connection.socket instanceof TLSSocket;
  }

  get pending(): number {
    const writing =
      this.#writing === 0 || this.#isTls ? this.#writing : this.#handle.writeQueueSize;
    return writing + this.#queue.length;
  }

  protected get holdsBytes(): boolean {
    return !this.#held.isEmpty;
  }

  send(output: Output): boolean {
    const { length } = output;
    if (length === 0 || this.closed || this.ending) {
      output.length = 0;
      return true;
    }
    if (this.#writing > 0) {
      this.#queue.append(output.bytes, length);
      output.length = 0;
      return this.#isKeepingUp();
    }
    const isWritten = this.#write(output.view());
    output.length = 0;
    if (isWritten) return true;
    if (!this.#isTls) {
      this.#piece = output.surrender();
      this.#output = output;
    }
    return this.#isKeepingUp();
  }

  protected override open(): void {
    const handle = this.#handle;
    this.socket.pause();
    this.#held.takeFrom(this.socket);
    handle.onread = () => this.#read();
    handle.useUserBuffer(READ_BUFFER);
    if (this.paused) handle.readStop();
    else handle.readStart();
  }

  protected override stopReading(): void {
    this.#handle.readStop();
  }

  protected override startReading(): void {
    this.#handle.readStart();
  }

  protected override deliverHeld(): void {
    while (!this.paused && !this.closed) {
      const bytes = this.#held.next();
      if (bytes === undefined) return;
      this.deliver(bytes, bytes.length);
    }
  }

  protected override endWriting(): void {
    if (this.#writing === 0) this.socket.end();
  }

  #read(): void {
    const count = readResult();
    if (count > 0) {
      // Nobody takes what arrives while it closes. TLS goes on with what it has decrypted although it was told to stop.
      if (this.closed) return;
      if (this.paused || !this.#held.isEmpty) this.#held.keep(READ_BUFFER, count);
      else this.deliver(READ_BUFFER, count);
    } else if (count === END_OF_FILE) {
      this.inputEnded();
    } else if (count < 0) {
      this.broken();
    }
  }

  /** True when nothing of it is left to do. */
  #write(bytes: Buffer): boolean {
    const request = this.#request ?? this.#createRequest();
    this.#calling = true;
    const error = this.#handle.writeBuffer(request, bytes);
    this.#calling = false;
    if (error !== 0) {
      this.#breakLater();
      return true;
    }
    if (!wasLastWriteAsync()) {
      this.#request = request;
      return true;
    }
    this.#writing = bytes.length;
    this.#request = this.#otherRequest;
    this.#otherRequest = request;
    return false;
  }

  #createRequest(): WriteRequest {
    return createWriteRequest((status) => this.#written(status));
  }

  #breakLater(): void {
    this.closed = true;
    setImmediate(() => this.broken());
  }

  #isKeepingUp(): boolean {
    if (this.#isTls && this.#writing + this.#queue.length <= MOST_PENDING) return true;
    this.#behind = true;
    return false;
  }

  /** Node may say so from inside the write, if that fails at once, and would run the owner's callbacks there. */
  #written(status: number): void {
    if (this.#calling) {
      setImmediate(() => this.#written(status));
      return;
    }
    this.#writing = 0;
    this.#takeMemoryBack();
    if (this.socket.destroyed) {
      this.#queue.clear();
      return;
    }
    if (status < 0) {
      this.#queue.clear();
      this.broken();
      return;
    }
    if (this.#queue.length > 0 && !this.#writeQueue()) return;
    if (this.ending) {
      this.socket.end();
    } else if (this.#behind) {
      this.#behind = false;
      this.tellDrained();
    }
  }

  /** True when nothing of it is left to do. */
  #writeQueue(): boolean {
    const bytes = this.#queue.take();
    const isWritten = this.#write(bytes);
    if (isWritten || this.#isTls) giveBack(bytes);
    else this.#queued = bytes;
    return isWritten;
  }

  #takeMemoryBack(): void {
    if (this.#piece !== undefined) this.#output?.takeBack(this.#piece);
    this.#piece = undefined;
    this.#output = undefined;
    if (this.#queued !== undefined) giveBack(this.#queued);
    this.#queued = undefined;
  }
}
