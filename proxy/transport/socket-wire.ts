// A wire on the documented parts of `net.Socket` alone: for every Node, at the price of a copy of all that is sent and a
// buffer for all that is read.
import { BaseWire } from "./base-wire.ts";
import type { Connection } from "./connection.ts";
import type { Output } from "./output.ts";
import { LARGEST_READ } from "./wire.ts";

/** What the socket had read before `start` is delivered as if it arrived afterwards. */
export class SocketWire extends BaseWire {
  protected readonly holdsBytes = false;

  constructor(connection: Connection) {
    super(connection);
    this.socket.on("drain", () => this.tellDrained());
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

  protected override open(): void {
    this.socket.on("data", (bytes: Buffer) => this.#read(bytes));
    if (this.paused) this.socket.pause();
    else this.socket.resume();
  }

  protected override stopReading(): void {
    this.socket.pause();
  }

  protected override startReading(): void {
    this.socket.resume();
  }

  /** The socket itself holds what was not delivered. */
  protected override deliverHeld(): void {
    // Nothing is held here.
  }

  protected override endWriting(): void {
    this.socket.end();
  }

  #read(bytes: Buffer): void {
    const end = Math.min(bytes.length, LARGEST_READ);
    this.deliver(bytes, end);
    // Only input that was put back can be longer.
    if (end < bytes.length && !this.closed) this.socket.unshift(bytes.subarray(end));
  }
}
