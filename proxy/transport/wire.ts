// An open byte stream as the engines see it, plain or TLS: bytes are pushed in, output is pushed out, both without
// copies that can be avoided. How it is done on Node's sockets is the business of the files beside this one.
import type { Connection } from "./connection.ts";
import type { Output } from "./output.ts";

/** The most bytes that are delivered at once. */
export const LARGEST_READ: number = 64 * 1_024;

/** What happens on a wire. Calls never nest: none is made from inside a call of the owner's to the wire. */
export interface WireOwner {
  /** `bytes[0, end)` is new input, valid only during this call: the buffer is shared by all wires. */
  onBytes(bytes: Buffer, end: number): void;
  /** The peer will send no more. We may. */
  onEnd(): void;
  /** What {@link Wire.send} had to leave behind has been written; called only after it answered false. */
  onDrain(): void;
  /** The wire is closed, for whatever reason, our own `close` and `reset` included. Exactly once, and last. */
  onClose(): void;
}

export interface Wire {
  readonly connection: Connection;
  /** Whether it was closed or reset, by us or otherwise: from then on its owner hears nothing but `onClose`. */
  readonly closed: boolean;
  /** Bytes that were sent but not yet written; over TLS it may shrink by a whole write at a time only. */
  readonly pending: number;
  /** Starts reading. Input that was read before (a protocol was detected by it) is delivered first. */
  start(owner: WireOwner): void;
  /**
   * Sends all of `output` and empties it. False when the peer is behind: the bytes are kept, send no more until drained.
   * After `end` and when closed, nothing is sent and the answer is true.
   */
  send(output: Output): boolean;
  /** Stops and resumes reading; what is in the kernel stays there. */
  pause(): void;
  resume(): void;
  /** Ends our side once everything is written; the peer may go on sending. */
  end(): void;
  /** Closes both sides once everything is written. A peer that does not take it within 10 s is reset. */
  close(): void;
  /** Breaks off at once, with a TCP reset. */
  reset(): void;
}
