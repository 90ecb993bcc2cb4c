// The engine sends both outputs of a command through one stream, in frames: one byte for which (1 standard output, 2
// standard error), three zero bytes, four for the length, then the text.
import type { Readable } from "node:stream";

export interface ExecOutput {
  readonly standardOutput: string;
  readonly standardError: string;
}

/** A part of a frame, as it came. */
export interface ExecChunk {
  readonly isError: boolean;
  readonly bytes: Buffer;
}

const HEADER = 8;
const STANDARD_ERROR = 2;

/** Both outputs, when the stream has ended. A last frame that was cut short counts as far as it came. */
export async function readExecOutput(stream: Readable): Promise<ExecOutput> {
  const output: Buffer[] = [];
  const error: Buffer[] = [];
  for await (const { isError, bytes } of readExecChunks(stream))
    (isError ? error : output).push(bytes);
  return { standardOutput: join(output), standardError: join(error) };
}

/** The outputs as they come. Keeps no more than a frame's header. */
export async function* readExecChunks(
  stream: Readable,
): AsyncGenerator<ExecChunk, void, undefined> {
  let begun = Buffer.alloc(0);
  let isError = false;
  let left = 0;
  for await (const chunk of stream) {
    let bytes = Buffer.concat([begun, chunk as Buffer]);
    while (left > 0 ? bytes.length > 0 : bytes.length >= HEADER) {
      if (left > 0) {
        const part = bytes.subarray(0, left);
        left -= part.length;
        bytes = bytes.subarray(part.length);
        yield { isError, bytes: part };
      } else {
        isError = bytes[0] === STANDARD_ERROR;
        left = bytes.readUInt32BE(4);
        bytes = bytes.subarray(HEADER);
      }
    }
    begun = bytes;
  }
}

function join(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString("utf8");
}
