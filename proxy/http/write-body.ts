// A piece of a body as it goes onto an HTTP/1.1 connection, in either direction.
import { writeChunkEnd, writeChunkHead, writeLastChunk } from "../http1/chunk-writer.ts";
import { FRAMING, type Framing } from "../http1/message-head.ts";
import type { Output } from "../transport/output.ts";
import type { Ending } from "./streams.ts";

/** Appends it, in a chunk of its own where the framing wants that, and the body's end if it ends. */
export function writeBody(
  output: Output,
  framing: Framing,
  bytes: Buffer,
  start: number,
  end: number,
  ending: Ending,
): void {
  if (framing !== FRAMING.CHUNKED) {
    output.append(bytes, start, end);
    return;
  }
  if (end > start) {
    output.length = writeChunkHead(output.bytes, output.length, end - start);
    output.append(bytes, start, end);
    output.length = writeChunkEnd(output.bytes, output.length);
  }
  if (ending !== undefined) {
    output.length = writeLastChunk(output.bytes, output.length, ending);
  }
}
