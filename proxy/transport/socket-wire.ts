// A wire on the documented parts of `net.Socket` alone: for every Node, at the price of a copy of all that is sent and a
// buffer for all that is read.
import { BaseWire } from "./base-wire.ts";
import type { Connection } from "./connection.ts";
import type { Output } from "./output.ts";
import { LARGEST_READ } from "./wire.ts";

export class SocketWire extends BaseWire {
  #paused = false;
  #started = false;

  constructor(connection: Connection) {
    super(connection);
    this.socket.on("drain", () => this.#drained());
  }

  get pending(): number {
    return this.socket.writableLength;
  }

  send(output: Output): boolean {
    const { length } = output;
    if (length === 0 || this.closed || this.ending) {
      output.length = 0;
      return true;
    }
    const copy = Buffer.from(output.view());
    output.length = 0;
    return this.socket.write(copy);
  }

  pause(): void {
    this.#paused = true;
    if (!this.closed) this.socket.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#started && !this.closed) this.socket.resume();
  }

  protected override open(): void {
    const { socket } = this;
    this.#started = true;
    socket.on("data", (bytes: Buffer) => this.#read(bytes));
    if (socket.readableEnded) queueMicrotask(() => this.#ended());
    else socket.once("end", () => this.#ended());
    if (this.#paused) socket.pause();
    else socket.resume();
  }

  protected override endWriting(): void {
    this.socket.end();
  }

  protected override discardInput(): void {
    this.socket.resume();
  }

  protected override hasEnded(): boolean {
    return this.socket.readableEnded;
  }

  #read(bytes: Buffer): void {
    const { owner } = this;
    if (this.closed || owner === undefined) return;
    const end = Math.min(bytes.length, LARGEST_READ);
    try {
      owner.onBytes(bytes, end);
    } catch (error) {
      this.failed(error);
    }
    if (end < bytes.length && !this.closed) this.socket.unshift(bytes.subarray(end));
  }

  #ended(): void {
    const { owner } = this;
    if (!this.closed && owner !== undefined) {
      try {
        owner.onEnd();
      } catch (error) {
        this.failed(error);
      }
    }
    this.inputEnded();
  }

  #drained(): void {
    const { owner } = this;
    if (this.closed || this.ending || owner === undefined) return;
    try {
      owner.onDrain();
    } catch (error) {
      this.failed(error);
    }
  }
}
