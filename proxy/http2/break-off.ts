// Ending a stream early. Node's `close(code)` ends the sending side first, and what was cut short would arrive as complete;
// destroying a stream does not, but takes the code from the kind of error.
import type { Http2Stream } from "node:http2";
import { addAbortSignal } from "node:stream";

const ABORTED = AbortSignal.abort();

/** Resets it with CANCEL: nobody is interested any more. */
export function cancelStream(stream: Http2Stream): void {
  if (!stream.destroyed) addAbortSignal(ABORTED, stream);
}

/** Resets it with INTERNAL_ERROR: what was promised cannot be kept. */
export function breakOffStream(stream: Http2Stream): void {
  stream.destroy(new Error("the message broke off"));
}
