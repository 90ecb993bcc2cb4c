// What all callers' connections share, and how long they may take for what.
import type { Drain } from "../../mesh/drain.ts";
import type { Deadlines } from "../transport/deadlines.ts";
import type { Output } from "../transport/output.ts";
import type { Exchanges } from "./exchanges.ts";

/** Milliseconds; each bounds what a caller can hold without giving. */
export interface CallerTimeouts {
  /** From the first byte of a request until its head is complete. */
  readonly head: number;
  /** Without a byte of a body that is wanted. */
  readonly body: number;
  /** Without a byte taken of a response. */
  readonly write: number;
  /** Between two requests, and before the first. Longer than any pool of ours keeps a connection. */
  readonly idle: number;
  /** After the caller's end of a connection, for the response that it may still be waiting for. */
  readonly halfClosed: number;
}

export const CALLER_TIMEOUTS: CallerTimeouts = {
  head: 10_000,
  body: 60_000,
  write: 60_000,
  idle: 65_000,
  halfClosed: 1_000,
};

export interface CallerSurroundings {
  readonly output: Output;
  readonly deadlines: Deadlines;
  readonly exchanges: Exchanges;
  readonly timeouts: CallerTimeouts;
  /** Held while a caller has not taken all of its response. */
  readonly drain: Drain;
}
