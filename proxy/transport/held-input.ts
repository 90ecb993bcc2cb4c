// Input that arrived while nobody wanted it: before a wire was started, or because TLS had more decrypted already when it
// was paused. Rarely used, and never holds more than a few reads.
import type { Socket } from "node:net";
import { LARGEST_READ } from "./wire.ts";

export class HeldInput {
  readonly #pieces: Buffer[] = [];

  get isEmpty(): boolean {
    return this.#pieces.length === 0;
  }

  /** Keeps a copy of `bytes[0, end)`. */
  keep(bytes: Buffer, end: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(0, end)));
  }

  /** Takes over what the socket has read by itself. */
  takeFrom(socket: Socket): void {
    while (socket.readableLength > 0) {
      const bytes = socket.read() as Buffer | null;
      if (bytes === null) return;
      for (let at = 0; at < bytes.length; at += LARGEST_READ) {
        this.#pieces.push(bytes.subarray(at, at + LARGEST_READ));
      }
    }
  }

  /** The oldest piece, at most {@link LARGEST_READ} long, or undefined when there is none. */
  next(): Buffer | undefined {
    return this.#pieces.shift();
  }
}
