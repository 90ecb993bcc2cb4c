// The engine sends both outputs of a command through one stream, in frames: one byte for which (1 standard output, 2
// standard error), three zero bytes, four for the length, then the text.
import type { Readable } from "node:stream";

export interface ExecOutput {
  readonly standardOutput: string;
  readonly standardError: string;
}

const HEADER = 8;
const STANDARD_ERROR = 2;

/** Both outputs, when the stream has ended. A last frame that was cut short counts as far as it came. */
export async function readExecOutput(stream: Readable): Promise<ExecOutput> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const output: Buffer[] = [];
  const error: Buffer[] = [];
  for (let at = 0; at + HEADER <= bytes.length; ) {
    const end = at + HEADER + bytes.readUInt32BE(at + 4);
    const target = bytes[at] === STANDARD_ERROR ? error : output;
    target.push(bytes.subarray(at + HEADER, end));
    at = end;
  }
  return { standardOutput: join(output), standardError: join(error) };
}

function join(parts: readonly Buffer[]): string {
  return Buffer.concat(parts).toString("utf8");
}
